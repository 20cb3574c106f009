"""The lab as a notebook holds it: opened, looked at, interrupted, opened again."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

import tsalab
from tests.faults.conftest import opened
from tsalab import parameters
from tsalab.errors import ProfileError, SettingError, StepError, TsalabError
from tsalab.lab import Lab
from tsalab.show import StepView, note
from tsalab.steps import STEPS, Finding, Outcome, World
from tsalab.steps.step import StepCode

Open = Callable[..., AbstractContextManager[Lab]]


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return tmp_path / "work"


@pytest.fixture
def lab(sandbox: Any, work: Path) -> Iterator[Lab]:
    with opened(sandbox, work, learner="Zoë") as lab:
        yield lab


@pytest.fixture
def outputs(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What views show, in order."""
    shown: list[dict[str, Any]] = []
    publish = StepView._publish
    monkeypatch.setattr(
        StepView, "_publish", lambda self, data: shown.append(data) or publish(self, data)
    )  # fmt: skip
    return shown


def test_the_lab_has_one_public_name() -> None:
    assert tsalab.Lab is Lab


def test_it_opens_and_says_where_it_stands(sandbox: Any, work: Path, outputs: list[dict[str, Any]]) -> None:
    with opened(sandbox, work) as lab:
        said = outputs[-1]["text/plain"]
        assert "0 of 30" in said
        assert str(work) in said
        assert repr(lab) == f"Lab({sandbox.name}, learner, {work})"
    assert not work.exists()  # nothing is written before a step is done


def test_a_journal_goes_on_in_a_new_lab(sandbox: Any, work: Path, outputs: list[dict[str, Any]]) -> None:
    with opened(sandbox, work) as first:
        first.infra.open()
        run = first.run
    with opened(sandbox, work) as second:
        assert "1 of 30" in outputs[-1]["text/plain"]
        second.infra.open()
        before, after = second.journal.records
        assert after.previous == before.hash
        assert before.run == after.run == second.run == run


def test_a_record_says_who_did_what(lab: Lab, outputs: list[dict[str, Any]]) -> None:
    lab.infra.open()
    (record,) = lab.journal.records
    assert (record.learner, record.step, record.status) == ("Zoë", 1, "passed")
    assert record.section == "Add Aurora Serverless to CloudFormation"
    assert record.started <= record.ended
    assert outputs[-1]["application/vnd.tsalab.step+json"] == record.to_json()


def test_looking_writes_nothing(sandbox: Any, work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, sandbox.env[name])
    outputs: list[Any] = []
    monkeypatch.setattr(StepView, "_publish", lambda self, data: outputs.append(data))
    lab = Lab.inspect(sandbox.name, workdir=str(work))
    found = lab.check()
    lab.close()
    assert [step.number for step in found] == list(range(1, 31))
    assert not any(step.passed for step in found)
    assert all(step.next and step.saw and step.expected for step in found)
    assert not work.exists()
    assert outputs == []


def test_looking_starts_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    monkeypatch.setenv("TSALAB_HOME", str(home))
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    with pytest.raises(ProfileError, match="The sandbox sandbox is not running"):
        Lab.inspect("sandbox")
    assert not home.exists()


def test_an_unknown_parameter_is_refused_before_anything_is_done(
    sandbox: Any, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parameters, "cells_so_far", lambda: ['# Parameters\nproflie = "x"\n'])
    with pytest.raises(SettingError, match="Unknown parameter: proflie"), opened(sandbox, work):
        pass
    assert not work.exists()


@pytest.mark.parametrize(("name", "value"), [("method", "teleport"), ("region", "Mars"), ("learner", "")])
def test_a_malformed_parameter_is_refused_by_name(sandbox: Any, work: Path, name: str, value: str) -> None:
    with (
        pytest.raises(SettingError, match=f"Parameter {name} cannot be"),
        opened(sandbox, work, **{name: value}),
    ):
        pass
    assert not work.exists()


def never(_: World) -> Finding:
    return Finding(False, "not yet", "done", "Go on.")


