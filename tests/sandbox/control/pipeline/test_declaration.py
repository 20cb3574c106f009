"""Pipelines as they are declared: shown, refused, permitted, and held by a stack."""

from __future__ import annotations

import json

import pytest
from code_plane import refusal, until

from .kit import action


def test_pipelines_are_shown_listed_and_tagged(ground):
    made = ground.create()
    got = ground.api.get_pipeline(name=ground.name)
    assert got["pipeline"] == made
    assert (made["version"], made["pipelineType"], made["executionMode"]) == (1, "V1", "SUPERSEDED")
    arn = got["metadata"]["pipelineArn"]
    assert (
        refusal(ground.api.get_pipeline, name=ground.name, version=9)[0] == "PipelineVersionNotFoundException"
    )
    assert ground.name in {row["name"] for row in ground.api.list_pipelines()["pipelines"]}
    ground.api.tag_resource(resourceArn=arn, tags=[{"key": "a", "value": "1"}, {"key": "b", "value": "2"}])
    ground.api.untag_resource(resourceArn=arn, tagKeys=["a"])
    assert ground.api.list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "b", "value": "2"}]
    assert refusal(ground.api.list_tags_for_resource, resourceArn=arn + "x")[0] == "ResourceNotFoundException"
    ground.api.start_pipeline_execution(name=ground.name)
    page = ground.api.list_pipeline_executions(pipelineName=ground.name, maxResults=1)
    rest = ground.api.list_pipeline_executions(pipelineName=ground.name, nextToken=page["nextToken"])
    assert len(rest["pipelineExecutionSummaries"]) == 1
    succeeded = ground.api.list_pipeline_executions(
        pipelineName=ground.name, filter={"succeededInStage": {"stageName": "Deploy"}}
    )
    assert succeeded["pipelineExecutionSummaries"] == []


def test_unknown_things_are_refused(ground):
    ground.create()
    api = ground.api
    of = {"pipelineName": ground.name}
    assert refusal(api.create_pipeline, pipeline=ground.declaration())[0] == "PipelineNameInUseException"
    assert refusal(api.list_pipeline_executions, nextToken="x", **of)[0] == "InvalidNextTokenException"
    for call in (api.get_pipeline_execution, api.stop_pipeline_execution):
        code, _ = refusal(call, pipelineExecutionId="0" * 36, **of)
        assert code in {"PipelineExecutionNotFoundException", "ValidationException"}
    variables = [{"name": "a", "value": "b"}]
    assert refusal(api.start_pipeline_execution, name=ground.name, variables=variables)[0] == (
        "NotImplementedException"
    )
    assert refusal(api.list_webhooks)[0] == "NotImplementedException"
    other = {**ground.declaration(), "name": "none"}
    assert refusal(api.update_pipeline, pipeline=other)[0] == "PipelineNotFoundException"


def changed(declaration, *path_and_value):
    *path, last, value = path_and_value
    place = declaration
    for step in path:
        place = place[step]
    place[last] = value
    return declaration


ACTION = ("stages", 1, "actions", 0)


SETTINGS = (*ACTION, "configuration")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("roleArn", "arn:aws:iam::000000000000:role/none"), "AssumeRole"),
        (("artifactStore", None), "artifactStore"),
        (("executionMode", "QUEUED"), "executionMode QUEUED"),
        (("variables", [{"name": "v"}]), "variables"),
        (("stages", 1, "blockers", [{"name": "b", "type": "Schedule"}]), "blockers"),
        (("artifactStore", "encryptionKey", {"id": "k", "type": "KMS"}), "encryptionKey"),
        (("stages", []), "minimum of 2 stages"),
        (("stages", 1, "name", "Source"), "same name"),
        (("stages", 1, "actions", []), "no actions"),
        ((*ACTION, "actionTypeId", "provider", "CodeBuild"), "not available"),
        ((*ACTION, "actionTypeId", "owner", "Custom"), "not available"),
        ((*ACTION, "namespace", "N"), "namespace"),
        ((*ACTION, "inputArtifacts", []), "input artifacts"),
        ((*ACTION, "inputArtifacts", [{"name": "Code"}, {"name": "Other"}]), "Artifact Bundle Other"),
        ((*SETTINGS, "ChangeSetName", "x"), "ChangeSetName"),
        ((*SETTINGS, "ActionMode", "CHANGE_SET_REPLACE"), "CHANGE_SET_REPLACE"),
        ((*SETTINGS, "StackName", "#{v.x}"), "variables"),
        ((*SETTINGS, "TemplatePath", "infra.yml"), "Artifact::file"),
        ((*SETTINGS, "TemplatePath", "Other::infra.yml"), "Other"),
        ((*SETTINGS, "ParameterOverrides", "{"), "not JSON"),
        ((*SETTINGS, "ParameterOverrides", "[]"), "not a JSON object"),
        ((*SETTINGS, "ParameterOverrides", '{"A": {"Fn::GetParam": []}}'), "functions"),
        (("stages", 0, "actions", 0, "configuration", "S3Bucket", "#{x}"), "variables"),
        (("stages", 0, "actions", 0, "outputArtifacts", []), "outputArtifacts"),
    ],
)
def test_what_cannot_run_is_refused_when_it_is_declared(ground, change, words):
    declared = changed(ground.declaration(), *change)
    if declared["artifactStore"] is None:
        del declared["artifactStore"]
    code, message = refusal(ground.api.create_pipeline, pipeline=declared)
    assert words in message
    assert code in {"InvalidStructureException", "InvalidActionDeclarationException"}


