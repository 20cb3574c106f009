"""Events of a stack as they come, and what stays of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from tsalab.messages import say
from tsalab.show.parts import Part, details, table
from tsalab.show.status import status_of


class EventLike(Protocol):
    """What is shown of an event."""

    @property
    def time(self) -> str:
        """When, as ISO 8601."""

    @property
    def resource(self) -> str:
        """The resource's name in the template."""

    @property
    def type(self) -> str:
        """What kind of thing it is."""

    @property
    def status(self) -> str:
        """CloudFormation's word."""

    @property
    def reason(self) -> str:
        """Why, where CloudFormation says it."""


@dataclass(frozen=True)
class Event:
    """An event, without the secrets that one may quote."""

    time: str
    resource: str
    type: str
    status: str
    reason: str


def events(known: Sequence[EventLike]) -> Part:
    """Events as a table, oldest first."""
    rows = [
        (e.time[11:19], f"{status_of(e.status).icon} {e.status}", e.resource, e.type, e.reason) for e in known
    ]
    headings = [
        say(f"show.events.heading.{name}") for name in ("time", "status", "resource", "type", "reason")
    ]
    return table(rows, headings, shade=[status_of(event.status).tint for event in known])


def folded(known: Sequence[EventLike]) -> Part:
    """What stays of events: a line that unfolds; one that tells of a failure is unfolded."""
    failed = any(event.status.endswith("FAILED") for event in known)
    return details(say("show.events.count", count=len(known)), events(known), unfolded=failed)
