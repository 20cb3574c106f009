"""Sources and deploys: what a run brings about, and with which reason it fails."""

from __future__ import annotations

import json
import time

import pytest
from code_plane import refusal, zipped

from .kit import BROKEN, QUEUE, action, status


def test_an_upload_becomes_a_stack_at_once(ground):
    ground.create()
    assert "in.zip" in ground.error("Source")
    started = time.monotonic()
    version = ground.upload()
    ran = ground.nth(1)
    assert time.monotonic() - started < 1.5
    assert ran["status"] == "Succeeded"
    assert ran["trigger"]["triggerType"] == "PollForSourceChanges"
    assert ran["sourceRevisions"][0]["revisionId"] == version
    assert status(ground) == "CREATE_COMPLETE"
    rows = ground.api.list_action_executions(
        pipelineName=ground.name, filter={"pipelineExecutionId": ran["pipelineExecutionId"]}
    )["actionExecutionDetails"]
    assert [row["actionName"] for row in rows] == ["Stack", "Source"]
    where = rows[1]["output"]["outputArtifacts"][0]["s3location"]
    assert where["bucket"] == ground.store
    assert where["key"].startswith(f"{ground.name[:20]}/Code/")
    assert ground.s3.head_object(Bucket=where["bucket"], Key=where["key"])
    assert rows[0]["output"]["executionResult"]["externalExecutionId"].startswith("arn:aws:cloudformation")
    shown = ground.api.get_pipeline_execution(
        pipelineName=ground.name, pipelineExecutionId=ran["pipelineExecutionId"]
    )["pipelineExecution"]
    assert shown["artifactRevisions"][0]["revisionId"] == version
    source = ground.state("Source")
    assert source["currentRevision"]["revisionId"] == version
    assert source["latestExecution"]["status"] == "Succeeded"


def test_an_update_and_an_update_of_nothing_succeed(ground):
    ground.create()
    ground.upload()
    ground.nth(1)
    ground.upload(infra_dot_yml=QUEUE + "Outputs: {O: {Value: new}}\n")
    assert ground.nth(2)["status"] == "Succeeded"
    assert status(ground) == "UPDATE_COMPLETE"
    again = ground.api.start_pipeline_execution(name=ground.name)["pipelineExecutionId"]
    ran = ground.nth(3)
    assert (ran["pipelineExecutionId"], ran["status"]) == (again, "Succeeded")
    assert ran["trigger"]["triggerType"] == "StartPipelineExecution"
    assert ":user/learner" in ran["trigger"]["triggerDetail"]
    assert "no update" in ground.state()["latestExecution"]["summary"]


def test_parameters_and_role_reach_the_stack_and_large_templates_too(ground):
    overrides = json.dumps({"A": "text", "B": 5, "C": True, "D": ["x", "y"]})
    ground.create(ground.deploy(ParameterOverrides=overrides, RoleArn=ground.role))
    kinds = {"A": "String", "B": "Number", "C": "String", "D": "CommaDelimitedList"}
    parameters = f"Parameters: {json.dumps({k: {'Type': v} for k, v in kinds.items()})}\n"
    ground.upload(infra_dot_yml=parameters + QUEUE + "#" * 60_000 + "\n")
    assert ground.nth(1)["status"] == "Succeeded", ground.error()
    stack = ground.cloudformation.describe_stacks(StackName=ground.stack)["Stacks"][0]
    values = {row["ParameterKey"]: row["ParameterValue"] for row in stack["Parameters"]}
    assert values == {"A": "text", "B": "5", "C": "true", "D": "x,y"}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (zipped(other_dot_yml=QUEUE), ["File [infra.yml] does not exist in artifact [Code]", "other.yml"]),
        (b"not a zip", ["[Code] is not a zip file"]),
        (zipped(infra_dot_yml="Resources:\n  A:\n B: ["), ["Template"]),
        (zipped(infra_dot_yml="Resources: {A: {Type: AWS::No::Such}}"), ["AWS::No::Such"]),
        (zipped(infra_dot_yml=b"\xff\xfe"), ["not UTF-8"]),
    ],
)
def test_a_bad_upload_fails_with_its_reason(ground, body, words):
    ground.create()
    ground.upload(body)
    ran = ground.nth(1)
    assert ran["status"] == "Failed"
    for word in words:
        assert word in ground.error()
    detail = ground.api.list_action_executions(pipelineName=ground.name)["actionExecutionDetails"][0]
    assert detail["output"]["executionResult"]["errorDetails"]["message"] == ground.error()
    ground.upload()
    assert ground.nth(2)["status"] == "Succeeded"


def test_a_rolled_back_stack_fails_with_the_first_resource_s_reason(ground):
    ground.create()
    ground.upload(infra_dot_yml=BROKEN)
    assert ground.nth(1)["status"] == "Failed"
    assert ground.error().startswith("Bad (AWS::CodeCommit::Repository) CREATE_FAILED: ")
    assert "ROLLBACK_COMPLETE" in ground.error()
    ground.upload()
    assert ground.nth(2)["status"] == "Failed"  # as AWS has it: such a stack cannot be updated
    assert "ROLLBACK_COMPLETE" in ground.error()