def test_more_that_cannot_run_is_refused(ground):
    def why(*deploys, source=None):
        return refusal(ground.api.create_pipeline, pipeline=ground.declaration(*deploys, source=source))[1]

    assert "same name" in why(ground.deploy(), ground.deploy())
    assert "first stage" in why(source=ground.files())
    incomplete = ground.deploy()
    del incomplete["configuration"]["StackName"]
    assert "missing required configuration 'StackName'" in why(incomplete)
    del incomplete["configuration"]["TemplatePath"]
    incomplete["configuration"]["StackName"] = "x"
    assert "TemplatePath" in why(incomplete)
    twice = ground.declaration()
    twice["stages"][0]["actions"].append({**ground.source(), "name": "Again"})
    assert "must be unique" in refusal(ground.api.create_pipeline, pipeline=twice)[1]
    format_ = {"RepositoryName": "r", "BranchName": "b", "OutputArtifactFormat": "CODEBUILD_CLONE_REF"}
    assert "CODE_ZIP" in why(source=action("S", "Source", "CodeCommit", format_, outputs=["Code"]))
    bad = {**ground.declaration(), "name": "a b"}
    code, _ = refusal(ground.api.create_pipeline, pipeline=bad)
    assert code == "ValidationException"


def test_permissions_on_pipelines_hold(ground, plane):
    ground.create()
    iam = plane.client("iam")
    user = f"p-{ground.name}"
    iam.create_user(UserName=user)
    allowed = {
        "Effect": "Allow",
        "Action": ["codepipeline:Get*", "codepipeline:Retry*"],
        "Resource": [
            f"arn:aws:codepipeline:us-east-1:{plane.account}:{ground.name}",
            f"arn:aws:codepipeline:us-east-1:{plane.account}:{ground.name}/Deploy",
        ],
    }
    iam.put_user_policy(UserName=user, PolicyName="p", PolicyDocument=json.dumps({"Statement": [allowed]}))
    key = iam.create_access_key(UserName=user)["AccessKey"]
    his = plane.client("codepipeline", key=key["AccessKeyId"], secret=key["SecretAccessKey"])
    assert his.get_pipeline(name=ground.name)
    assert refusal(his.start_pipeline_execution, name=ground.name)[0] == "AccessDeniedException"
    assert refusal(his.get_pipeline, name="other")[0] == "AccessDeniedException"
    which = {"pipelineName": ground.name, "pipelineExecutionId": "0" * 8 + "-0000-0000-0000-" + "0" * 12}
    retry = {"retryMode": "ALL_ACTIONS", **which}
    assert (
        refusal(his.retry_stage_execution, stageName="Deploy", **retry)[0]
        == "PipelineExecutionNotFoundException"
    )
    assert refusal(his.retry_stage_execution, stageName="Source", **retry)[0] == "AccessDeniedException"


