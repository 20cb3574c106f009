"""Work done again in a clean sandbox: whole, broken, dangerous, and absent."""

from __future__ import annotations

import dataclasses
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.grade import genuine
from tests.witness.conftest import Done, do_all
from tsalab import handin
from tsalab.commands.replaying import Sandboxed
from tsalab.grade import Verdict, grade, read_rubric
from tsalab.handin import Work
from tsalab.witness.replay import Replay, Seen

MADE_UP = Work("Ada", "a" * 32, "Resources: {}\n", "c" * 40, b"", {})


@pytest.fixture(scope="module")
def work(begun: Done) -> Work:
    """Ada's, when she has done the lab."""
    do_all(begun.lab)
    return handin.pack(begun.lab.place.workdir)


def judged(book: Any, folder: Path, work: bytes | None, run: Any) -> Verdict:
    path = genuine.written(folder, book)
    if work is not None:
        path.with_name("work.zip").write_bytes(work)
    (verdict,) = grade([folder], read_rubric(), [Replay(run)])
    return verdict


def never(_data: bytes) -> Sequence[Seen]:
    raise AssertionError("nothing of this may be replayed")


@pytest.mark.slow
def test_it_works_again(begun: Done, work: Work, tmp_path: Path) -> None:
    verdict = judged(genuine.of_records(begun.records), tmp_path, work.to_bytes(), Sandboxed(300))
    told = {mark.step: mark.reasons for mark in verdict.marks}
    assert (verdict.points, verdict.tier, verdict.doubts) == (verdict.possible, 1, ()), told
    assert all("Replayed in a clean sandbox" in " ".join(reasons) for reasons in told.values())
    assert "tables hold what the work says" in " ".join(told[14])


def broken(begun: Done, work: Work, folder: Path) -> Work:
    """The app with an end to its process where it begins."""
    clone = folder / "clone"
    subprocess.run(
        ["git", "clone", "--quiet", str(begun.lab.place.workdir / "TSAGallery-API"), str(clone)], check=True
    )
    file = clone / "app.js"
    file.write_text("process.exit(7);\n" + file.read_text(encoding="utf-8"), encoding="utf-8")
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    subprocess.run(["git", *who, "commit", "--quiet", "-a", "-m", "x"], cwd=clone, check=True)
    commit, bundle = handin.packing._app(clone)
    return dataclasses.replace(work, commit=commit, app=bundle)


@pytest.mark.slow
def test_an_app_that_does_not_run_is_found_out(begun: Done, work: Work, tmp_path: Path) -> None:
    bad = broken(begun, work, tmp_path)
    seen = Sandboxed(300)(bad.to_bytes())
    assert [one.step for one in seen if not one.passed] == [28]
    assert seen[-1].step == 28


@pytest.mark.slow
def test_a_replay_that_takes_too_long_is_ended_and_leaves_nothing(
    work: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TSALAB_HOME", str(tmp_path))
    seen = Sandboxed(4.0)(work.to_bytes())  # its sandbox is there by then, or on its way
    assert not seen[-1].passed
    assert "longer than 4 seconds" in seen[-1].saw
    assert [path.name for path in tmp_path.glob("sandboxes/*") if path.is_dir()] == []
    assert [one for one in psutil.process_iter() if str(tmp_path) in _environment(one)] == []


def _environment(process: psutil.Process) -> str:
    try:
        return process.environ().get("TSALAB_HOME", "") if process.pid != os.getpid() else ""
    except psutil.Error:
        return ""


def test_what_did_not_work_costs_its_points(tmp_path: Path) -> None:
    seen = [Seen(step, step < 9, "x") for step in range(1, 10)]
    book, _ = genuine.notebook()
    verdict = judged(book, tmp_path, MADE_UP.to_bytes(), lambda _data: seen)
    assert [mark.points > 0 for mark in verdict.marks] == [True] * 8 + [False] * 22
    assert "did not come so far: step 9 failed" in verdict.marks[20].reasons[0]


def of(**changed: Any) -> bytes:
    return dataclasses.replace(MADE_UP, **changed).to_bytes()


@pytest.mark.parametrize(
    ("work", "why"),
    [
        (None, "none was handed in"),
        (b"PK no", "cannot be used"),
        (of(run="b" * 32), "the run " + "b" * 32),
        (of(commit="d" * 40), "the commit " + "d" * 40),
    ],
    ids=("absent", "torn", "another-run", "another-commit"),
)
def test_what_cannot_be_replayed_is_named(tmp_path: Path, work: bytes | None, why: str) -> None:
    book, _ = genuine.notebook(facts={24: {"commit": MADE_UP.commit}})
    verdict = judged(book, tmp_path, work, never)
    assert why in verdict.doubts[0]
    assert verdict.points == verdict.possible
