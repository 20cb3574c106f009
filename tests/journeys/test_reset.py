"""Time travel: from the end back to each section and to each step, and forward again to the same end."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.faults.conftest import opened
from tests.journeys.lab_picture import contents, forward, git, picture
from tsalab import standing
from tsalab.cloud.waiting import poll
from tsalab.course import LAB
from tsalab.lab import Lab
from tsalab.reset import Went, reset
from tsalab.server import app
from tsalab.steps import STEPS, World
from tsalab.steps.visit import _marked

pytestmark = [pytest.mark.journey, pytest.mark.timeout(600)]

SEED = 20261125


@pytest.fixture(scope="module")
def lab(module_sandbox: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A lab at its end; every test leaves it there."""
    with opened(module_sandbox, tmp_path_factory.mktemp("work") / "work", learner="Ada") as lab:
        forward(lab)
        yield lab


@pytest.fixture(scope="module")
def end(lab: Lab) -> dict[str, Any]:
    """The lab's end, as the notebook makes it."""
    found = picture(lab)
    assert all(passed for _, passed in found["checks"])
    assert all(ok for _, ok in found["site"])
    assert found["database"]
    return found


def passed(lab: Lab) -> set[int]:
    return {int(found.number) for found in lab.check() if found.passed}


def changing(first: int) -> set[int]:
    """Steps from one on that change something."""
    return {int(step.id) for step in LAB.steps if int(step.id) >= first and STEPS[step.id].undo}


def losses(went: Went) -> str:
    return "\n".join(f"{loss.what} | {loss.where} | {loss.lost}" for loss in went.losses)


# Each section, by its title or by the id of its cell in the notebook.
SECTIONS = {
    "section-updating-the-server": 25,
    "Update the application to use the Aurora database": 15,
    "section-move-the-existing-data": 10,
    "start": 1,
}


@pytest.mark.parametrize(
    "to",
    [
        pytest.param("section-updating-the-server", marks=pytest.mark.slow),
        pytest.param("Update the application to use the Aurora database", marks=pytest.mark.slow),
        "section-move-the-existing-data",
        "start",
    ],
)
def test_to_each_section_and_forward_again(lab: Lab, end: dict[str, Any], to: str) -> None:
    first = SECTIONS[to]
    listed = reset(lab, to, yes=False)
    assert (listed.to, listed.done) == (first, False)
    assert "0 of them written since" in losses(listed) or first > 14
    assert picture(lab) == end  # listing changes nothing

    lab.reset(to, yes=True)
    record = lab.journal.records[-1]
    assert (record.kind, record.step, record.status, record.learner) == ("reset", first, "passed", "Ada")
    world = World(lab.place)
    assert world.site.health()["database"]["host"] == "127.0.0.1"
    assert all(probe.ok for probe in world.site.verify())
    now = passed(lab)
    assert now >= set(range(1, first))
    assert now & changing(first) == set()
    assert bool(world.resources.get("DatabaseCluster")) is (first > 9)
    assert ("secretName" in world.pushed("utils/config.js")) is (first > 24)
    assert standing.done(lab.journal) == set(range(1, first))

    forward(lab, first)
    assert picture(lab) == end


@pytest.mark.slow
def test_one_step_after_another_back_to_the_start(lab: Lab, end: dict[str, Any]) -> None:
    steps = sorted(changing(1), reverse=True)
    assert len(steps) == 20
    for step in steps:
        went = reset(lab, step, yes=True)
        assert went.done is (step != 8), step  # step 9 only waits for step 8: they go together
        assert went.aside == ()
        assert passed(lab) & changing(went.to) == set()
    assert passed(lab) == set()
    assert not lab.place.workdir.joinpath("infra.yml").exists()
    again = reset(lab, 1, yes=True)
    assert again.losses == ()
    forward(lab)
    assert picture(lab) == end


@pytest.mark.slow
def test_without_checkpoints_it_goes_by_the_real_state(lab: Lab, end: dict[str, Any]) -> None:
    """As after a lab that was done by hand."""
    folder = lab.place.workdir / ".tsalab" / "checkpoints"
    for to in (27, 4):
        shutil.rmtree(folder)
        lab.reset(to, yes=True)
        forward(lab, to)
    assert picture(lab) == end


def test_what_visitors_wrote_is_counted_and_gone(lab: Lab, end: dict[str, Any]) -> None:
    world = World(lab.place)
    with _marked(world.target, "written by a visitor"):
        assert "table categories" in losses(reset(lab, 25, yes=False))
        assert "1 of them written since the data was moved" in losses(reset(lab, 10, yes=False))
        assert "one row that was written" in losses(reset(lab, 28, yes=False))
        world.server.run(f'cd "{app.FOLDER}" && echo "// mended in place" >> app.js', root=True)
        went = reset(lab, 25, yes=True)
    assert "git stash" in went.aside[0]  # what somebody changed on the server itself
    stashed = world.server.run(f'cd "{app.FOLDER}" && git stash show -p && git stash drop', root=True)
    assert "+// mended in place" in stashed.stdout
    after = World(lab.place)
    assert contents(after.target) == contents(after.source)
    forward(lab, 25)
    assert picture(lab) == end


