"""Executions: retried, superseded, stopped, and what a process that ended does to them."""

from __future__ import annotations

import json
import signal

import pytest
from code_plane import Plane, refusal, until

from .kit import Ground, action, waiting_stack


def test_a_failed_stage_is_retried(ground):
    ground.create(ground.files("A", BucketName=f"{ground.data}-late"), ground.files("B", ObjectKey="b"))
    ground.upload(index_dot_html="x")
    ran = ground.nth(1)
    assert ran["status"] == "Failed"
    which = {
        "pipelineName": ground.name,
        "stageName": "Deploy",
        "pipelineExecutionId": ran["pipelineExecutionId"],
        "retryMode": "FAILED_ACTIONS",
    }
    retry = ground.api.retry_stage_execution
    assert refusal(retry, **{**which, "stageName": "None"})[0] == "StageNotFoundException"
    assert refusal(retry, **{**which, "stageName": "Source"})[0] == "StageNotRetryableException"
    older = ground.executions()[0]["pipelineExecutionId"]
    assert (
        refusal(retry, **{**which, "pipelineExecutionId": older})[0] == "NotLatestPipelineExecutionException"
    )
    ground.s3.create_bucket(Bucket=f"{ground.data}-late")
    retry(**which)
    assert until(lambda: ground.nth(1)["status"] == "Succeeded")
    runs = ground.api.list_action_executions(
        pipelineName=ground.name,
        filter={
            "latestInPipelineExecution": {
                "pipelineExecutionId": ran["pipelineExecutionId"],
                "startTimeRange": "All",
            }
        },
    )["actionExecutionDetails"]
    assert sorted(row["actionName"] for row in runs) == ["A", "A", "B", "Source"]


def test_actions_follow_their_order(ground):
    first, second = ground.files("First", ObjectKey="1"), ground.files("Second", ObjectKey="2")
    first["runOrder"], second["runOrder"] = 2, 1
    ground.create(first, second)
    ground.upload(x="x")
    ran = ground.nth(1)
    rows = ground.api.list_action_executions(
        pipelineName=ground.name, filter={"pipelineExecutionId": ran["pipelineExecutionId"]}
    )["actionExecutionDetails"]
    assert [row["actionName"] for row in rows] == ["First", "Second", "Source"]


def test_a_newer_execution_supersedes_one_that_waits(ground):
    ground.create()
    waiting_stack(ground, 2)
    for _ in range(2):
        count = len(ground.executions())
        ground.upload()
        until(
            lambda count=count: (
                len(rows := ground.executions()) > count
                and (inbound := ground.api.get_pipeline_state(name=ground.name)["stageStates"][1]).get(
                    "inboundExecution"
                )
                and inbound["inboundExecution"]["pipelineExecutionId"] == rows[-1]["pipelineExecutionId"]
            )
        )
    superseded, newest = ground.executions()[2:]
    assert superseded["status"] == "Superseded"
    assert newest["pipelineExecutionId"] in superseded["statusSummary"]
    assert ground.nth(1)["status"] == "Failed"  # nobody signals: the wait condition times out
    assert ground.nth(3)["status"] in {"Succeeded", "Failed"}


def test_an_execution_is_stopped_at_once_or_after_its_actions(ground):
    ground.create()
    waiting_stack(ground, 2)
    key = ground.executions()[-1]["pipelineExecutionId"]
    which = {"pipelineName": ground.name, "pipelineExecutionId": key}
    ground.api.stop_pipeline_execution(reason="enough", **which)
    assert ground.executions()[-1]["status"] == "Stopping"
    assert refusal(ground.api.stop_pipeline_execution, **which)[0] == "DuplicatedStopRequestException"
    ground.api.stop_pipeline_execution(abandon=True, reason="now", **which)
    stopped = ground.executions()[-1]
    assert (stopped["status"], stopped["stopTrigger"]["reason"]) == ("Stopped", "now")
    assert ground.state()["latestExecution"]["status"] == "Abandoned"
    code, _ = refusal(ground.api.stop_pipeline_execution, **which)
    assert code == "PipelineExecutionNotStoppableException"


def test_a_stopped_execution_that_waits_or_ends_its_action_goes_no_further(ground):
    ground.create()
    waiting_stack(ground, 2)
    ground.upload()
    until(lambda: "inboundExecution" in ground.api.get_pipeline_state(name=ground.name)["stageStates"][1])
    for row in ground.executions()[1:]:
        ground.api.stop_pipeline_execution(
            pipelineName=ground.name, pipelineExecutionId=row["pipelineExecutionId"]
        )
    assert ground.nth(2)["status"] == "Stopped"
    assert ground.nth(1)["status"] == "Failed"  # its action failed meanwhile


def test_a_deleted_pipeline_ends_what_runs(ground):
    ground.create()
    waiting_stack(ground, 2)
    ground.api.delete_pipeline(name=ground.name)
    assert refusal(ground.api.get_pipeline, name=ground.name)[0] == "PipelineNotFoundException"


@pytest.fixture
def own(tmp_path):
    made = Plane(tmp_path)
    yield made
    if made.process.poll() is None:
        made.end()


def saved(plane, name):
    file = plane.root / "control" / "state" / "codepipeline.json"

    def look():
        if not file.exists():
            return False
        rows = json.loads(file.read_text())["payload"]["pipelines"]
        one = next((row for row in rows if row["declaration"]["name"] == name), {"executions": []})
        return len(one["executions"]) > 1 and any(run["external_id"] for run in one["executions"][-1]["runs"])

    until(look)


def test_what_ran_when_the_process_was_killed_is_marked_so(own):
    ground = Ground(own)
    ground.create()
    waiting_stack(ground, 30)
    saved(own, ground.name)
    own.end(signal.SIGKILL)
    own.start()
    ground.api = own.client("codepipeline")
    ran = ground.nth(1)
    assert (ran["status"], "stopped" in ran["statusSummary"]) == ("Failed", True)
    assert "sandbox was stopped" in ground.error()


def test_a_push_while_nobody_looked_starts_the_pipeline(own):
    ground = Ground(own)
    code = own.client("codecommit")
    code.create_repository(repositoryName="site")
    source = action(
        "Source", "Source", "CodeCommit", {"RepositoryName": "site", "BranchName": "master"}, outputs=["Code"]
    )
    ground.create(ground.files(), source=source)
    first = code.create_commit(
        repositoryName="site", branchName="master", putFiles=[{"filePath": "a", "fileContent": b"1"}]
    )["commitId"]
    assert ground.nth(1)["status"] == "Succeeded"
    own.end()
    bare = own.root / "repositories" / "site.git"
    import subprocess

    def git(*words, text=""):
        person = {
            f"GIT_{role}_{what}": "a@example.com"
            for role in ("AUTHOR", "COMMITTER")
            for what in ("NAME", "EMAIL")
        }
        done = subprocess.run(
            ["git", f"--git-dir={bare}", *words],
            input=text,
            capture_output=True,
            text=True,
            check=True,
            env=person,
        )
        return done.stdout.strip()

    second = git("commit-tree", f"{first}^{{tree}}", "-p", first, "-m", "meanwhile")
    git("update-ref", "refs/heads/master", second)
    own.start()
    ground.api = own.client("codepipeline")
    ran = ground.nth(2)
    assert ran["sourceRevisions"][0]["revisionId"] == second
    assert ran["status"] == "Succeeded"
