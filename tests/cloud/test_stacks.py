"""Stacks and the pipeline: what is there, what failed first, and how long one waits."""

from __future__ import annotations

import itertools
import json
import random
import statistics
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tsalab.cloud.account import Account
from tsalab.cloud.pipeline import Execution, Pipeline, StageState
from tsalab.cloud.stacks import Stack
from tsalab.cloud.waiting import poll
from tsalab.errors import CloudError

from .conftest import profile_of

NAME = "tests-stack"
TEMPLATE = {
    "Parameters": {"Word": {"Type": "String", "Default": "x"}},
    "Resources": {"Queue": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "tests-stack-bucket"}}},
    "Outputs": {"Made": {"Value": {"Ref": "Queue"}}},
}


@pytest.fixture
def stack(account: Account) -> Iterator[Stack]:
    account.client("cloudformation").create_stack(StackName=NAME, TemplateBody=json.dumps(TEMPLATE))
    made = Stack(account, NAME)
    _, there = poll(made.state, lambda state: state is not None and state.settled, seconds=20)
    assert there
    yield made
    made.delete()
    _, gone = poll(made.state, lambda state: state is None, seconds=20)
    assert gone


def test_a_stack_as_it_is(stack: Stack) -> None:
    state = stack.state()
    assert state is not None
    assert (state.name, state.status) == (NAME, "CREATE_COMPLETE")
    assert state.settled
    assert state.healthy
    assert state.stack_id.startswith("arn:aws:cloudformation:")
    assert state.outputs == {"Made": "tests-stack-bucket"}
    assert state.parameters == {"Word": "x"}
    assert stack.resources() == {"Queue": "tests-stack-bucket"}
    events = stack.events()
    assert events[0].resource == NAME  # the newest first
    assert events[0].status == "CREATE_COMPLETE"
    assert {event.resource for event in events} == {NAME, "Queue"}
    assert stack.failure() is None


def test_there_is_no_such_stack(account: Account) -> None:
    assert Stack(account, "nowhere").state() is None
    with pytest.raises(CloudError, match="refused to list the resources of the stack nowhere"):
        Stack(account, "nowhere").resources()


def test_the_newest_deletions_cause_counts(stubbed: Any) -> None:
    account, api = stubbed("cloudformation")

    def event(number: int, resource: str, status: str, reason: str = "") -> dict[str, Any]:
        named = {"StackId": "s", "StackName": "x", "EventId": str(number), "LogicalResourceId": resource}
        when = datetime(2026, 1, 1, 0, number, tzinfo=UTC)
        told = {"ResourceStatus": status, "ResourceStatusReason": reason}
        return {**named, "ResourceType": "T", "Timestamp": when, **told}

    told = [
        event(1, "x", "DELETE_IN_PROGRESS"),
        event(2, "StackData", "DELETE_FAILED", "the bucket is not empty"),
        event(3, "x", "DELETE_FAILED", "StackData"),
        event(4, "x", "DELETE_IN_PROGRESS"),
        event(5, "Role", "DELETE_FAILED", "a policy is attached"),
        event(6, "x", "DELETE_FAILED", "Role"),
    ]
    api.add_response("describe_stack_events", {"StackEvents": told[::-1]})
    found = Stack(account, "x").failure()
    assert found is not None
    assert (found.resource, found.reason) == ("Role", "a policy is attached")


def test_a_refusal_is_no_absent_stack(stubbed: Any) -> None:
    account, api = stubbed("cloudformation")
    api.add_client_error("describe_stacks", "AccessDenied", "not you")
    with pytest.raises(CloudError, match="refused to describe the stack x: AccessDenied"):
        Stack(account, "x").state()


def events(*rows: tuple[str, str, str]) -> dict[str, Any]:
    """A stack's history, given oldest first as resource, status and reason."""
    common = {"StackId": "id", "StackName": "S", "ResourceType": "T", "Timestamp": datetime.now(UTC)}
    made = [
        {
            **common,
            "EventId": str(number),
            "LogicalResourceId": row[0],
            "ResourceStatus": row[1],
            "ResourceStatusReason": row[2],
        }
        for number, row in enumerate(rows)
    ]
    return {"StackEvents": made[::-1]}


LAST_TIME = [("S", "UPDATE_IN_PROGRESS", ""), ("Old", "CREATE_FAILED", "long ago")]
BEGAN = ("S", "UPDATE_IN_PROGRESS", "")
ROLLED_BACK = [("S", "UPDATE_ROLLBACK_IN_PROGRESS", ""), ("S", "UPDATE_ROLLBACK_COMPLETE", "")]


@pytest.mark.parametrize(
    ("rows", "first"),
    [
        (
            [
                *LAST_TIME,
                BEGAN,
                ("Cluster", "CREATE_FAILED", "no room"),
                ("Other", "CREATE_FAILED", "Resource creation cancelled"),
                *ROLLED_BACK,
            ],
            ("Cluster", "no room"),
        ),
        ([*LAST_TIME, BEGAN, ("S", "UPDATE_COMPLETE", "")], None),
        ([BEGAN, ("A", "UPDATE_FAILED", "first"), ("B", "UPDATE_FAILED", "second")], ("A", "first")),
    ],
    ids=["of a rollback", "not of the time before", "the first of two"],
)
def test_what_failed_first(
    stubbed: Any, rows: list[tuple[str, str, str]], first: tuple[str, str] | None
) -> None:
    account, api = stubbed("cloudformation")
    api.add_response("describe_stack_events", events(*rows))
    found = Stack(account, "S").failure()
    assert (found and (found.resource, found.reason)) == first


