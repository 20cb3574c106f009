"""The sandbox's answers, held against the models: what only looks, quickly; and the comparison itself.

``make conformance`` does it with the whole lab.
"""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.contract import conformance
from tests.contract.shapes import Report
from tests.contract.test_calls import CALLS, operation_model
from tests.faults.conftest import opened
from tsalab.steps import World


def test_what_the_sandbox_answers_to_looks(sandbox: Any, tmp_path: Path) -> None:
    report = Report()
    with conformance.recorded(report), opened(sandbox, tmp_path / "work") as lab:
        conformance.looks_at_nothing(lab.place.account)
        lab.check()
        lab.preflight()
        assert World(lab.place).bucket.versioned()
    assert report.deviations == {}
    assert len(set(report.answers) & set(CALLS)) > 20
    assert len(report.members) > 150
    assert report.refusals["rds", "describe_db_clusters"] == {"DBClusterNotFoundFault"}


def compared(service: str, operation: str, content: dict[str, Any], raw: Any = None) -> list[str]:
    report = Report()
    whole = {"ResponseMetadata": {"HTTPStatusCode": 200}} | content
    report.answer(service, operation, operation_model(service, operation), whole, raw)
    assert report.answers[service, operation] == 1
    return sorted(report.deviations)


STACK = {
    "StackName": "x",
    "CreationTime": datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC),
    "StackStatus": "CREATE_COMPLETE",
}


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({}, []),
        ({"StackStatus": "DONE"}, ["StackStatus: is 'DONE', which is none of the model's values"]),
        ({"StackName": 5}, ["StackName: is int rather than string"]),
        ({"CreationTime": "yesterday"}, ["CreationTime: is str rather than timestamp"]),
        ({"Outputs": {}}, ["Outputs: is dict rather than a list"]),
        ({"DisableRollback": "false"}, ["DisableRollback: is str rather than boolean"]),
        ({"Outputs": ["x"]}, ["Outputs[]: is str rather than a structure"]),
    ],
)
def test_a_wrong_member_is_found(change: dict[str, Any], complaint: list[str]) -> None:
    found = compared("cloudformation", "describe_stacks", {"Stacks": [STACK | change]})
    assert found == [f"cloudformation.describe_stacks: .Stacks[].{each}" for each in complaint]


def test_a_required_member_that_is_missing_is_found() -> None:
    lacking = {name: value for name, value in STACK.items() if name != "StackStatus"}
    found = compared("cloudformation", "describe_stacks", {"Stacks": [lacking]})
    assert found == ["cloudformation.describe_stacks: .Stacks[].StackStatus: is required and missing"]


def test_a_member_that_the_model_does_not_know_is_found() -> None:
    raw = {"branch": {"branchName": "master", "colour": "green"}}
    found = compared("codecommit", "get_branch", {"branch": {"branchName": "master"}}, raw)
    assert found == ["codecommit.get_branch: .branch.colour: is not in the model"]


@pytest.mark.parametrize(("code", "good"), [("BranchDoesNotExistException", True), ("NoSuchBranch", False)])
def test_a_refusal_that_aws_does_not_know_is_found(code: str, *, good: bool) -> None:
    refusal = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": 400}}
    found = compared("codecommit", "get_branch", refusal)
    assert found == ([] if good else [f"codecommit.get_branch: refuses with {code}, which AWS does not"])


def test_the_report_tells_what_was_never_called() -> None:
    lines, good = conformance.verdict(Report())
    assert not good
    assert "not called: sts.get_caller_identity" in lines
