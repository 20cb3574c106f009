"""Batches of real processes: what one does touches no other, and a second run goes on from the first."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.batch.conftest import ALL, comparable, left_running, listening, sabotaged
from tsalab import resources, runner
from tsalab.batch import Batch, child
from tsalab.batch.child import MARKER, Stop
from tsalab.batch.engines import Threads
from tsalab.batch.job import Job
from tsalab.batch.one import Seal, perform
from tsalab.errors import BatchError, SandboxError
from tsalab.grade import find_ledgers, grade, read_rubric
from tsalab.ledger import keys
from tsalab.nursery import Nursery

Write = Callable[..., Path]
KILLS_ITS_LEARNER = """
import os, psutil, signal
from tsalab.batch.child import MARKER
def mine(process):
    try:
        told, line = process.environ(), process.cmdline()
        return told.get(MARKER) == os.environ[MARKER] and "tsalab.commands.learner" in line
    except psutil.Error:
        return False
learner = next(process for process in psutil.process_iter() if mine(process))
os.kill(learner.pid, signal.SIGKILL)
"""
HANGS = "import threading; open('begun', 'w').close(); threading.Event().wait()"


def roster(folder: Path, *lines: str) -> Path:
    path = folder / "class.csv"
    path.write_text("\n".join(("learner,profile,notebook", *lines)) + "\n", encoding="utf-8")
    return path


def learners(out: Path) -> dict[str, dict[str, object]]:
    read = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    return {row["learner"]: row for row in read["learners"]}


def test_a_failure_touches_no_other_and_resume_runs_what_did_not_pass(
    notebook: Write, tmp_path: Path
) -> None:
    good = notebook("good", ALL)
    notebook("bad", "step(1)", 'raise RuntimeError("the stack failed")')
    notebook("dies", "step(1)", KILLS_ITS_LEARNER)
    lines = ("Ada,one,", "<b>Bob</b>,two,bad.ipynb", "../../Eve,three,dies.ipynb")
    out = tmp_path / "out"
    first = Batch.of(roster(tmp_path, *lines), out, notebook=good)
    assert not first.run(Threads(2)).complete
    found = learners(out)
    assert {name: row["status"] for name, row in found.items()} == {
        "Ada": "passed",
        "<b>Bob</b>": "failed",
        "../../Eve": "broken",
    }
    assert "the stack failed" in str(found["<b>Bob</b>"]["reason"])
    assert "SIGKILL" in str(found["../../Eve"]["reason"])
    assert left_running() == []
    ada = out / "learners" / str(found["Ada"]["folder"]) / "good.ipynb"
    before = ada.stat().st_mtime_ns

    with pytest.raises(BatchError, match="--resume"):
        first.run(Threads(2))
    notebook("bad", ALL)
    notebook("dies", ALL)
    again = Batch.of(roster(tmp_path, *lines), out, notebook=good)
    assert again.run(Threads(2), resume=True).complete
    assert ada.stat().st_mtime_ns == before
    assert {name: row["attempts"] for name, row in learners(out).items()} == {
        "Ada": 1,
        "<b>Bob</b>": 2,
        "../../Eve": 2,
    }
    # Another notebook is another run.
    other = Batch.of(roster(tmp_path, "Ada,one,bad.ipynb"), out)
    assert other.run(resume=True).rows()[0]["attempts"] == 2


@pytest.mark.parametrize("seconds", [0.01, pytest.param(600.0, marks=pytest.mark.slow)])
def test_a_learner_who_takes_too_long_is_stopped_and_keeps_what_was_done(
    notebook: Write, tmp_path: Path, seconds: float
) -> None:
    path = notebook("hangs", "step(1)", HANGS)
    job = Job("Max", "max", path.name, path.read_text(encoding="utf-8"), {"profile": "four"}, "", seconds)
    late = {"step"} if seconds > 1 else set()  # the clock strikes after the first step, or by itself
    with Nursery() as nest:
        process = child._Child(job, tmp_path, Stop(), nest)
        result = process.follow(lambda said: process._timed_out() if late & set(said) else None)
    assert (result.status, "stopped after" in result.reason) == ("timed-out", True)
    assert left_running() == []
    if late:
        assert result.steps["1"].status == "passed"
        assert "Title 1 · passed" in (tmp_path / "hangs.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("number", [pytest.param(signal.SIGINT, marks=pytest.mark.slow), signal.SIGKILL])
def test_stopped_or_killed_it_leaves_nothing(notebook: Write, tmp_path: Path, number: signal.Signals) -> None:
    hangs = notebook("hangs", "step(1)", HANGS)
    out = tmp_path / "out"
    command = ["batch", str(roster(tmp_path, "Ada,one,")), "--out", str(out), "--notebook", str(hangs)]
    with subprocess.Popen(
        [sys.executable, "-m", "tsalab", *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as run:
        children = wait_for(out, run)
        run.send_signal(number)
        _, err = run.communicate(timeout=40)
    psutil.wait_procs(children, 20)
    assert left_running() == []
    if number == signal.SIGINT:
        assert run.returncode == 130, err
        assert learners(out)["Ada"]["status"] == "not-run"


@pytest.mark.slow
def test_a_killed_nursery_touches_no_learner(notebook: Write, tmp_path: Path) -> None:
    """Those whom it has forked go on, and those who come after have another."""
    kills = notebook("kills", "step(1)", "import os, signal; os.kill(os.getppid(), signal.SIGKILL)", ALL)
    out = tmp_path / "out"
    batch = Batch.of(roster(tmp_path, "Ada,one,", "Bob,two,"), out, notebook=kills)
    assert batch.run(Threads(1)).complete, learners(out)
    assert left_running() == []


def wait_for(out: Path, run: subprocess.Popen[str]) -> list[psutil.Process]:
    """Processes of the learners, once the cell has begun."""
    while not any((folder / "work" / "begun").exists() for folder in out.glob("learners/*")):
        assert run.poll() is None
        psutil.wait_procs([psutil.Process(run.pid)], 0.05)
    return psutil.Process(run.pid).children(recursive=True)


def test_a_folder_is_one_batchs_own(notebook: Write, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.odt").write_text("x")
    batch = Batch.of(roster(tmp_path, "Ada,one,"), other, notebook=notebook("good", ALL))
    with pytest.raises(BatchError, match="not the folder of a batch"):
        batch.run(resume=True)
    assert [path.name for path in other.iterdir()] == ["thesis.odt"]


@pytest.mark.slow
def test_learners_on_sandboxes_of_their_own(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole lab for two, side by side, one of them sabotaged: nothing is left of the sandboxes."""
    # Before the upload: what the pipeline does by itself afterwards would count as done.
    bad = sabotaged(tmp_path, "step-8")
    path = tmp_path / "class.csv"
    path.write_text(f"learner;method;notebook\nAda;copy;\n../Bob;;{bad.name}\n", encoding="utf-8")
    out = tmp_path / "out"
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    made: list[str] = []
    private_text = keys.private_text
    monkeypatch.setattr(keys, "private_text", lambda own: made.append(private_text(own)) or made[-1])
    open_ports: set[int] = set()
    summary = Batch.of(path, out, ledger_key=key).run(
        Threads(2), on_change=lambda board, folder, said: open_ports.update(listening())
    )
    assert len(open_ports) > 8
    assert listening() == set()
    ada, bob = summary.rows()
    assert (ada["status"], ada["passed"]) == ("passed", 30), ada["reason"]
    assert (bob["status"], bob["passed"], "sabotaged" in bob["reason"]) == ("failed", 7, True)
    assert left_running() == []
    assert list((home / "sandboxes").iterdir()) == []
    for name in ("lab4.ipynb", "lab4.html", "journal.jsonl", "work.zip"):
        assert (out / "learners" / ada["folder"] / name).stat().st_size
    trusted = find_ledgers([out], [keys.read_public(f"{key}.pub")])
    graded = {one.learner: one for one in grade([out / "learners"], read_rubric(), [trusted])}
    assert {name: [one.doubts, one.tier] for name, one in graded.items()}["Ada"] == [(), 2]
    done = {name: [mark.step for mark in one.marks if mark.points] for name, one in graded.items()}
    assert done == {"Ada": list(range(1, 31)), "../Bob": list(range(1, 8))}
    assert len(made) == 2
    for file in filter(Path.is_file, out.rglob("*")):
        assert not any(key.encode() in file.read_bytes() for key in made), file


