"""Before the clean-up deletes anything: the list, and the question."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from IPython.core.error import StdinNotImplementedError

from tests.faults.conftest import opened, refused
from tsalab.lab import Lab
from tsalab.show import StepView, asking
from tsalab.steps import deletion


@pytest.fixture
def lab(sandbox: Any, tmp_path: Any) -> Iterator[Lab]:
    """A lab in a sandbox that is not cleaned up: whatever is not confirmed is not done."""
    with opened(sandbox, tmp_path / "work") as lab:
        yield lab


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str | None]]:
    """Answers to be given, in order."""
    given: list[str | None] = []
    monkeypatch.setattr(deletion, "ask", lambda _question: given.pop(0))
    yield given
    assert given == [], "not every question was asked"


def objects(lab: Lab) -> dict[str, int]:
    """Versions in each bucket."""
    s3 = lab.place.account.client("s3")
    names = [row["Name"] for row in s3.list_buckets()["Buckets"]]
    return {name: len(s3.list_object_versions(Bucket=name).get("Versions", [])) for name in names}


def test_the_list_says_what_goes_why_and_what_it_costs(lab: Lab) -> None:
    lab.cleanup.list()  # shows it where there is a cell
    told = "\n".join(part.text for part in deletion.listed(lab.place))
    account, region = lab.place.account.identity["account"], lab.place.account.region
    assert f"things of the lab in account {account}, region {region}" in told
    assert "tag created-by = tsalab" in told
    assert "a name that only the lab's stacks give" in told
    assert "34.66" in told, "the web server with its address and volume, for a month"


@pytest.mark.parametrize(
    ("answer", "told"),
    [(None, "nobody can be asked"), ("no", "would have gone for good"), ("", "would have gone for good")],
)
def test_nothing_goes_that_was_not_confirmed(
    lab: Lab, answers: list[str | None], answer: str | None, told: str
) -> None:
    before = objects(lab)
    assert sum(before.values()) > 10
    for destroy in (lab.cleanup.empty_buckets, lab.cleanup.delete_stack, lab.cleanup.delete_snapshots):
        answers.append(answer)
        error = refused(destroy)
        assert told in error.why
        assert lab.place.account.identity["account"] in error.why
    assert objects(lab) == before
    assert not lab.check(["cleanup-5"])[0].passed
    assert not lab.check(["cleanup-8"])[0].passed


def test_who_says_yes_is_not_asked_again(lab: Lab, answers: list[str | None]) -> None:
    answers.append("Yes")
    with StepView("cleanup", "asked") as view:
        deletion.confirm(lab.place, view)
        deletion.confirm(lab.place, view)


def test_nobody_is_there_to_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", StringIO("yes\n"))  # no terminal
    assert asking.ask("Really?") is None


def test_a_kernel_whose_client_takes_no_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(_question: str) -> str:
        raise StdinNotImplementedError("raw_input was called, but this frontend does not support it")

    monkeypatch.setattr(asking, "_in_a_kernel", lambda: True)
    monkeypatch.setattr("builtins.input", refuses)
    assert asking.ask("Really?") is None
    monkeypatch.setattr("builtins.input", lambda question: f" {question[:3]} ")
    assert asking.ask("yes?") == "yes"
