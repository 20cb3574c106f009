"""Since when a step has been done: by what happened, and by nothing that only looks like it."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.ledger import genuine
from tsalab.grade.anchors import became_true
from tsalab.ledger import Entry, read

HOUR = timedelta(hours=1)


def since(tmp_path: Path, *more: tuple[str, dict[str, Any]], without: str = "") -> dict[Any, datetime]:
    """Moments of a lab of half an hour, after which other things happened, an hour apart."""
    bundle = read(genuine.ledger(tmp_path, None), "here")
    later = [Entry(genuine.BEGAN + HOUR * n, what, facts) for n, (what, facts) in enumerate(more, start=1)]
    entries = [entry for entry in bundle.entries if entry.what != without]
    return became_true(type(bundle)(**{**vars(bundle), "entries": (*entries, *later)}))


def minutes(found: dict[Any, datetime]) -> dict[Any, float]:
    return {step: (moment - genuine.BEGAN).total_seconds() / 60 for step, moment in found.items()}


def test_steps_are_dated_by_the_next_trace(tmp_path: Path) -> None:
    found = minutes(since(tmp_path))
    assert [found[step] for step in (1, 8, 9, 10, 24, 25, 28, 29, 30)] == [7, 7, 8, 23, 23, 27, 27, 28, 28]


def test_what_happens_anyway_dates_nothing(tmp_path: Path) -> None:
    """A cluster that pauses, another pipeline, an app that stops, and the calls of a look."""
    found = since(
        tmp_path,
        ("database", {"server": "tsagallery-database-cluster", "state": "stopped"}),
        ("pipeline", {"name": "Other", "execution": "2", "status": "Started", "trigger": "CloudFormation"}),
        ("pipeline", {"name": "Other", "execution": "2", "status": "Succeeded", "sources": {}}),
        ("app", {"machine": "i-1", "running": []}),
        ("call", {"action": "s3:GetObject", "status": 200}),
    )
    assert found == since(tmp_path)


def test_what_is_done_once_more_counts_from_then(tmp_path: Path) -> None:
    pushed = ("branch", {"repository": "TSAGallery-API", "branch": "master", "commit": "d" * 40})
    found = minutes(since(tmp_path, pushed))
    assert (found[9], found[10], found[24]) == (8, 60, 60)


def test_without_any_trace_the_seal_dates(tmp_path: Path) -> None:
    found = minutes(since(tmp_path, without="pipeline"))
    assert found[9] == 23
    bundle = read(genuine.ledger(tmp_path, None), "here")
    bare = type(bundle)(**{**vars(bundle), "entries": ()})
    assert set(became_true(bare).values()) == {bundle.sealed}
