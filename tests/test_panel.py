"""The dashboard in a notebook: shown once, replaced in place, read only where somebody shows it."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.conftest import opened
from tests.show.conftest import Memory
from tsalab import panel
from tsalab.architecture import Part, State
from tsalab.errors import StepError
from tsalab.lab import Lab
from tsalab.panel import Panel
from tsalab.steps import STEPS, Finding, Outcome, World, overview
from tsalab.steps.step import StepCode

PASSED = Finding(True, "done", "done")


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def lab(sandbox: Any, tmp_path: Path) -> Iterator[Lab]:
    with opened(sandbox, tmp_path / "work") as lab:
        yield lab


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def shown(lab: Lab, memory: Memory, clock: Clock) -> Lab:
    """A lab whose dashboard stands in a cell."""
    lab.panel = Panel(lab, screen=memory, clock=clock)
    lab._ipython_display_()
    return lab


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> list[World]:
    """Every look at the account."""
    found: list[World] = []
    real = overview.look
    monkeypatch.setattr(overview, "look", lambda world: found.append(world) or real(world))
    return found


def test_where_it_was_not_shown_nothing_is_read_or_drawn(
    lab: Lab, memory: Memory, looks: list[World]
) -> None:
    lab.panel = Panel(lab, screen=memory)
    lab.infra.open()
    lab.panel.refresh()
    assert looks == []
    assert memory.shown == []
    assert not (lab.place.workdir / ".tsalab" / "before.json").exists()


def test_it_is_at_work_first_and_then_shows_the_state(shown: Lab, memory: Memory) -> None:
    first, *_, (last, display_id, update) = memory.shown
    assert (first[1], first[2]) == ("tsalab-dashboard", False)
    assert "looking at the account…" in first[0]["text/plain"]
    assert (display_id, update) == ("tsalab-dashboard", True)
    assert "0 of 30 steps passed" in last["text/plain"]
    assert "Next:        Step 1 · Open the template: lab.infra.open()" in last["text/plain"]
    assert "absent: Aurora cluster, Secret" in last["text/plain"]
    assert all(set(bundle) == {"text/plain", "text/html"} for bundle, _, _ in memory.shown)


def test_it_is_replaced_in_place_when_a_step_ends(shown: Lab, memory: Memory, looks: list[World]) -> None:
    count = len(memory.shown)
    shown.infra.open()
    assert len(memory.shown) == count + 1
    bundle, display_id, update = memory.shown[-1]
    assert (display_id, update) == ("tsalab-dashboard", True)
    assert "1 of 30 steps passed" in bundle["text/plain"]
    assert "Step 1 · Open the template · passed" in bundle["text/plain"]
    assert (
        'Step 2 · Add the database subnet group: lab.infra.add("database-subnet-group")'
        in bundle["text/plain"]
    )
    assert looks == []  # the last look is young


def test_a_reset_is_seen_at_once(shown: Lab, memory: Memory, looks: list[World]) -> None:
    shown.infra.open()
    shown.reset(1, yes=True)
    assert len(looks) == 1
    assert "0 of 30 steps passed" in memory.last["text/plain"]
    assert "Next:        Step 1 · Open the template" in memory.last["text/plain"]


def test_an_old_look_and_a_failed_step_are_reasons_to_look_again(
    shown: Lab, memory: Memory, clock: Clock, looks: list[World], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(STEPS, 1, StepCode(lambda _: PASSED))
    clock.now += panel.OLD + 1
    shown.perform(1)
    assert len(looks) == 1
    never = Finding(False, "not yet", "done", "Go on.", final=True)
    monkeypatch.setitem(STEPS, 1, StepCode(lambda _: never))
    with pytest.raises(StepError):
        shown.perform(1)
    assert len(looks) == 2
    assert "Step 1 · Open the template · failed" in memory.last["text/plain"]


def test_a_running_step_is_drawn_at_most_twice_a_second(
    shown: Lab, memory: Memory, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def do(world: World, _view: Any) -> Outcome:
        seen = world.place.overview
        assert seen is not None
        for count in range(24):
            clock.now += 0.125  # exact in binary: 3 s in all
            world.place.saw(seen.with_part(Part("cluster", State.CREATING, detail=str(count))))
        world.place.saw(seen.with_part(Part("cluster", State.AVAILABLE)))
        return Outcome()

    monkeypatch.setitem(STEPS, 1, StepCode(lambda _: PASSED, do, always=True))
    count = len(memory.shown)
    shown.perform(1)
    during = memory.shown[count:-1]
    assert len(during) == 6  # 3 s
    assert all("creating: Aurora cluster" in bundle["text/plain"] for bundle, _, _ in during)
    assert "creating: Aurora cluster" not in memory.last["text/plain"]  # the last word comes


def test_a_look_that_takes_long_says_that_it_is_at_work(
    shown: Lab, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(world: World) -> None:
        while "looking at the account" not in memory.last["text/plain"]:
            pass

    monkeypatch.setattr(overview, "look", slow)
    monkeypatch.setattr(panel, "MOMENT", 0.01)
    shown.panel.refresh()
    assert "looking at the account" in memory.shown[-2][0]["text/plain"]
    assert "looking at the account" not in memory.last["text/plain"]


def test_before_is_kept_with_the_run_and_outlives_the_kernel(sandbox: Any, tmp_path: Path) -> None:
    work, first, second = tmp_path / "work", Memory(), Memory()
    with opened(sandbox, work) as lab:
        lab.panel = Panel(lab, screen=first)
        lab._ipython_display_()
        kept = json.loads((work / ".tsalab" / "before.json").read_text())
        assert kept["run"] == lab.run
        assert kept["parts"]["cluster"] == ["absent", ""]
        assert "has changed" not in first.last["text/plain"]
    # As if the secret had been there when the lab began: after a restart, it is missed.
    kept["parts"]["secret"] = ["available", ""]
    (work / ".tsalab" / "before.json").write_text(json.dumps(kept))
    with opened(sandbox, work) as lab:
        lab.panel = Panel(lab, screen=second)
        lab._ipython_display_()
    assert re.search(r"Secret\s+available\s+absent", second.last["text/plain"])
    assert json.loads((work / ".tsalab" / "before.json").read_text()) == kept


@pytest.mark.parametrize("broken", ["", "[]", '{"parts": {"vpc": "odd"}, "looked": "now"}'])
def test_a_broken_file_of_before_is_a_picture_less(shown: Lab, memory: Memory, broken: str) -> None:
    (shown.place.workdir / ".tsalab" / "before.json").write_text(broken)
    shown.panel.refresh()
    assert "0 of 30" in memory.last["text/plain"]


def test_who_only_inspects_writes_nothing(
    sandbox: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, memory: Memory
) -> None:
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, sandbox.env[name])
    lab = Lab.inspect(sandbox.name, workdir=str(tmp_path / "work"))
    lab.panel = Panel(lab, screen=memory)
    lab._ipython_display_()
    lab.close()
    assert "0 of 30" in memory.last["text/plain"]
    assert not (tmp_path / "work").exists()


def test_a_secret_in_what_is_shown_is_masked(shown: Lab, memory: Memory) -> None:
    shown.place.redactor.add("s3cret<&>pass")
    assert shown.place.overview is not None
    shown.place.overview = shown.place.overview.with_part(
        Part("cluster", State.FAILED, detail="it is s3cret<&>pass")
    )
    shown.panel._publish()
    assert not shown.place.redactor.holds(str(memory.last))
    pictures = re.findall(r"base64,([^\"]+)", memory.last["text/html"])
    assert pictures
    assert not any(shown.place.redactor.holds(base64.b64decode(each).decode()) for each in pictures)