def test_no_pipeline_without_the_bootstrap_stack(account: Account) -> None:
    with pytest.raises(CloudError, match="There is no bootstrap stack TSA-Bootstrap") as caught:
        Pipeline(account, "TSA-Bootstrap")
    assert "lab 1" in caught.value.next_step


def test_a_stack_without_a_pipeline(stack: Stack, account: Account) -> None:
    with pytest.raises(CloudError, match=f"There is no pipeline in the stack {NAME}"):
        Pipeline(account, NAME)


@pytest.fixture
def real(sandbox: Any) -> Pipeline:
    return Pipeline(Account(profile_of(sandbox)), "TSA-Bootstrap")


def test_the_pipeline_of_lab_1(real: Pipeline) -> None:
    assert real.source.key.endswith("infra.yml.zip")
    assert real.stack_name == "TSAGallery"
    assert real.stages == ("Source", "Deploy")
    assert [(stage.name, stage.status) for stage in real.state()] == [
        ("Source", "Succeeded"),
        ("Deploy", "Succeeded"),
    ]
    run = real.executions()[0]
    assert run.status == "Succeeded"
    assert {stage.execution for stage in real.state()} == {run.execution_id}
    assert real.execution_of(run.revision) == run
    assert real.execution_of("another version") is None


DEFINITION = {
    "name": "TSABootstrap-Pipeline",
    "roleArn": "arn:aws:iam::123456789012:role/lab",
    "stages": [
        {"name": stage, "actions": [{"name": stage, "actionTypeId": kind, "configuration": configuration}]}
        for stage, kind, configuration in (
            (
                "Source",
                {"category": "Source", "owner": "AWS", "provider": "S3", "version": "1"},
                {"S3Bucket": "data", "S3ObjectKey": "infra.yml.zip"},
            ),
            (
                "Deploy",
                {"category": "Deploy", "owner": "AWS", "provider": "CloudFormation", "version": "1"},
                {"StackName": "Mine"},
            ),
        )
    ],
}


def test_a_pipeline_found_by_its_name_alone(stubbed: Any) -> None:
    """The lab's text also calls it TSABootstrap-Pipeline, and no stack need have made it."""
    account, stacks = stubbed("cloudformation")
    account, pipelines = stubbed("codepipeline")
    for _ in range(2):
        stacks.add_client_error("describe_stacks", "ValidationError", "Stack with id X does not exist")
    pipelines.add_client_error("get_pipeline", "PipelineNotFoundException", "no")
    for _ in range(2):
        pipelines.add_response("get_pipeline", {"pipeline": DEFINITION})
    found = Pipeline(account, "TSA-Bootstrap")
    assert (found.name, found.stack_name, found.source.bucket) == ("TSABootstrap-Pipeline", "Mine", "data")


def test_a_pipeline_that_never_ran(real: Pipeline, stubbed: Any) -> None:
    account, api = stubbed("codepipeline")
    real._account = account
    api.add_response("list_pipeline_executions", {"pipelineExecutionSummaries": []})
    api.add_response("get_pipeline_state", {"stageStates": [{"stageName": "Source"}]})
    assert real.execution_of("v") is None
    assert real.state() == [StageState("Source", "NotStarted", "", "")]


def test_a_run_without_a_revision_and_a_stage_that_failed(real: Pipeline, stubbed: Any) -> None:
    account, api = stubbed("codepipeline")
    real._account = account
    row = {"pipelineExecutionId": "1", "status": "InProgress"}
    api.add_response("list_pipeline_executions", {"pipelineExecutionSummaries": [row]})
    actions = [
        {"latestExecution": {"errorDetails": {"message": "no role"}, "summary": "not shown"}},
        {"latestExecution": {"summary": "late"}},
        {},
    ]
    latest = {"pipelineExecutionId": "1", "status": "Failed"}
    stage = {"stageName": "Deploy", "latestExecution": latest, "actionStates": actions}
    api.add_response("get_pipeline_state", {"stageStates": [stage]})
    assert real.executions() == [Execution("1", "InProgress", "")]
    assert real.state() == [StageState("Deploy", "Failed", "no role; late", "1")]


def test_a_throttled_start_is_told(real: Pipeline, stubbed: Any) -> None:
    account, api = stubbed("codepipeline")
    real._account = account
    api.add_client_error("start_pipeline_execution", "ThrottlingException", "Rate exceeded")
    with pytest.raises(CloudError, match="refused to start the pipeline"):
        real.start()


def test_a_wait_reads_at_least_once_and_tells_how_it_ended() -> None:
    readings = itertools.count()
    assert poll(lambda: next(readings), lambda seen: seen == 0, seconds=0) == (0, True)
    assert poll(lambda: next(readings), lambda seen: False, seconds=0) == (1, False)
    assert poll(lambda: next(readings), lambda seen: seen == 4, seconds=20) == (4, True)


def pauses_of(monkeypatch: pytest.MonkeyPatch, seconds: float) -> list[float]:
    """The pauses of a wait for what never comes; its time passes in no time."""
    now, pauses = [0.0], []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        now[0] += seconds

    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(time, "sleep", sleep)
    _, ended = poll(lambda: None, lambda _: False, seconds=seconds)
    assert not ended
    assert now[0] == pytest.approx(seconds)
    return pauses


def test_a_wait_backs_off_and_ends_in_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "uniform", lambda low, high: (low + high) / 2)
    pauses = pauses_of(monkeypatch, 600)
    assert pauses[:-1] == sorted(pauses[:-1])
    assert max(pauses) == 5
    assert len(pauses) < 170


def test_two_who_begin_together_do_not_ask_together(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = pauses_of(monkeypatch, 600), pauses_of(monkeypatch, 600)
    assert not set(one) & set(other)
    for late in (one, other):
        assert max(late) <= 6
        assert 4 <= statistics.mean(late[-20:-1]) <= 6
