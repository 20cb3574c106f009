"""What the tests of pipelines share: a bucket and a pipeline to run; templates that work, break or wait."""

from __future__ import annotations

import itertools
import json

from code_plane import TRUST, Plane, until, zipped

NUMBERS = itertools.count(1)


QUEUE = "Resources: {Q: {Type: AWS::SQS::Queue}}\n"


BROKEN = "Resources: {Bad: {Type: AWS::CodeCommit::Repository, Properties: {RepositoryName: a b}}}\n"


WAITING = """
Resources:
  Handle: {Type: AWS::CloudFormation::WaitConditionHandle}
  Wait: {Type: AWS::CloudFormation::WaitCondition, Properties: {Handle: !Ref Handle, Timeout: '%s', Count: 1}}
"""


ENDED = {"Succeeded", "Failed", "Stopped", "Superseded", "Cancelled"}


class Ground:
    """A role, two buckets, and pipelines on them."""

    def __init__(self, plane: Plane) -> None:
        self.plane = plane
        self.api = plane.client("codepipeline")
        self.s3 = plane.client("s3")
        self.cloudformation = plane.client("cloudformation")
        number = next(NUMBERS)
        self.data, self.store = f"data-{number}", f"store-{number}"
        for bucket in (self.data, self.store):
            self.s3.create_bucket(Bucket=bucket)
        self.s3.put_bucket_versioning(Bucket=self.data, VersioningConfiguration={"Status": "Enabled"})
        self.role = plane.client("iam").create_role(
            RoleName=f"pipeline-{number}", AssumeRolePolicyDocument=json.dumps(TRUST)
        )["Role"]["Arn"]
        self.name = f"pipeline-{number}"
        self.stack = f"stack-{number}"

    def source(self, **settings: str) -> dict:
        configuration = {"S3Bucket": self.data, "S3ObjectKey": "in.zip", **settings}
        return action("Source", "Source", "S3", configuration, outputs=["Code"])

    def deploy(self, name: str = "Stack", **settings: str) -> dict:
        configuration = {
            "ActionMode": "CREATE_UPDATE",
            "StackName": self.stack,
            "TemplatePath": "Code::infra.yml",
            "Capabilities": "CAPABILITY_IAM,CAPABILITY_NAMED_IAM",
            **settings,
        }
        return action(name, "Deploy", "CloudFormation", configuration, inputs=["Code"])

    def files(self, name: str = "Files", **settings: str) -> dict:
        configuration = {"BucketName": self.data, "Extract": "true", **settings}
        return action(name, "Deploy", "S3", configuration, inputs=["Code"])

    def declaration(self, *deploys: dict, source: dict | None = None) -> dict:
        return {
            "name": self.name,
            "roleArn": self.role,
            "artifactStore": {"type": "S3", "location": self.store},
            "stages": [
                {"name": "Source", "actions": [source or self.source()]},
                {"name": "Deploy", "actions": list(deploys) or [self.deploy()]},
            ],
        }

    def create(self, *deploys: dict, source: dict | None = None) -> dict:
        made = self.api.create_pipeline(pipeline=self.declaration(*deploys, source=source))["pipeline"]
        self.ended(0)
        return made

    def upload(self, body: bytes | None = None, **members: str) -> str:
        body = body if body is not None else zipped(**(members or {"infra_dot_yml": QUEUE}))
        return self.s3.put_object(Bucket=self.data, Key="in.zip", Body=body)["VersionId"]

    def executions(self) -> list[dict]:
        """Oldest first."""
        rows = self.api.list_pipeline_executions(pipelineName=self.name)["pipelineExecutionSummaries"]
        return rows[::-1]

    def ended(self, number: int = -1) -> dict:
        def look():
            rows = self.executions()
            wanted = rows[number] if -len(rows) <= number < len(rows) else None
            return wanted if wanted and wanted["status"] in ENDED else None

        return until(look)

    def nth(self, count: int) -> dict:
        """The execution of this number, once it has ended."""
        return self.ended(count)

    def state(self, stage: str = "Deploy", number: int = 0) -> dict:
        stages = self.api.get_pipeline_state(name=self.name)["stageStates"]
        return next(one for one in stages if one["stageName"] == stage)["actionStates"][number]

    def error(self, stage: str = "Deploy", number: int = 0) -> str:
        return self.state(stage, number)["latestExecution"]["errorDetails"]["message"]

    def close(self) -> None:
        self.api.delete_pipeline(name=self.name)


def action(name, category, provider, configuration, inputs=(), outputs=()):
    return {
        "name": name,
        "actionTypeId": {"category": category, "owner": "AWS", "provider": provider, "version": "1"},
        "configuration": configuration,
        "inputArtifacts": [{"name": one} for one in inputs],
        "outputArtifacts": [{"name": one} for one in outputs],
    }


def status(ground, stack=None):
    return ground.cloudformation.describe_stacks(StackName=stack or ground.stack)["Stacks"][0]["StackStatus"]


def waiting_stack(ground, seconds=60):
    """Upload a template that keeps its stack in progress; returns when it is."""
    ground.upload(infra_dot_yml=WAITING % seconds)
    until(lambda: ground.state().get("latestExecution", {}).get("externalExecutionId"))
