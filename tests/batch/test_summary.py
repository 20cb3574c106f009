"""What comes out: nothing is calculated by a spreadsheet, nothing runs in a page."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from tsalab.batch.board import Board
from tsalab.batch.job import Job, Result, StepResult, read_result
from tsalab.batch.summary import Summary

EVIL = '=HYPERLINK("http://x")<script>alert(1)</script>'


def job(learner: str, folder: str) -> Job:
    return Job(learner, folder, "lab4.ipynb", "{}", {}, "")


def result(of: Job, steps: int, reason: str = "") -> Result:
    done = {str(n): StepResult("passed", 0.1) for n in range(1, steps + 1)}
    status = "failed" if reason else "passed"
    return Result(of.learner, of.folder, of.notebook, status, reason, done, 4.0, {"up": 1.0}, of.digest)


def test_the_summary_is_harmless_and_says_how_each_fared(tmp_path: Path) -> None:
    ada, evil, absent = job("Ada", "ada"), job(EVIL, "evil"), job("Eve", "eve")
    results = {"ada": result(ada, 30), "evil": result(evil, 13, "-1+1 <img src=x>")}
    summary = Summary("b", (ada, evil, absent), results)
    summary.write(tmp_path)
    assert (summary.passed, summary.complete) == (1, False)
    with (tmp_path / "summary.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["status"] for row in rows] == ["passed", "failed", "not-run"]
    assert rows[1]["learner"] == f"'{EVIL}"
    assert rows[1]["reason"].startswith("'-1")
    page = (tmp_path / "summary.html").read_text(encoding="utf-8")
    for absent_text in ("<script", "<img"):
        assert absent_text not in page
    assert 'href="learners/ada/lab4.html"' in page
    assert 'href="learners/eve' not in page
    learners = json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))["learners"]
    assert [(row["passed"], row["of"]) for row in learners] == [(30, 30), (13, 30), (0, 30)]
    assert [section["passed"] for section in learners[1]["sections"]][:2] == [9, 4]


def test_a_result_is_read_as_it_was_written_or_not_at_all(tmp_path: Path) -> None:
    kept = result(job("Ada", "ada"), 2)
    file = tmp_path / "result.json"
    assert read_result(file) is None
    file.write_text(json.dumps(kept.to_json()))
    assert read_result(file) == kept
    for broken in ("", "[]", "{}", '{"steps": {"1": 3}}', "\x00"):
        file.write_text(broken)
        assert read_result(file) is None


def test_the_board_counts_sections_and_time() -> None:
    now = 0.0
    ada, bob = job("Ada", "ada"), job("Bob", "bob")
    board = Board([ada, bob], lambda: 1, lambda: now)
    assert board.left() is None
    board.event("ada", {"state": "lab"})
    board.event("ada", {"step": "1", "status": "passed"})
    board.event("ada", {"step": "10", "status": "failed"})
    assert [board.rows["ada"].section(n) for n in (0, 1)] == [(1, 9, False), (0, 5, True)]
    board.result(result(ada, 9, "Step 10"))
    assert (board.passed, board.failed, board.left()) == (0, 1, 4.0)
    board.event("bob", {"state": "sandbox"})
    now = 3.0
    assert board.left() == 1.0
    board.result(result(bob, 30))
    assert (board.passed, board.failed, board.left()) == (1, 1, 0.0)
