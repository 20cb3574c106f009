"""The engine by itself: what an action's end does to its execution, however it ends."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from code_plane import until

from tsalab.sandbox.control.pipeline import engine as engine_module
from tsalab.sandbox.control.pipeline.engine import Engine
from tsalab.sandbox.control.pipeline.job import Result
from tsalab.sandbox.control.pipeline.model import INTERRUPTED, KEPT_EXECUTIONS, Execution, Pipeline
from tsalab.sandbox.control.pipeline.roles import trusts


def stage(name, provider):
    return {
        "name": name,
        "actions": [
            {
                "name": provider,
                "actionTypeId": {"category": name, "owner": "AWS", "provider": provider, "version": "1"},
                "configuration": {"RepositoryName": "none", "BranchName": "b"},
                "inputArtifacts": [],
                "outputArtifacts": [],
                "runOrder": 1,
            }
        ],
    }


@pytest.fixture
def pipeline():
    stages = [stage("Source", "CodeCommit"), stage("Deploy", "S3")]
    return Pipeline({"name": "p", "artifactStore": {"location": "store"}, "stages": stages})


@pytest.fixture
def engine(pipeline):
    context = SimpleNamespace(client=lambda name: None, endpoint_url="http://127.0.0.1:1")
    made = Engine(context, {}, lambda role, service: True, lambda: None)
    made.pipelines["p"] = pipeline
    yield made
    made.close()


def doing(monkeypatch, deploy):
    source = {("Source", "CodeCommit"): lambda job: Result("got")}
    monkeypatch.setattr(engine_module, "_ACTIONS", {**source, ("Deploy", "S3"): deploy})


def ended(execution):
    until(lambda: execution.status not in {"InProgress", "Stopping"})
    return execution


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (ValueError("odd"), "JobFailed", "ValueError: odd"),
        (EndpointConnectionError(endpoint_url="x"), "JobFailed", INTERRUPTED),
        (ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "Put"), "PermissionError", "no"),
        (ClientError({"Error": {"Code": "Slow", "Message": "later"}}, "Put"), "JobFailed", "later"),
    ],
)
def test_every_failure_has_its_reason(engine, pipeline, monkeypatch, error, code, words):
    def deploy(job):
        raise error

    doing(monkeypatch, deploy)
    execution = ended(engine.start(pipeline, "StartPipelineExecution", "me"))
    assert (execution.status, execution.stages) == ("Failed", {"Source": "Succeeded", "Deploy": "Failed"})
    assert execution.runs[-1].error["code"] == code
    assert words in execution.runs[-1].error["message"]


def test_each_action_keeps_pace_and_can_be_ended_meanwhile(engine, pipeline, monkeypatch):
    ran = []
    doing(monkeypatch, lambda job: ran.append(job) or Result())
    monkeypatch.setenv("TSALAB_PACE", "0.3")
    began = time.monotonic()
    execution = engine.start(pipeline, "StartPipelineExecution", "test")
    ended(execution)
    assert execution.status == "Succeeded"
    assert time.monotonic() - began >= 0.3 * len(execution.runs)
    assert len(execution.runs) == 2
    ran.clear()
    monkeypatch.setenv("TSALAB_PACE", "600")
    execution = engine.start(pipeline, "StartPipelineExecution", "test")
    until(lambda: execution.runs)
    engine.stop(execution, "enough", abandon=True)
    until(lambda: execution.id not in engine._threads)
    assert not ran


def test_closing_ends_what_runs_and_waits_and_says_so(engine, pipeline, monkeypatch):
    began = threading.Event()

    def deploy(job):
        began.set()
        job.wait(30)

    doing(monkeypatch, deploy)
    first = engine.start(pipeline, "StartPipelineExecution", "me")
    assert began.wait(5)
    second = engine.start(pipeline, "StartPipelineExecution", "me")
    until(lambda: engine.gates.waiting("p", "Deploy"))
    engine.close()
    assert [one.status for one in (first, second)] == ["Failed", "Failed"]
    assert first.runs[-1].error["message"] == INTERRUPTED
    assert not [one for one in threading.enumerate() if one.name.startswith("pipeline")]


def test_stopping_lets_the_action_end_and_goes_no_further(engine, pipeline, monkeypatch):
    began, may_end = threading.Event(), threading.Event()

    def deploy(job):
        began.set()
        assert may_end.wait(5)
        return Result("done")

    doing(monkeypatch, deploy)
    execution = engine.start(pipeline, "StartPipelineExecution", "me")
    assert began.wait(5)
    engine.stop(execution, "enough", abandon=False)
    may_end.set()
    assert ended(execution).status == "Stopped"
    assert execution.runs[-1].status == "Succeeded"


def test_what_an_abandoned_action_gives_counts_no_more(engine, pipeline, monkeypatch):
    began, may_end = threading.Event(), threading.Event()

    def deploy(job):
        began.set()
        assert may_end.wait(5)
        return Result("late")

    doing(monkeypatch, deploy)
    execution = engine.start(pipeline, "StartPipelineExecution", "me")
    assert began.wait(5)
    engine.forget(pipeline)
    may_end.set()
    until(lambda: not [one for one in threading.enumerate() if one.name.startswith("pipeline")])
    assert (execution.status, execution.runs[-1].status) == ("Cancelled", "Abandoned")
    assert execution.runs[-1].summary == ""


def test_polling_ignores_sources_that_are_not_there(engine, pipeline):
    pipeline.executions.append(Execution(1, {}, status="Succeeded"))
    engine.poll()
    assert len(pipeline.executions) == 1


def test_only_so_many_executions_are_kept(pipeline):
    for _ in range(KEPT_EXECUTIONS + 5):
        pipeline.add(Execution(1, {}, status="Succeeded"))
    assert len(pipeline.executions) == KEPT_EXECUTIONS


def test_a_saved_pipeline_is_the_same_and_what_ran_is_interrupted(pipeline):
    pipeline.add(Execution(1, {"triggerType": "x"}, stages={"Source": "InProgress"}))
    loaded = Pipeline.load(pipeline.dump())
    assert loaded.declaration == pipeline.declaration
    assert (loaded.executions[0].status, loaded.executions[0].summary) == ("Failed", INTERRUPTED)
    assert loaded.executions[0].stages == {"Source": "Failed"}


SERVICE = "codepipeline.amazonaws.com"


@pytest.mark.parametrize(
    ("statement", "good"),
    [
        ({"Effect": "Allow", "Principal": {"Service": SERVICE}, "Action": "sts:AssumeRole"}, True),
        ({"Effect": "Allow", "Principal": "*", "Action": ["sts:*"]}, True),
        (
            {"Effect": "Allow", "Principal": {"Service": ["ec2.amazonaws.com"]}, "Action": "sts:AssumeRole"},
            False,
        ),
        ({"Effect": "Allow", "Principal": {"Service": SERVICE}, "Action": "sts:TagSession"}, False),
        ({"Effect": "Deny", "Principal": {"Service": SERVICE}, "Action": "sts:AssumeRole"}, False),
    ],
)
def test_a_role_trusts_whom_its_policy_names(statement, good):
    assert trusts({"Statement": statement}, SERVICE) is good
