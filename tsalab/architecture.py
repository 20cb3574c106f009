"""The parts of the lab's architecture, and the states a part can be in: data, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import Enum
from typing import Self

from tsalab.messages import say


class State(Enum):
    """What a part is, as far as a picture tells it; the value is the word's id."""

    ABSENT = "absent"
    CREATING = "creating"
    """Being created, changed or deleted: on its way to another state."""
    AVAILABLE = "available"
    PAUSED = "paused"
    """There and intact, but at rest: a paused cluster, a stopped database or machine."""
    FAILED = "failed"
    UNKNOWN = "unknown"
    """It could not be read; the detail says why."""


# In the order in which a person reads them: how the template arrives, what it makes, how the site is seen.
PARTS = (
    "data-bucket",
    "bootstrap-pipeline",
    "stack",
    "vpc",
    "public-subnet-a",
    "public-subnet-b",
    "private-subnet-a",
    "private-subnet-b",
    "web-server",
    "mariadb",
    "cluster",
    "secret",
    "api-repository",
    "spa-repository",
    "spa-pipeline",
    "spa",
    "distribution",
)

# Names of resources in the two templates, which the lab's text and the later labs use.
BOOTSTRAP = {"StackData": "data-bucket", "Pipeline": "bootstrap-pipeline"}
GALLERY = {
    "VPC": "vpc",
    "PublicSubnetA": "public-subnet-a",
    "PublicSubnetB": "public-subnet-b",
    "PrivateSubnetA": "private-subnet-a",
    "PrivateSubnetB": "private-subnet-b",
    "WebServer": "web-server",
    "DatabaseCluster": "cluster",
    "DatabaseSecret": "secret",
    "SPAPipeline": "spa-pipeline",
    "CFDistribution": "distribution",
}


@dataclass(frozen=True)
class Part:
    """One part of the architecture as it is.

    Parameters
    ----------
    id
        Of `PARTS`.
    state
        What it is.
    word
        A narrower word than the state's own: "deleting", "stopped".
    detail
        More, in a few words; why, where it is unknown or failed.
    since
        When it came to be, where AWS says so.
    units
        Capacity units at least in use, of what is paid by them.
    """

    id: str
    state: State
    word: str = ""
    detail: str = ""
    since: datetime | None = None
    units: float = 0

    @property
    def name(self) -> str:
        """What it is called."""
        return say(f"architecture.part.{self.id}")

    @property
    def status(self) -> str:
        """The state as a word."""
        return say(f"architecture.state.{self.word or self.state.value}")


def of_stack_status(status: str) -> tuple[State, str]:
    """State, and word, that CloudFormation's status of a resource or of a stack means."""
    if status in {"", "DELETE_COMPLETE", "REVIEW_IN_PROGRESS"}:
        return State.ABSENT, ""
    if status.endswith("IN_PROGRESS"):
        if "ROLLBACK" in status:
            return State.CREATING, "rolling-back"
        return State.CREATING, {"DELETE": "deleting", "UPDATE": "updating"}.get(status.partition("_")[0], "")
    if status.endswith("_FAILED") or status == "ROLLBACK_COMPLETE":
        return State.FAILED, ""
    if status == "UPDATE_ROLLBACK_COMPLETE":
        return State.AVAILABLE, "rolled-back"
    return State.AVAILABLE, ""


@dataclass(frozen=True)
class Overview:
    """The whole architecture at one moment.

    Parameters
    ----------
    parts
        By id; every one of `PARTS` is there.
    looked
        When the state was read.
    seconds
        How long reading took.
    """

    parts: Mapping[str, Part]
    looked: datetime
    seconds: float = field(default=0, compare=False)

    @classmethod
    def of(cls, parts: Iterable[Part], looked: datetime, seconds: float = 0) -> Self:
        """An overview of what was read; what was not is unknown."""
        known = {part.id: part for part in parts}
        whole = {name: known.get(name) or Part(name, State.UNKNOWN) for name in PARTS}
        return cls(whole, looked, seconds)

    def with_part(self, part: Part) -> Self:
        """The same with one part as it is now; the same object when it is so already."""
        if part == self.parts[part.id]:
            return self
        return replace(self, parts={**self.parts, part.id: part}, looked=datetime.now(UTC))

    def after_event(self, logical_id: str, status: str, reason: str) -> Self:
        """The same after a stack's event; resources that are no part of the picture change nothing.

        Parameters
        ----------
        logical_id
            The resource's name in the template; ``""`` for the gallery's stack itself.
        status, reason
            CloudFormation's words.
        """
        name = ({"": "stack"} | GALLERY | BOOTSTRAP).get(logical_id)
        if name is None:
            return self
        state, word = of_stack_status(status)
        if word == "updating" and self.parts[name].state is State.ABSENT:
            word = ""  # what an update brings is created, however the event is called
        detail = reason if state is State.FAILED else ""
        changed = replace(self.parts[name], state=state, word=word, detail=detail)
        return self.with_part(changed)

    def changes(self, before: Self) -> list[tuple[Part, Part]]:
        """Parts whose state differs, as they were and as they are."""
        pairs = [(before.parts[name], self.parts[name]) for name in PARTS]
        return [(then, now) for then, now in pairs if (then.state, then.word) != (now.state, now.word)]

    def sentence(self) -> str:
        """All states in one sentence, for who cannot see the picture."""
        by_status: dict[str, list[str]] = {}
        for part in self.parts.values():
            by_status.setdefault(part.status, []).append(part.name)
        listed = "; ".join(f"{status}: {', '.join(names)}" for status, names in by_status.items())
        return say("architecture.sentence", states=listed)

    def to_json(self) -> dict[str, object]:
        """Words and a time, without what may be long: to be kept as "before"."""
        return {
            "looked": self.looked.isoformat(),
            "parts": {part.id: [part.state.value, part.word] for part in self.parts.values()},
        }

    @classmethod
    def from_json(cls, data: Mapping[str, object]) -> Self:
        """What `to_json` made.

        Raises
        ------
        ValueError, TypeError, KeyError
            When it is something else.
        """
        parts = data["parts"]
        if not isinstance(parts, dict):
            raise TypeError("parts is no mapping")
        known = [Part(name, State(state), word) for name, (state, word) in parts.items() if name in PARTS]
        return cls.of(known, datetime.fromisoformat(str(data["looked"])))
