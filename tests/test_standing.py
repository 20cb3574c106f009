"""Where the learner stands, by the journal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tsalab import standing
from tsalab.records import Journal, Record, utc_now


def journal(folder: Path, *rows: tuple[int | str, str, Any]) -> Journal:
    found = Journal(folder / "journal.jsonl")
    for step, status, kind in rows:
        now = utc_now()
        given: dict[str, Any] = {"section": "s", "title": "t", "saw": "a", "expected": "b", "next": "Do it."}
        found.append(
            Record.new(run="n", step=step, status=status, kind=kind, started=now, ended=now, **given)  # type: ignore[arg-type]
        )
    return found


def test_the_last_outcome_of_a_step_counts(tmp_path: Path) -> None:
    found = journal(
        tmp_path, (1, "passed", "step"), (2, "passed", "step"), (2, "failed", "step"), (3, "failed", "step")
    )
    assert standing.done(found) == {1}
    step = standing.following(found)
    assert step is not None
    assert step.id == 2


def test_a_reset_takes_back_what_follows_and_a_hint_nothing(tmp_path: Path) -> None:
    rows: list[tuple[int | str, str, Any]] = [(n, "passed", "step") for n in range(1, 31)]
    found = journal(tmp_path, *rows, ("cleanup-1", "passed", "step"), (3, "passed", "hint"))
    assert standing.following(found) is None
    assert "30 of 30" in str(standing.told(found))
    found = journal(tmp_path, (15, "passed", "reset"), (15, "passed", "step"))
    assert standing.done(found) == set(range(1, 16))
    said = str(standing.told(found))
    assert "15 of 30" in said
    assert "Update the application to use the Aurora database" in said
    assert 'Step 16, Make room in config.js: lab.code.edit("config-make-room")' in said


def test_a_reset_that_did_not_end_is_said(tmp_path: Path) -> None:
    found = journal(tmp_path, (1, "passed", "step"))
    standing.begin_reset(tmp_path, 14)
    assert "lab.reset(to=14, yes=True)" in str(standing.told(found))
    standing.end_reset(tmp_path)
    assert "lab.reset" not in str(standing.told(found))
    (tmp_path / "reset.json").write_text("{")  # cut short by a full disk
    assert standing.unfinished_reset(tmp_path) is None