def cfn(ground, **properties):
    """The pipeline's template."""

    def spelled(value, key=""):
        if isinstance(value, dict):
            if key == "configuration":
                return value
            return {k[0].upper() + k[1:]: spelled(v, k) for k, v in value.items()}
        return [spelled(one) for one in value] if isinstance(value, list) else value

    declared = spelled(ground.declaration(ground.deploy(**properties.pop("settings", {}))))
    declared["Stages"][0]["Actions"][0]["ActionTypeId"]["Version"] = 1
    declared["Stages"][0]["Actions"][0]["RunOrder"] = "1"
    declared["Stages"][0]["Actions"][0]["Configuration"]["PollForSourceChanges"] = True
    resource = {"Type": "AWS::CodePipeline::Pipeline", "Properties": {**declared, **properties}}
    outputs = {"V": {"Value": {"Fn::GetAtt": ["P", "Version"]}}, "R": {"Value": {"Ref": "P"}}}
    return json.dumps({"Resources": {"P": resource}, "Outputs": outputs})


def settled(ground, name):
    def look():
        stack = ground.cloudformation.describe_stacks(StackName=name)["Stacks"][0]
        return None if stack["StackStatus"].endswith("IN_PROGRESS") else stack

    return until(look)


def test_a_stack_holds_a_pipeline(ground):
    boot = f"boot-{ground.name}"
    tags = [{"Key": "team", "Value": "tsa"}]
    key = ground.cloudformation.create_stack(StackName=boot, TemplateBody=cfn(ground, Tags=tags))["StackId"]
    stack = settled(ground, boot)
    outputs = {row["OutputKey"]: row["OutputValue"] for row in stack["Outputs"]}
    assert outputs == {"R": ground.name, "V": "1"}
    assert ground.nth(0)["trigger"]["triggerType"] == "CreatePipeline"
    arn = ground.api.get_pipeline(name=ground.name)["metadata"]["pipelineArn"]
    assert {"key": "team", "value": "tsa"} in ground.api.list_tags_for_resource(resourceArn=arn)["tags"]
    ground.upload()
    assert ground.nth(1)["status"] == "Succeeded"
    overrides = {"ParameterOverrides": {"A": "b"}, "Capabilities": "CAPABILITY_IAM"}
    ground.cloudformation.update_stack(
        StackName=boot, TemplateBody=cfn(ground, settings=overrides, RestartExecutionOnUpdate=True)
    )
    stack = settled(ground, boot)
    assert stack["StackStatus"] == "UPDATE_COMPLETE"
    assert ground.nth(2)["trigger"]["triggerType"] == "StartPipelineExecution"
    shown = ground.api.get_pipeline(name=ground.name)["pipeline"]
    assert shown["version"] == 2
    assert json.loads(shown["stages"][1]["actions"][0]["configuration"]["ParameterOverrides"]) == {"A": "b"}
    old = ground.name
    ground.name = f"{old}-renamed"
    ground.cloudformation.update_stack(StackName=boot, TemplateBody=cfn(ground))
    assert settled(ground, boot)["StackStatus"] == "UPDATE_COMPLETE"
    assert ground.api.get_pipeline(name=ground.name)["pipeline"]["version"] == 1
    until(lambda: old not in {row["name"] for row in ground.api.list_pipelines()["pipelines"]})
    ground.cloudformation.delete_stack(StackName=boot)
    assert settled(ground, key)["StackStatus"] == "DELETE_COMPLETE"
    assert refusal(ground.api.get_pipeline, name=ground.name)[0] == "PipelineNotFoundException"


@pytest.mark.parametrize(
    ("properties", "words"),
    [
        ({"settings": {"ActionMode": "ODD"}}, "ActionMode ODD"),
        ({"DisableInboundStageTransitions": [{"Reason": "r", "StageName": "Deploy"}]}, "DisableInbound"),
        ({"Stages": []}, "Stages is required"),
        ({"Odd": "x"}, "odd"),
        ({"ArtifactStore": {"Type": "S3"}}, "location"),
    ],
)
def test_a_stack_with_a_pipeline_that_cannot_be_rolls_back(ground, properties, words):
    boot = f"bad-{ground.name}"
    ground.cloudformation.create_stack(StackName=boot, TemplateBody=cfn(ground, **properties))
    assert settled(ground, boot)["StackStatus"] == "ROLLBACK_COMPLETE"
    events = ground.cloudformation.describe_stack_events(StackName=boot)["StackEvents"]
    assert any(words in event.get("ResourceStatusReason", "") for event in events)
