"""``tsalab run`` with a real kernel: what it prints, writes, exits with, and that its sandbox ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from rich.console import Console

from tests.commands.conftest import Tsalab
from tests.records.conftest import make_record
from tsalab import runner
from tsalab.cli import app
from tsalab.commands.progress import Progress
from tsalab.errors import LedgerError
from tsalab.sandbox import manager
from tsalab.sandbox.ledger import desk

Write = Callable[..., Path]
ALL = "for number in range(1, 31): step(number)"


@pytest.fixture
def sandbox(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The manager's calls; a sandbox takes seconds, and its own tests start it."""
    calls: list[Any] = []

    def up(name: str, *, commission: object, on_event: Callable[[str], None]) -> None:
        calls.append(("up", name))
        on_event("[up]")

    def down(name: str, *, delete: bool, on_event: Callable[[str], None]) -> None:
        calls.append(("down", name, delete))

    def seal(name: str, *, workdir: Path, out: Path) -> None:
        calls.append(("seal", name))
        assert workdir == out.with_name("work")

    monkeypatch.setattr(manager, "up", up)
    monkeypatch.setattr(manager, "down", down)
    monkeypatch.setattr(desk, "seal", seal)
    return calls


def test_thirty_passed_records_are_exit_zero(
    tsalab: Tsalab, notebook: Write, sandbox: list[Any], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    given = ("--learner", "Ada", "--method", "copy", "--mode", "challenge")
    done = tsalab("run", "--notebook", str(notebook(ALL)), "--out", str(out), *given)
    assert done.exit_code == 0, done.output
    name = sandbox[0][1]
    assert sandbox == [("up", name), ("seal", name), ("down", name, True)]
    assert f"Sealed ledger: {out / 'ledger.jsonl'}" in done.output
    assert "30 of 30 steps passed" in done.output
    assert "[up]" in done.output
    assert "Title 30" in done.output
    assert str(out / "small.ipynb") in done.output
    page = (out / "small.html").read_text()
    assert "Title 7 · passed" in page
    for absent in ("<script", "http://", "https://", "//cdn"):
        assert absent not in page
    executed = (out / "small.ipynb").read_text()
    assert f'profile = \\"{name}\\"' in executed
    assert 'learner = \\"Ada\\"' in executed
    assert 'method = \\"copy\\"' in executed
    assert 'mode = \\"challenge\\"' in executed


def test_a_failed_cell_is_exit_one_and_the_sandbox_ends(
    tsalab: Tsalab, notebook: Write, sandbox: list[Any], tmp_path: Path
) -> None:
    cells = ("step(1)", 'step(2, "failed"); raise RuntimeError("the stack failed")', "step(3)")
    done = tsalab("run", "--notebook", str(notebook(*cells)), "--out", str(tmp_path))
    assert done.exit_code == 1
    assert "RuntimeError: the stack failed" in done.output
    assert "saw: this" in done.output
    assert "no record" in done.output
    assert "1 of 30 steps passed" in done.output
    assert sandbox[-1][0] == "down"
    assert (tmp_path / "small.html").exists()


def test_missing_records_are_exit_one(
    tsalab: Tsalab, notebook: Write, sandbox: list[Any], tmp_path: Path
) -> None:
    path = notebook(*(f"step({number})" for number in range(1, 30)))
    done = tsalab("run", "--notebook", str(path), "--out", str(tmp_path), "--keep")
    assert done.exit_code == 1
    assert "No record of step 30." in done.output
    assert [call[0] for call in sandbox] == ["up", "seal"]
    assert "tsalab sandbox down --name run-" in done.output


def test_a_profile_of_ones_own_makes_no_sandbox(
    tsalab: Tsalab, notebook: Write, sandbox: list[Any], tmp_path: Path
) -> None:
    done = tsalab("run", "--profile", "mine", "--notebook", str(notebook(ALL)), "--out", str(tmp_path))
    assert done.exit_code == 0
    assert sandbox == []


def test_a_key_is_for_a_sandbox_of_the_runs_own(tsalab: Tsalab, tmp_path: Path) -> None:
    key = str(tmp_path / "key")
    done = tsalab("run", "--profile", "mine", "--ledger-key", key, "--out", str(tmp_path))
    assert done.exit_code == 2
    assert "--ledger-key is for the sandbox that the run makes" in done.output
    with pytest.raises(LedgerError, match="has to be somebody's"):
        CliRunner().invoke(app, ["run", "--ledger-key", key, "--out", str(tmp_path)], catch_exceptions=False)


def test_a_kernel_that_dies_is_told(
    tsalab: Tsalab, notebook: Write, sandbox: list[Any], tmp_path: Path
) -> None:
    path = notebook("step(1)", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    done = tsalab("run", "--notebook", str(path), "--out", str(tmp_path))
    assert done.exit_code == 1
    assert "DeadKernelError" in done.output
    assert sandbox[-1][0] == "down"


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)])
def test_interrupted_it_ends_kernel_and_sandbox(
    notebook: Write, sandbox: list[Any], tmp_path: Path, number: signal.Signals
) -> None:
    """In a process of its own, for the signal goes to the whole of it."""
    path = notebook(
        "import os; open('pid', 'w').write(str(os.getpid())); import threading; threading.Event().wait()"
    )
    code = (
        "import sys\nfrom tsalab import cli\nfrom tsalab.sandbox import manager\n"
        "manager.up = lambda name, commission, on_event: print('UP', flush=True)\n"
        "manager.down = lambda name, delete, on_event: print('DOWN', delete, flush=True)\n"
        f"cli.main(['run', '--notebook', {str(path)!r}, '--out', {str(tmp_path)!r}])"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as run:
        pid = _wait_for(tmp_path / "work" / "pid", run)
        run.send_signal(number)
        out, err = run.communicate(timeout=30)
    assert run.returncode == 130, err
    assert out.splitlines()[-1] == "DOWN True"
    assert "Interrupted." in err
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def _wait_for(path: Path, process: subprocess.Popen[str]) -> int:
    for _ in range(600):
        if path.exists() and (text := path.read_text()):
            return int(text)
        assert process.poll() is None
        threading.Event().wait(0.05)
    raise AssertionError("the cell never ran")


def test_the_kernel_must_be_used_inside_its_context(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="outside its context"):
        _ = runner.WarmKernel(tmp_path).manager


def test_a_terminal_gets_a_moving_line(tmp_path: Path) -> None:
    with (tmp_path / "screen").open("w") as file:
        console = Console(file=file, force_terminal=True, width=100)
        with Progress(30, console) as progress:
            progress.cell(runner.CellDone("a", 0.1, (make_record(step=4),)))
    assert "Add the cluster" in (tmp_path / "screen").read_text()


def test_only_outcomes_are_told_and_counted(tmp_path: Path) -> None:
    outcome, hint = make_record(step=4), make_record(step=4, status="failed", kind="hint", title="A hint")
    run = runner.Run(tmp_path, (outcome, hint), "", 1.0)
    assert run.latest == {4: outcome}
    with (tmp_path / "screen").open("w") as file, Progress(30, Console(file=file, width=100)) as progress:
        progress.cell(runner.CellDone("a", 0.1, (outcome, hint)))
    assert "A hint" not in (tmp_path / "screen").read_text()