def test_the_instructors_notebook(notebook: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`instructor.ipynb`, as it is, in a kernel; the roster gives another notebook than the lab's."""
    notebook("good", ALL)
    given = {"roster": str(roster(tmp_path, "Ada,one,good.ipynb")), "out": str(tmp_path / "out")}
    source = resources.notebooks() / "instructor.ipynb"
    with runner.WarmKernel(tmp_path) as kernel:
        done = runner.run(source, tmp_path / "executed.ipynb", given, kernel)
    assert done.error == ""
    assert "1 of 1 learner passed" in (tmp_path / "executed.ipynb").read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_class_of_twelve(tmp_path: Path, home: Path) -> None:
    path = tmp_path / "class.csv"
    path.write_text("learner\n" + "".join(f"learner {n}\n" for n in range(12)), encoding="utf-8")
    summary = Batch.of(path, tmp_path / "out").run(Threads(2))
    assert summary.complete, summary.rows()
    assert listening() == set()
    assert left_running() == []
    assert list((home / "sandboxes").iterdir()) == []


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_one_sabotaged_at_each_section_killed_half_way_and_resumed(tmp_path: Path, home: Path) -> None:
    """The result equals an undisturbed run's, but for nonces and times."""
    cells = ["step-2", "step-12", "step-16", "step-28"]
    broken = [sabotaged(tmp_path, cell).name for cell in cells]
    path = tmp_path / "class.csv"
    lines = [f"broken {n},{name}" for n, name in enumerate(broken)] + [f"well {n}," for n in range(4)]
    path.write_text("learner,notebook\n" + "\n".join(lines) + "\n", encoding="utf-8")
    undisturbed = Batch.of(path, tmp_path / "one").run(Threads(2))

    out = tmp_path / "two"
    with subprocess.Popen(
        [sys.executable, "-m", "tsalab", "batch", str(path), "--out", str(out)], env=dict(os.environ)
    ) as run:
        while len(list(out.glob("learners/*/result.json"))) < 4:
            assert run.poll() is None
            psutil.wait_procs([psutil.Process(run.pid)], 0.1)
        children = psutil.Process(run.pid).children(recursive=True)
        run.kill()
    psutil.wait_procs(children, 60)
    assert left_running() == []
    assert list((home / "sandboxes").iterdir()) == []
    resumed = Batch.of(path, out).run(Threads(2), resume=True)

    assert comparable(resumed.rows()) == comparable(undisturbed.rows())
    assert [row["status"] for row in undisturbed.rows()] == ["failed"] * 4 + ["passed"] * 4
    assert [row["passed"] for row in undisturbed.rows()[:4]] == [1, 11, 15, 27]
    assert all("sabotaged" in str(row["reason"]) for row in undisturbed.rows()[:4])
    assert MARKER not in os.environ


def test_a_sandbox_that_does_not_start_is_the_runs_failure_not_the_labs(
    notebook: Write, tmp_path: Path
) -> None:
    @contextmanager
    def refused(name: str, _commission: str) -> Iterator[Seal]:
        raise SandboxError.no_such(name, [])
        yield

    path = notebook("good", ALL)
    job = Job("Ada", "ada", path.name, path.read_text(encoding="utf-8"), {}, "box")
    result = perform(job, tmp_path / "ada", refused, lambda said: None)
    assert (result.status, "box" in result.reason, dict(result.steps)) == ("broken", True, {})
