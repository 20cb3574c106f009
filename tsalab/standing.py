"""Where the learner stands, by the journal: which steps are done, and which is next.

A step counts as done when its last record passed and no reset has gone back over it since.
What is done by hand and was never checked is not in the journal; `Lab.check` sees it.
"""

from __future__ import annotations

import json
from pathlib import Path

from tsalab.course import LAB, Step
from tsalab.files import replace_bytes
from tsalab.messages import say
from tsalab.records import Journal


def done(journal: Journal) -> set[int]:
    """Numbers of the steps that are done."""
    found: set[int] = set()
    for record in journal.records:
        if not isinstance(record.step, int):
            continue
        if record.kind == "reset":
            found = {step for step in found if step < record.step}
        elif record.kind == "step" and record.passed:
            found.add(record.step)
        elif record.kind == "step":
            found.discard(record.step)
    return found


def following(journal: Journal) -> Step | None:
    """The first step that is not done, or None."""
    passed = done(journal)
    return next((step for step in LAB.steps if step.id not in passed), None)


def told(journal: Journal) -> dict[str, object]:
    """Where the learner is and what is next, as names with values."""
    step = following(journal)
    said: dict[str, object] = {
        say("standing.label.done"): say("standing.source", done=len(done(journal)), all=len(LAB.steps))
    }
    if to := unfinished_reset(journal.path.parent):
        said[say("standing.label.reset")] = say("standing.interrupted", to=to)
    if step is None:
        return said | {say("standing.label.next"): say("standing.all_done")}
    return said | {
        say("standing.label.where"): step.section,
        say("standing.label.next"): say("standing.next", step=step.id, title=step.title, call=step.call),
    }


def _marker(folder: Path) -> Path:
    return folder / "reset.json"


def unfinished_reset(folder: Path) -> int | None:
    """The step that a reset was on its way to when it ended before its time."""
    try:
        return int(json.loads(_marker(folder).read_bytes())["to"])
    except (FileNotFoundError, ValueError, KeyError):
        return None


def begin_reset(folder: Path, to: int) -> None:
    """Note that a reset is under way, so that a killed kernel cannot hide it."""
    folder.mkdir(parents=True, exist_ok=True)
    replace_bytes(_marker(folder), json.dumps({"to": to}).encode())


def end_reset(folder: Path) -> None:
    """Note that it has come to its end."""
    _marker(folder).unlink(missing_ok=True)
