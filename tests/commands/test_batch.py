"""``tsalab batch`` as a person meets it: the table on a terminal, lines elsewhere, wrong uses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from tests.commands.conftest import Tsalab
from tsalab.batch.board import Board
from tsalab.batch.job import Job, Result, StepResult
from tsalab.commands.roll import Roll

ADA = Job("<b>Ada</b> [red]", "ada", "lab4.ipynb", "{}", {}, "")
BOB = Job("Bob", "bob", "lab4.ipynb", "{}", {}, "")


def told(path: Path, *, terminal: bool) -> str:
    board = Board([ADA, BOB], lambda: 2)
    steps = {"1": StepResult("passed", 1.0)}
    failed = Result("Bob", "bob", BOB.notebook, "failed", "Step 2: it is not there", steps, 2, {}, "")
    with path.open("w") as file:
        console = Console(file=file, force_terminal=terminal, width=120, height=20, color_system=None)
        with Roll(console) as roll:
            board.event("ada", {"state": "lab"})
            for step in range(1, 11):
                board.event("ada", {"step": str(step), "status": "passed"})
                roll.changed(board, "ada", {"step": str(step), "status": "passed"})
            board.result(failed)
            roll.changed(board, "bob", {"status": "failed", "kept": False})
    return path.read_text()


def test_a_terminal_gets_learners_by_sections(tmp_path: Path) -> None:
    screen = told(tmp_path / "screen", terminal=True)
    ada = next(line for line in reversed(screen.splitlines()) if "<b>Ada</b> [red]" in line)
    assert "9/9" in ada
    assert "1/5" in ada
    assert "in the lab" in ada
    assert "0 passed, 1 not, of 2; about 0 min" in screen


def test_elsewhere_each_end_is_a_line(tmp_path: Path) -> None:
    lines = told(tmp_path / "screen", terminal=False).splitlines()
    assert len(lines) == 1
    assert "failed  Bob  Step 2: it is not there  0 passed, 1 not, of 2" in lines[0]


def test_a_batch_prints_its_table_and_its_exit_status(
    tsalab: Tsalab, notebook: Callable[..., Path], tmp_path: Path
) -> None:
    (tmp_path / "class.csv").write_text("learner,profile\nAda,mine\n", encoding="utf-8")
    path = notebook('step(1, "failed"); raise RuntimeError("the stack failed")')
    done = tsalab(
        "batch", str(tmp_path / "class.csv"), "--out", str(tmp_path / "out"), "--notebook", str(path)
    )
    assert done.exit_code == 1
    assert "RuntimeError: the stack failed" in done.output
    assert "0 of 1 learner passed" in done.output
    assert str(tmp_path / "out" / "summary.html") in done.output


@pytest.mark.parametrize("given", [("--scheduler", "tcp://x:1"), ("--workers", "0"), ("--engine", "slurm")])
def test_wrong_uses_start_nothing(tsalab: Tsalab, tmp_path: Path, given: tuple[str, ...]) -> None:
    (tmp_path / "class.csv").write_text("learner\nAda\n", encoding="utf-8")
    assert tsalab("batch", str(tmp_path / "class.csv"), "--out", str(tmp_path / "out"), *given).exit_code == 2
    assert not (tmp_path / "out").exists()
