"""Hints, why-notes and by-hand pages, on a sandbox where labs 1 to 3 are done."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.conftest import opened, refused
from tests.show.sanitizer import sanitized
from tsalab.course import CLEANUP, LAB, LEVELS
from tsalab.course.guide import FIELDS
from tsalab.guidance.names import _READ
from tsalab.lab import Lab
from tsalab.records import MIMETYPE
from tsalab.show import StepView

Outputs = list[dict[str, Any]]
FRAGMENT = "Type: AWS::RDS::DBSubnetGroup"


@pytest.fixture
def outputs(monkeypatch: pytest.MonkeyPatch) -> Outputs:
    """What views show, in order."""
    shown: Outputs = []
    publish = StepView._publish
    monkeypatch.setattr(
        StepView, "_publish", lambda self, data: shown.append(data) or publish(self, data)
    )  # fmt: skip
    return shown


@pytest.fixture
def lab(sandbox: Any, tmp_path: Path) -> Iterator[Lab]:
    with opened(sandbox, tmp_path / "work", learner="Zoë") as lab:
        yield lab


@pytest.fixture(scope="module")
def shared(sandbox: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """One lab for the tests that look at each step."""
    with opened(sandbox, tmp_path_factory.mktemp("shared") / "work") as lab:
        yield lab


def levels(lab: Lab) -> list[tuple[int | str, Any]]:
    return [(record.step, record.facts["level"]) for record in lab.journal.of_kind("hint")]


def test_a_hint_is_for_the_step_where_the_learner_is(lab: Lab, outputs: Outputs) -> None:
    lab.hint()
    said = outputs[-1]["text/plain"]
    assert said.startswith("Step 1 · Open the template · hint 1 of 3: where to look")
    lab.infra.open()
    lab.hint()
    said = outputs[-1]["text/plain"]
    assert said.startswith("Step 2 · Add the database subnet group · hint 1 of 3: where to look")
    assert levels(lab) == [(1, 1), (2, 1)]


def test_each_call_goes_one_level_up_and_the_last_one_stays(lab: Lab, outputs: Outputs) -> None:
    lab.infra.open()
    texts = []
    for _ in range(4):
        lab.hint()
        texts.append(outputs[-1]["text/plain"])
    assert [f"hint {level} of 3" in text for level, text in zip((1, 2, 3, 3), texts, strict=True)] == [
        True
    ] * 4
    assert [FRAGMENT in text for text in texts] == [False, False, True, True]
    assert levels(lab) == [(2, 1), (2, 2), (2, 3), (2, 3)]
    assert [record.facts["name"] for record in lab.journal.of_kind("hint")][:3] == list(LEVELS)


def test_a_new_kernel_goes_on_with_the_next_level(sandbox: Any, tmp_path: Path, outputs: Outputs) -> None:
    for level in (1, 2):
        with opened(sandbox, tmp_path / "work") as lab:
            lab.hint(1)
            assert f"hint {level} of 3" in outputs[-1]["text/plain"]
            assert lab.journal.records[-1].run == lab.run


def test_what_another_kernel_asked_for_counts(sandbox: Any, tmp_path: Path) -> None:
    with opened(sandbox, tmp_path / "work") as one, opened(sandbox, tmp_path / "work") as other:
        one.hint(1)
        other.hint(1)
        assert levels(other) == [(1, 1), (1, 2)]


def test_a_hint_is_recorded_and_is_no_outcome(lab: Lab, outputs: Outputs) -> None:
    lab.hint(4, level=2)
    (record,) = lab.journal.records
    assert (record.kind, record.step, record.status, record.learner) == ("hint", 4, "failed", "Zoë")
    assert record.facts == {"level": 2, "levels": 3, "name": "pointer"}
    assert outputs[-1][MIMETYPE] == record.to_json()
    assert lab.journal.last(4) is None


def test_a_hint_begins_with_what_the_check_saw(lab: Lab, outputs: Outputs) -> None:
    lab.infra.open()
    template = lab.place.workdir / "infra.yml"
    template.write_text(template.read_text().replace("  VPC:\n", "\tVPC:\n"))
    lab.hint(2)
    (finding,) = lab.check([2])
    assert not finding.passed
    lines = outputs[-1]["text/plain"].splitlines()
    assert lines[1] == f"  saw:      {finding.saw}"
    assert "tab" in finding.saw


def test_a_step_that_is_done_needs_no_hint_unless_one_asks(lab: Lab, outputs: Outputs) -> None:
    lab.infra.open()
    lab.hint(1)
    assert "Step 1 (Open the template) is done" in outputs[-1]["text/plain"]
    assert lab.journal.of_kind("hint") == ()
    lab.hint(1, level=3)
    assert "aws s3 cp s3://" in outputs[-1]["text/plain"]
    assert [record.status for record in lab.journal.of_kind("hint")] == ["passed"]


def test_exact_hints_name_what_is_really_there(lab: Lab, outputs: Outputs) -> None:
    lab.hint(8, level=3)
    source = lab.place.pipeline.source
    assert f"aws s3 cp infra.yml.zip s3://{source.bucket}/{source.key}" in outputs[-1]["text/plain"]


def test_what_is_not_there_yet_has_a_placeholder_that_says_so(lab: Lab, outputs: Outputs) -> None:
    lab.hint(14, level=3)
    said = outputs[-1]["text/plain"]
    assert "mysql -u admin -p -h ENDPOINT DATABASE < dump.sql" in said
    assert "ENDPOINT stands for something that step 9 makes; it is not there yet." in said


@pytest.mark.parametrize("step", [*LAB.steps, *CLEANUP.steps], ids=lambda step: str(step.id))
def test_every_step_has_every_kind_of_help(shared: Lab, outputs: Outputs, step: Any) -> None:
    lab = shared
    seen = set()
    for level in (1, 2, 3):
        lab.hint(step.id, level=level)
        seen.add(outputs[-1]["text/plain"])
        sanitized(outputs[-1]["text/html"])
    lab.why(step.id)
    seen.add(outputs[-1]["text/plain"])
    lab.by_hand(step.id)
    page = outputs[-1]
    seen.add(page["text/plain"])
    assert len(seen) == 5
    assert step.by_hand in page["text/plain"]
    sanitized(page["text/html"])
    assert "<details" in page["text/html"]
    assert "{" not in outputs[-2]["text/plain"].partition("\n")[2]
    assert levels(lab)[-3:] == [(step.id, 1), (step.id, 2), (step.id, 3)]


def test_why_and_by_hand_follow_the_learner_and_record_nothing(lab: Lab, outputs: Outputs) -> None:
    lab.why()
    assert outputs[-1]["text/plain"].startswith("Step 1 · Open the template · why")
    lab.infra.open()
    before = lab.journal.records
    lab.by_hand()
    said = outputs[-1]["text/plain"]
    assert said.startswith("Step 2 · Add the database subnet group · by hand")
    assert "Directly above the line that begins with Outputs: paste this" in said
    assert FRAGMENT in said
    assert lab.journal.records == before


def test_by_hand_a_terminal_is_told_the_profile_and_the_way_in(lab: Lab, outputs: Outputs) -> None:
    lab.by_hand(27)
    said = outputs[-1]["text/plain"]
    assert f"ssh -F {lab.place.account.ssh_config} ec2-user@" in said
    assert "sudo su -\nThen:\ncd /opt/tsa_gallery\nforever stopall\ngit pull" in said
    lab.by_hand(8)
    said = outputs[-1]["text/plain"]
    assert f"AWS_PROFILE={lab.place.account.profile.name}" in said
    assert "SECRET_ACCESS_KEY" not in said


def test_who_cleans_up_is_not_sent_back_to_the_lab(lab: Lab, outputs: Outputs) -> None:
    lab.cleanup.delete_environment()
    lab.hint()
    assert outputs[-1]["text/plain"].startswith("Clean-up 1 · Empty the buckets · hint 1 of 3")


def test_after_the_last_step_there_is_nothing_to_hint_at(
    lab: Lab, outputs: Outputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tsalab.steps import STEPS, Finding
    from tsalab.steps.step import StepCode

    for step in LAB.steps:
        monkeypatch.setitem(STEPS, step.id, StepCode(lambda _: Finding(True, "done", "done")))
    for ask in (lab.hint, lab.why, lab.by_hand):
        ask()
        assert "Every step's check passes" in outputs[-1]["text/plain"]
    assert lab.journal.records == ()


@pytest.mark.parametrize("step", [0, 31, "cleanup-9", "9"])
def test_a_step_that_is_not_there(lab: Lab, step: Any) -> None:
    for ask in (lab.hint, lab.why, lab.by_hand):
        assert f"There is no step {step}." in refused(lambda ask=ask: ask(step)).what


@pytest.mark.parametrize("level", [0, 4])
def test_a_level_that_is_not_there(lab: Lab, level: int) -> None:
    assert f"no hint of level {level}" in refused(lambda: lab.hint(1, level=level)).what
    assert lab.journal.records == ()


def test_every_name_of_the_texts_is_read_somewhere() -> None:
    assert set(_READ) == FIELDS
