"""One thing that was looked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tsalab.errors import TsalabError
from tsalab.messages import say

Tell = Callable[[str, str], None]
"""Told the name of a check, and ``running`` or how it ended, as it happens; from any thread."""


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Parameters
    ----------
    name
        What.
    ok
        Whether the lab can run with it as it is.
    saw
        What is there. Never a secret.
    fix
        What mends it; empty when nothing needs mending.
    """

    name: str
    ok: bool
    saw: str
    fix: str = ""

    @property
    def label(self) -> str:
        """What a person calls it."""
        return say(f"preflight.name.{self.name}")


def look(name: str, check: Callable[[], Finding], tell: Tell) -> Finding:
    """Run one check; what it could not read is a finding too, with the error's own fix."""
    label = say(f"preflight.name.{name}")
    tell(label, say("preflight.running"))
    try:
        found = check()
    except TsalabError as error:
        found = Finding(name, False, f"{error.what} {error.why}", error.next_step)
    tell(label, say("preflight.ok" if found.ok else "preflight.amiss"))
    return found
