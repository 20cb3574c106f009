"""However a lab was done, its sandbox's signed ledger gives the same grade."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import LiveSandbox
from tests.faults.conftest import opened
from tests.grade import genuine
from tests.journeys.test_by_hand import Hand, whole_lab
from tsalab.course import LAB
from tsalab.grade import Verdict, find_ledgers, grade, read_rubric
from tsalab.ledger import Commission, keys, read
from tsalab.sandbox import manager
from tsalab.sandbox.folder import Folder
from tsalab.sandbox.ledger import desk

pytestmark = [pytest.mark.journey, pytest.mark.slow]

INSTRUCTOR = keys.new()
RUBRIC = "points: 1\nsteps: {}\nevidence: 2\n"


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a home for sandboxes in it, which are removed afterwards."""
    monkeypatch.setenv("TSALAB_HOME", str(tmp_path / "home"))
    yield tmp_path
    for name in manager.names():
        manager.down(name, delete=True)


@contextmanager
def begun(learner: str) -> Iterator[LiveSandbox]:
    """A learner's own sandbox, which an instructor's key vouches for."""
    name = learner.lower()
    manager.up(name, commission=Commission.issue(INSTRUCTOR, learner, name))
    folder = Folder(name)
    yield LiveSandbox(name, folder.root.parents[1], folder, {**os.environ, **manager.env(name)})
    manager.down(name, delete=True)


def by_cells(sandbox: LiveSandbox, work: Path) -> genuine.Notebook:
    with opened(sandbox, work, learner="Ada") as lab:
        for step in LAB.steps:
            lab.perform(step.id)
        return genuine.of_records(lab.journal.records)


def by_hand(sandbox: LiveSandbox, work: Path) -> None:
    work.mkdir(parents=True)
    whole_lab(Hand(work, sandbox.env, sandbox.folder.path("ssh", "config"), sandbox.name))


def in_a_challenge(sandbox: LiveSandbox, work: Path) -> genuine.Notebook:
    """Somebody does each step, in another process; the challenge's cells only look."""
    with (
        opened(sandbox, work, learner="Cy") as doer,
        opened(sandbox, work, learner="Cy", mode="challenge") as cells,
    ):
        for step in LAB.steps:
            doer.perform(step.id)
            cells.perform(step.id)
        looked = [record for record in cells.journal.records if record.mode == "challenge"]
        assert len(looked) == 30
        return genuine.of_records(looked)


def graded(folder: Path) -> dict[str, Verdict]:
    rubric = folder.parent / "rubric.yml"
    rubric.write_text(RUBRIC)
    witness = find_ledgers([folder], [keys.public_of(INSTRUCTOR)])
    return {one.learner: one for one in grade([folder], read_rubric(rubric), [witness])}


@pytest.mark.timeout(900)
def test_by_cells_by_hand_and_in_a_challenge_get_the_same(room: Path) -> None:
    ways: dict[str, Callable[[LiveSandbox, Path], Any]]
    ways = {"Ada": by_cells, "Bob": by_hand, "Cy": in_a_challenge}
    secrets: list[str] = []
    for learner, way in ways.items():
        place, work = room / "in" / learner, room / "work" / learner
        with begun(learner) as sandbox:
            if book := way(sandbox, work):
                genuine.written(place, book)
            desk.seal(sandbox.name, workdir=work, out=place / "ledger.jsonl")
            secrets.append(str(sandbox.session().get_credentials().secret_key))
            secrets.append(password(sandbox))
    found = graded(room / "in")
    assert sorted(found) == ["Ada", "Bob", "Cy"]
    marks = {tuple((mark.step, mark.points, mark.tier) for mark in one.marks) for one in found.values()}
    assert marks == {tuple((step.id, 1.0, 2) for step in LAB.steps)}
    assert [one.doubts for one in found.values() if one.learner != "Cy"] == [(), ()]
    texts = [path.read_text() for path in (room / "in").rglob("ledger.jsonl")]
    assert [secret for secret in [*secrets, "my-secret-pw"] for text in texts if secret in text] == []
    bundle = read((room / "in" / "Ada" / "ledger.jsonl").read_bytes(), "Ada's")
    rows = [dict(entry.facts["tables"]) for entry in bundle.entries if entry.what == "rows"]
    before, after = ({name.partition(".")[2]: table for name, table in one.items()} for one in rows[-2:])
    assert before == after  # on both sides, by the sandbox's own count and digest
    assert before["images"]["rows"] == 6


def password(sandbox: LiveSandbox) -> str:
    secrets = sandbox.session().client("secretsmanager")
    (listed,) = secrets.list_secrets()["SecretList"]
    return str(json.loads(secrets.get_secret_value(SecretId=listed["ARN"])["SecretString"])["password"])


@pytest.mark.timeout(600)
def test_what_is_taken_back_counts_no_more(room: Path) -> None:
    place, work = room / "in" / "Ada", room / "work" / "Ada"
    with begun("Ada") as sandbox:
        genuine.written(place, by_cells(sandbox, work))
        with opened(sandbox, work, learner="Ada") as lab:
            lab.break_("paused-cluster")  # which a look wakes, as any connection does
        desk.seal(sandbox.name, workdir=work, out=place / "ledger.jsonl")
        assert graded(room / "in")["Ada"].points == 30
        with opened(sandbox, work, learner="Ada") as lab:
            lab.reset(24, yes=True)
        desk.seal(sandbox.name, workdir=work, out=place / "ledger.jsonl")
    (verdict,) = graded(room / "in").values()
    assert [mark.step for mark in verdict.marks if not mark.points] == list(range(24, 31))
    assert {mark.tier for mark in verdict.marks} == {2}


@pytest.mark.timeout(600)
def test_a_ledger_goes_on_when_its_instructor_starts_the_sandbox_again(room: Path) -> None:
    """And begins anew when somebody else does; what it then says is nobody's whom the grader trusts."""
    with begun("Ada") as sandbox:
        path = sandbox.folder.path("ledger", "ledger.jsonl")
        first = len(path.read_bytes().splitlines())
        manager.down(sandbox.name)
        manager.up(sandbox.name, commission=Commission.issue(INSTRUCTOR, "Ada", sandbox.name))
        assert len(path.read_bytes().splitlines()) > first
        manager.down(sandbox.name)
        again = [sys.executable, "-m", "tsalab", "sandbox", "up", "--name", sandbox.name]
        started = subprocess.run(again, capture_output=True, check=False)
        assert started.returncode == 0, started.stderr
        out = room / "in" / "ledger.jsonl"
        desk.seal(sandbox.name, workdir=room / "work", out=out)
    bundle = read(out.read_bytes(), "Ada's")
    assert bundle.warrant.own
    assert bundle.entries[0].facts["aside"] == "ledger.before-1.jsonl"