@pytest.mark.parametrize("where", ["check", "do"])
def test_an_interrupted_step_leaves_its_record(lab: Lab, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    def interrupted(*_: Any) -> Any:
        raise KeyboardInterrupt

    code = StepCode(interrupted) if where == "check" else StepCode(never, interrupted)
    with monkeypatch.context() as patch:
        patch.setitem(STEPS, 1, code)
        with pytest.raises(KeyboardInterrupt):
            lab.infra.open()
    (record,) = lab.journal.records
    assert (record.step, record.status, record.saw) == (1, "failed", "it was interrupted")
    assert record.next == "Run the cell again."
    lab.infra.open()
    assert [record.status for record in lab.journal.records] == ["failed", "passed"]


def test_a_step_that_does_not_come_true_fails_with_what_was_seen(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, outputs: list[dict[str, Any]]
) -> None:
    looks = []
    check = lambda world: looks.append(world) or never(world)  # noqa: E731
    done = Outcome({"tried": True}, [note("it was tried")])
    monkeypatch.setitem(STEPS, 1, StepCode(check, lambda *_: done))
    with pytest.raises(StepError, match=r"Step 1 \(Open the template\) is not done") as caught:
        lab.perform(1, patience=0.2)
    assert "Saw: not yet. Expected: done" in caught.value.why
    assert len(looks) > 2  # it waited
    assert len({id(world) for world in looks}) == len(looks)  # and looked afresh each time
    (record,) = lab.journal.records
    account = lab.place.account
    where = {"account": account.identity["account"], "region": account.region}
    assert record.facts == {**where, "tried": True}
    assert "it was tried" in outputs[-1]["text/plain"]


def test_a_final_finding_is_not_waited_for(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = []

    def check(world: World) -> Finding:
        looks.append(world)
        return Finding(False, "broken", "whole", "Mend it.", final=True)

    monkeypatch.setitem(STEPS, 1, StepCode(check))
    with pytest.raises(StepError):
        lab.perform(1, patience=60)
    assert len(looks) == 2


def test_a_done_step_is_not_done_again(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[World] = []
    passed = Finding(True, "done", "done")
    for always, times in ((False, 0), (True, 1)):
        code = StepCode(lambda _: passed, lambda world, view: done.append(world) or Outcome(), always)
        monkeypatch.setitem(STEPS, 1, code)
        lab.perform(1)
        assert len(done) == times


def test_an_error_of_the_do_is_the_record_and_is_raised(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    error = StepError.still_used(3, "localhost")

    def do(*_: Any) -> Outcome:
        raise error

    monkeypatch.setitem(STEPS, 1, StepCode(never, do))
    with pytest.raises(StepError) as caught:
        lab.perform(1)
    assert caught.value is error
    (record,) = lab.journal.records
    assert record.saw == f"{error.what} {error.why}"
    assert record.next == error.next_step


def test_a_secret_in_what_is_seen_is_masked(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.place.redactor.add("s3kr1t-w0rd")
    found = Finding(False, "the word s3kr1t-w0rd", "no s3kr1t-w0rd", "Hide s3kr1t-w0rd.", final=True)
    monkeypatch.setitem(STEPS, 1, StepCode(lambda _: found))
    with pytest.raises(StepError):
        lab.perform(1)
    assert "s3kr1t-w0rd" not in lab.journal.path.read_text()


def test_no_such_step(lab: Lab) -> None:
    for step in (0, 31, "cleanup-9"):
        with pytest.raises(KeyError):
            lab.perform(step)
    assert lab.journal.records == ()


def test_the_folder_of_another_stack_is_set_aside(
    sandbox: Any, work: Path, outputs: list[dict[str, Any]]
) -> None:
    for number in (1, 2):
        with opened(sandbox, work) as lab:
            lab.infra.open()
        state = work / ".tsalab" / "lab.json"
        mine = json.loads(state.read_text())
        assert mine["stack"].startswith("arn:aws:cloudformation:")
        state.write_text(json.dumps({**mine, "stack": "arn:aws:cloudformation:of:another:account"}))
        (work / "infra.yml").write_text(f"the template of another stack, {number}")
        with opened(sandbox, work) as lab:
            assert lab.journal.records == ()
            assert f"{work}.{number} (it belongs to another stack)" in outputs[-1]["text/plain"]
        aside = work.with_name(f"{work.name}.{number}")
        assert (aside / "infra.yml").read_text() == f"the template of another stack, {number}"
        assert not work.exists()


def test_the_folder_of_this_stack_stays(sandbox: Any, work: Path) -> None:
    with opened(sandbox, work) as lab:
        lab.infra.open()
    (work / "notes.txt").write_text("mine")
    with opened(sandbox, work):
        assert (work / "notes.txt").read_text() == "mine"
    assert not work.with_name(f"{work.name}.1").exists()


def test_an_error_in_a_notebook_is_its_message_alone(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    shell = InteractiveShell(config=Config({"HistoryManager": {"enabled": False}}), user_ns={"lab": lab})
    capsys.readouterr()
    result = shell.run_cell('lab.infra.add("databse-cluster")')
    assert isinstance(result.error_in_exec, TsalabError)
    said = capsys.readouterr().out
    assert said.startswith("StepError: There is no edit databse-cluster.")
    assert "next: Use one of: database-subnet-group" in said
    assert "Traceback" not in said
    assert "rooms.py" not in said


def test_an_account_that_is_not_listed_is_refused(
    sandbox: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TSALAB_HOME", str(sandbox.home))
    monkeypatch.setenv("TSALAB_ACCOUNTS", "111122223333")
    with pytest.raises(ProfileError, match="in which nothing may be changed from here"):
        Lab.open(sandbox.name, workdir=str(tmp_path / "work"))
    assert not (tmp_path / "work").exists()


def test_the_variant_is_the_folders_until_it_belongs_to_another_stack(sandbox: Any, tmp_path: Path) -> None:
    work = tmp_path / "work"
    with opened(sandbox, work) as lab:
        assert lab.place.variant == "as-written"
    with opened(sandbox, work, variant="current"):
        pass
    with opened(sandbox, work) as lab:
        assert lab.place.variant == "current"
    file = work / ".tsalab" / "lab.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"stack": "another"}))
    with opened(sandbox, work) as lab:
        assert lab.place.variant == "as-written"
    assert (tmp_path / "work.1" / ".tsalab" / "lab.json").exists()
