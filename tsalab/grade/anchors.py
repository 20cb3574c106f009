"""Since when a step has been done, as a ledger tells it.

Some steps leave a trace of their own (an upload, a push, a database that stops). The others
were done by the next one that does: a template was finished before it was uploaded. So a
moment is never earlier than the step was done, and what was done once more counts from then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from tsalab.course import LAB
from tsalab.grade.shipped import StepId
from tsalab.ledger import Bundle, Entry


def _upload(entry: Entry) -> bool:
    trigger = entry.facts.get("trigger")
    by_upload = isinstance(trigger, str) and trigger.endswith(".zip")
    return entry.what == "pipeline" and entry.facts.get("status") == "Started" and by_upload


def _pushed(entry: Entry) -> bool:
    return entry.what == "branch"


def _app(entry: Entry) -> bool:
    return entry.what == "app" and bool(entry.facts.get("running"))


def _database_stopped(entry: Entry) -> bool:
    on_web_server = str(entry.facts.get("server")).startswith("i-")  # an instance's; a cluster may pause
    return entry.what == "database" and entry.facts.get("state") == "stopped" and on_web_server


# The steps that leave a trace of their own, in order; what it looks like depends on the upload.
_OWN = (8, 9, 24, 28, 29)


def _traces(entries: Sequence[Entry]) -> dict[int, datetime]:
    upload = _last(entries, _upload)

    def deployed(entry: Entry) -> bool:
        succeeded = entry.what == "pipeline" and entry.facts.get("status") == "Succeeded"
        return succeeded and upload is not None and entry.facts.get("name") == upload.facts.get("name")

    kinds = (_upload, deployed, _pushed, _app, _database_stopped)
    found = {step: _last(entries, is_trace) for step, is_trace in zip(_OWN, kinds, strict=True)}
    return {step: entry.time for step, entry in found.items() if entry}


def _last(entries: Sequence[Entry], is_trace: Callable[[Entry], bool]) -> Entry | None:
    return next((entry for entry in reversed(entries) if is_trace(entry)), None)


def became_true(bundle: Bundle) -> dict[StepId, datetime]:
    """The latest moment since when each of the lab's steps can have been done.

    Parameters
    ----------
    bundle
        A ledger that holds.
    """
    traces = _traces(bundle.entries)
    return {step.id: _by(int(step.id), traces) or bundle.sealed for step in LAB.steps}


def _by(step: int, traces: Mapping[int, datetime]) -> datetime | None:
    """The first trace at or after a step; the last step, which only looks, was done with those before it."""
    after = [traces[one] for one in sorted(traces) if one >= step]
    if after:
        return after[0]
    return max(traces.values(), default=None) if step > max(_OWN) else None
