"""Since when a step has been done, as a ledger tells it.

Some steps leave a trace of their own (an upload, a push, a database that stops). The others
were done by the next one that does: a template was finished before it was uploaded. So a
moment is never earlier than the step was done, and what was done once more counts from then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from tsalab.course import LAB
from tsalab.grade.shipped import StepId
from tsalab.ledger import Bundle, Entry


def _upload(entry: Entry) -> bool:
    trigger = entry.facts.get("trigger")
    by_upload = isinstance(trigger, str) and trigger.endswith(".zip")
    return entry.what == "pipeline" and entry.facts.get("status") == "Started" and by_upload


def _deployed(entry: Entry) -> bool:
    return entry.what == "pipeline" and entry.facts.get("status") == "Succeeded"


def _pushed(entry: Entry) -> bool:
    return entry.what == "branch"


def _app(entry: Entry) -> bool:
    return entry.what == "app" and bool(entry.facts.get("running"))


def _database_stopped(entry: Entry) -> bool:
    return entry.what == "database" and entry.facts.get("state") == "stopped"


# The steps that leave a trace of their own, in order.
_TRACES: Mapping[int, Callable[[Entry], bool]] = {
    8: _upload,
    9: _deployed,
    24: _pushed,
    28: _app,
    29: _database_stopped,
}


def became_true(bundle: Bundle) -> dict[StepId, datetime]:
    """The latest moment since when each of the lab's steps can have been done.

    Parameters
    ----------
    bundle
        A ledger that holds. What its sealing itself did counts for nothing.
    """
    entries = [entry for entry in bundle.entries if entry.what not in {"sealing", "judged"}]
    traces: dict[int, datetime] = {}
    for step, is_trace in _TRACES.items():
        found = [entry.time for entry in entries if is_trace(entry)]
        if found:
            traces[step] = found[-1]
    return {step.id: _by(int(step.id), traces) or bundle.sealed for step in LAB.steps}


def _by(step: int, traces: Mapping[int, datetime]) -> datetime | None:
    """The first trace at or after a step; the last step, which only looks, was done with those before it."""
    after = [traces[one] for one in sorted(traces) if one >= step]
    if after:
        return after[0]
    return max(traces.values(), default=None) if step > max(_TRACES) else None