def test_a_broken_stack_can_be_replaced_and_deleted(ground):
    ground.create(ground.deploy(ActionMode="REPLACE_ON_FAILURE"))
    ground.upload(infra_dot_yml=BROKEN)
    ground.nth(1)
    ground.upload()
    assert ground.nth(2)["status"] == "Succeeded", ground.error()
    declared = ground.declaration(ground.deploy(ActionMode="DELETE_ONLY"))
    assert ground.api.update_pipeline(pipeline=declared)["pipeline"]["version"] == 2
    ground.api.start_pipeline_execution(name=ground.name)
    assert ground.nth(3)["status"] == "Succeeded"
    assert "does not exist" in refusal(ground.cloudformation.describe_stacks, StackName=ground.stack)[1]
    ground.api.start_pipeline_execution(name=ground.name)
    assert ground.nth(4)["status"] == "Succeeded"


def test_a_role_that_cloudformation_may_not_assume_fails_the_action(ground):
    ground.create(ground.deploy(RoleArn=ground.role + "-none"))
    ground.upload()
    assert ground.nth(1)["status"] == "Failed"
    assert "cannot be assumed" in ground.error()


def test_a_bucket_without_versions_is_no_source(ground):
    ground.s3.create_bucket(Bucket=f"{ground.data}-plain")
    ground.create(source=ground.source(S3Bucket=f"{ground.data}-plain"))
    ground.s3.put_object(Bucket=f"{ground.data}-plain", Key="in.zip", Body=b"x")
    assert ground.nth(1)["status"] == "Failed"
    assert "keeps no versions" in ground.error("Source")


def test_a_source_that_does_not_poll_is_started_by_hand(ground):
    ground.create(source=ground.source(PollForSourceChanges="false"))
    ground.upload()
    ground.api.start_pipeline_execution(name=ground.name)
    assert ground.nth(1)["trigger"]["triggerType"] == "StartPipelineExecution"
    assert len(ground.executions()) == 2


def test_a_branch_is_deployed_to_a_bucket(ground):
    code = ground.plane.client("codecommit")
    code.create_repository(repositoryName=ground.name)
    source = action(
        "Source",
        "Source",
        "CodeCommit",
        {"RepositoryName": ground.name, "BranchName": "master"},
        outputs=["Code"],
    )
    whole = ground.files("Whole", Extract="false", ObjectKey="site-{uuid}.zip")
    keyless = ground.files("Keyless", Extract="false")
    ground.create(ground.files(ObjectKey="site/", CacheControl="max-age=60"), whole, source=source)
    assert "branch master does not exist" in ground.error("Source")
    files = [
        {"filePath": path, "fileContent": path.encode()}
        for path in ("index.html", "css/base.css", "js/app.js", "img/x.svg", "data.unknown")
    ]
    commit = code.create_commit(
        repositoryName=ground.name, branchName="master", putFiles=files, commitMessage="site"
    )["commitId"]
    ran = ground.nth(1)
    assert ran["status"] == "Succeeded", (ground.error(), ground.error(number=1))
    assert ran["sourceRevisions"][0]["revisionId"] == commit
    assert ran["sourceRevisions"][0]["revisionSummary"] == "site"
    kinds = {}
    for path in ("index.html", "css/base.css", "js/app.js", "img/x.svg", "data.unknown"):
        got = ground.s3.get_object(Bucket=ground.data, Key=f"site/{path}")
        assert got["Body"].read() == path.encode()
        assert got["CacheControl"] == "max-age=60"
        kinds[path] = got["ContentType"]
    assert kinds["index.html"] == "text/html"
    assert kinds["js/app.js"] == "application/javascript"
    assert kinds["data.unknown"] == "application/octet-stream"
    names = [row["Key"] for row in ground.s3.list_objects_v2(Bucket=ground.data, Prefix="site-")["Contents"]]
    assert len(names) == 1
    bare = ground.declaration(keyless, ground.files("Gone", BucketName="no-such-bucket"), source=source)
    ground.api.update_pipeline(pipeline=bare)
    code.put_file(
        repositoryName=ground.name, branchName="master", filePath="a", fileContent=b"", parentCommitId=commit
    )
    assert ground.nth(2)["status"] == "Failed"
    assert "ObjectKey is required" in ground.error()
    assert "no-such-bucket does not exist" in ground.error(number=1)
    code.delete_repository(repositoryName=ground.name)
    ground.api.start_pipeline_execution(name=ground.name)
    ground.nth(3)
    assert f"{ground.name} does not exist" in ground.error("Source")


def test_a_zip_that_leads_out_of_itself_is_refused(ground):
    ground.create(ground.files())
    ground.upload(zipped(**{"..__evil": "x"}))
    assert ground.nth(1)["status"] == "Failed"
    assert "leads out" in ground.error()
