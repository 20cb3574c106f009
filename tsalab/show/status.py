"""A status as a person sees it: the word, an icon and a tint, so never colour alone."""

from __future__ import annotations

from dataclasses import dataclass

GREEN = "rgba(46, 160, 67, 0.18)"
RED = "rgba(248, 81, 73, 0.18)"
GREY = "rgba(128, 128, 128, 0.12)"
YELLOW = "rgba(210, 153, 34, 0.20)"


@dataclass(frozen=True)
class Status:
    """How a status looks.

    Parameters
    ----------
    icon
        One character, drawn by every text font (none of them is an emoji).
    tint
        A see-through background colour.
    begun, ended
        Whether it says that something has begun, and that it has ended.
    """

    icon: str
    tint: str
    begun: bool = True
    ended: bool = False


WAITING = Status("○", GREY, begun=False)
RUNNING = Status("◐", YELLOW)
DONE = Status("✓", GREEN, ended=True)
FAILED = Status("✗", RED, ended=True)
OTHER = Status("•", GREY)

# Looked for in this order: a rollback that is complete is still a failure.
_SIGNS = (
    (FAILED, ("fail", "rollback", "stopped", "cancelled", "not ok", "different", "amiss")),
    (WAITING, ("notstarted", "not started", "waiting")),
    (RUNNING, ("progress", "running", "stopping", "creating", "deleting", "review")),
    (DONE, ("complete", "succeeded", "done", "passed", "available", "ok")),
)


def status_of(word: str) -> Status:
    """How a word looks: ours (``running``), the pipeline's or CloudFormation's.

    Parameters
    ----------
    word
        In any case. One that nobody knows is shown as it is, with a neutral icon.
    """
    known = word.lower()
    return next((status for status, signs in _SIGNS if any(sign in known for sign in signs)), OTHER)
