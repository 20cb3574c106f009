"""Challenge mode: the learner does the steps; a cell looks, waits only for what is coming, and says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.conftest import opened
from tsalab.errors import SettingError, StepError
from tsalab.lab import Lab
from tsalab.show import StepView, note
from tsalab.steps import STEPS, Finding, Outcome, World
from tsalab.steps.step import StepCode

RECORD = "application/vnd.tsalab.step+json"


@pytest.fixture
def lab(sandbox: Any, tmp_path: Path) -> Iterator[Lab]:
    with opened(sandbox, tmp_path / "work", mode="challenge") as lab:
        yield lab


@pytest.fixture
def outputs(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    shown: list[dict[str, Any]] = []
    publish = StepView._publish
    monkeypatch.setattr(
        StepView, "_publish", lambda self, data: shown.append(data) or publish(self, data)
    )  # fmt: skip
    return shown


def looks(findings: list[Finding], seen: list[World]) -> Callable[[World], Finding]:
    """A check that gives one finding after another, and then the last of them for ever."""

    def check(world: World) -> Finding:
        seen.append(world)
        return findings[min(len(seen), len(findings)) - 1]

    return check


def test_a_cell_does_not_do_the_step(lab: Lab, outputs: list[dict[str, Any]]) -> None:
    with pytest.raises(StepError, match="Step 1"):
        lab.infra.open()
    assert not (lab.place.workdir / "infra.yml").exists()
    (record,) = lab.journal.records
    assert (record.mode, record.status) == ("challenge", "failed")
    assert record.next
    assert outputs[-1][RECORD] == record.to_json()
    for said in (record.saw, record.expected, record.next):
        assert said in outputs[-1]["text/plain"]


def test_what_the_learner_did_passes_as_by_hand(lab: Lab, sandbox: Any) -> None:
    with opened(sandbox, lab.place.workdir, mode="guided") as guided:
        guided.infra.open()
        text = (guided.place.workdir / "infra.yml").read_text()
        (by_cell,) = guided.journal.records
    lab.infra.open()
    by_hand = lab.journal.records[-1]
    assert (by_cell.mode, by_hand.mode) == ("guided", "challenge")
    same = ("step", "status", "saw", "expected", "next", "facts")
    assert [getattr(by_cell, name) for name in same] == [getattr(by_hand, name) for name in same]
    assert (lab.place.workdir / "infra.yml").read_text() == text


def test_what_nobody_began_is_not_waited_for(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[World] = []
    not_begun = Finding(False, "nothing is there", "a thing", "Begin it.")
    monkeypatch.setitem(STEPS, 9, StepCode(looks([not_begun], seen)))
    with pytest.raises(StepError):
        lab.perform(9, patience=600)
    assert len(seen) == 1


def test_what_is_on_its_way_is_waited_for_and_told(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(StepView, "line", lambda _view, text: told.append(text))
    seen: list[World] = []
    coming = [
        Finding(False, f"{count} of 3", "3 of 3", "Wait.", coming="three resources") for count in (1, 2, 2)
    ]
    code = StepCode(looks([*coming, Finding(True, "3 of 3", "3 of 3")], seen))
    monkeypatch.setitem(STEPS, 9, code)
    lab.perform(9, patience=60)
    assert "three resources" in told[0]
    assert "60 seconds" in told[0]
    assert told[1:] == ["2 of 3"]  # only what has changed
    assert len({id(world) for world in seen}) == len(seen)
    assert lab.journal.records[-1].passed


def test_a_wait_ends_when_what_came_is_wrong(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[World] = []
    coming = Finding(False, "at work", "done", "Wait.", coming="the stack")
    failed = Finding(False, "it failed", "done", "Mend it.")
    monkeypatch.setitem(STEPS, 9, StepCode(looks([coming, failed], seen)))
    with pytest.raises(StepError, match="Step 9") as caught:
        lab.perform(9, patience=600)
    assert "it failed" in caught.value.why


def test_what_only_shows_or_proves_runs_once_the_check_has_passed(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, outputs: list[dict[str, Any]]
) -> None:
    done: list[str] = []

    def do(_world: World, _view: StepView, **_: Any) -> Outcome:
        done.append("done")
        return Outcome({"mark_seen": True}, [note("it was proved")])

    failed, passed = Finding(False, "no", "yes", "Go on."), Finding(True, "yes", "yes")
    monkeypatch.setitem(STEPS, 30, StepCode(lambda _: failed, do, always=True))
    with pytest.raises(StepError):
        lab.site.verify()
    assert done == []
    monkeypatch.setitem(STEPS, 30, StepCode(lambda _: passed, do, always=True))
    lab.site.verify()
    assert done == ["done"]
    assert lab.journal.records[-1].facts["mark_seen"] is True
    assert "it was proved" in outputs[-1]["text/plain"]
    monkeypatch.setitem(STEPS, 24, StepCode(lambda _: passed, do))
    lab.code.commit("Use Aurora RDS")
    assert done == ["done"]


def test_what_an_answer_rests_on_is_shown(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, outputs: list[dict[str, Any]]
) -> None:
    found = Finding(False, "a slip", "none", "Mend it.", evidence=(note("the line itself"),))
    monkeypatch.setitem(STEPS, 2, StepCode(lambda _: found))
    with pytest.raises(StepError):
        lab.infra.add("database-subnet-group")
    assert "the line itself" in outputs[-1]["text/plain"]
    assert "the line itself" in outputs[-1]["text/html"]


def test_a_third_mode_is_refused(sandbox: Any, tmp_path: Path) -> None:
    with (
        pytest.raises(SettingError, match="Parameter mode cannot be"),
        opened(sandbox, tmp_path / "work", mode="cheat"),
    ):
        pass