def test_the_learners_own_work_is_kept_and_named(lab: Lab, end: dict[str, Any]) -> None:
    folder = lab.place.workdir
    clone = folder / "TSAGallery-API"
    template, config, other = folder / "infra.yml", clone / "utils" / "config.js", clone / "notes.txt"
    own = {path: path.read_text() + text for path, text in ((template, "# mine\n"), (config, "// mine\n"))}
    for path, text in own.items():
        path.write_text(text)
    other.write_text("mine")

    went = reset(lab, 17, yes=True)
    assert went.aside == ("config.js.before-reset-17",)
    assert (folder / "config.js.before-reset-17").read_text() == own[config]
    assert other.read_text() == "mine"
    assert template.read_text() == own[template]
    assert "config.js.before-reset-17" in went.text

    template.write_text(own[template])
    went = reset(lab, "start", yes=True)
    assert set(went.aside) == {"infra.yml.before-reset-1", "TSAGallery-API.before-reset-1"}
    assert (folder / "infra.yml.before-reset-1").read_text() == own[template]
    assert (folder / "TSAGallery-API.before-reset-1" / "notes.txt").read_text() == "mine"
    for kept in folder.glob("*.before-reset-*"):
        shutil.rmtree(kept) if kept.is_dir() else kept.unlink()
    forward(lab)
    assert picture(lab) == end


@pytest.mark.slow
def test_commits_of_ones_own_are_kept_on_a_branch(lab: Lab, end: dict[str, Any]) -> None:
    clone = lab.place.workdir / "TSAGallery-API"
    (clone / "app.js").write_text((clone / "app.js").read_text() + "// a second thought\n")
    git(clone, "commit", "-qam", "A second thought")
    git(clone, "push", "-q")
    mine = git(clone, "rev-parse", "HEAD")
    went = reset(lab, 24, yes=True)
    assert "2 commits are gone: A second thought; Use Aurora RDS" in losses(went)
    assert git(clone, "rev-parse", "before-reset-24") == mine
    assert "before-reset-24" in went.aside[0]
    assert sorted(git(clone, "diff", "--name-only").splitlines()) == ["app.js", "utils/config.js"]
    assert "a second thought" in (clone / "app.js").read_text()  # before step 24 the edits are there
    git(clone, "branch", "-q", "-D", "before-reset-24")
    git(clone, "checkout", "-q", "--", ".")  # the second thought is given up
    assert reset(lab, 15, yes=True).aside == ()
    forward(lab, 15)
    assert picture(lab) == end


@pytest.mark.slow
def test_killed_at_any_moment_and_run_again(lab: Lab, end: dict[str, Any], module_sandbox: Any) -> None:
    """The command is killed like by a power cut; run again, it ends where it should."""
    chance = random.Random(SEED)  # noqa: S311 - repeatable, not secret
    command = [sys.executable, "-m", "tsalab", "reset", "--to", "start", "--yes"]
    command += ["--profile", module_sandbox.name, "--workdir", str(lab.place.workdir)]
    marker = lab.place.workdir / ".tsalab" / "reset.json"
    listing = [word for word in command if word != "--yes"]
    said = subprocess.run(listing, env=module_sandbox.env, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    assert "DatabaseCluster" in said.stdout
    assert "tsalab reset --to 1 --yes" in said.stdout
    assert not marker.exists()
    for _ in range(4):
        with subprocess.Popen(command, env=module_sandbox.env, stdout=subprocess.DEVNULL) as process:
            _, begun = poll(lambda: marker.exists() or process.poll() is not None, bool, seconds=60)
            assert begun
            time.sleep(chance.uniform(0.0, 1.5))  # the moment of the power cut, wherever the reset is then
            process.kill()
    said = subprocess.run(command, env=module_sandbox.env, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout + said.stderr
    assert passed(lab) == set()
    assert World(lab.place).site.health()["database"]["host"] == "127.0.0.1"
    lab.journal.refresh()
    assert standing.unfinished_reset(marker.parent) is None
    standing.begin_reset(marker.parent, 1)  # as if it had died when all was done, but not yet noted
    lab.reset("start", yes=True)
    assert standing.unfinished_reset(marker.parent) is None
    assert lab.journal.records[-1].kind == "reset"
    forward(lab)
    assert picture(lab) == end


def test_no_secret_is_in_the_checkpoints(lab: Lab, end: dict[str, Any]) -> None:
    assert end
    password = World(lab.place).credentials.password
    kept = list((lab.place.workdir / ".tsalab" / "checkpoints").iterdir())
    assert {path.name for path in kept} >= {"facts.json", "before-step-4.infra.yml"}
    assert [path for path in kept if password in path.read_text()] == []
    facts = json.loads((lab.place.workdir / ".tsalab" / "checkpoints" / "facts.json").read_text())
    assert set(facts) == {"8", "14", "24", "27", "29"}
    assert facts["29"] == {"active": True, "enabled": True}
