"""A small AWS account held in memory: as much of it as the starting state asks for."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

from botocore.exceptions import ClientError

from tsalab import start_state
from tsalab.cloud.refusals import refusals


def refusal(code: str, message: str = "no", kind: type[ClientError] = ClientError) -> ClientError:
    return kind({"Error": {"Code": code, "Message": message}}, "Operation")


class NameExistsError(ClientError):
    pass


class CloudFormation:
    """Stacks that are created at once, or fail."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud

    def describe_stacks(self, StackName):  # noqa: N803 - boto3's own spelling
        if StackName not in self.cloud.stacks:
            raise refusal("ValidationError", f"Stack with id {StackName} does not exist")
        return {"Stacks": [self.cloud.stacks[StackName]]}

    def create_stack(self, StackName, Parameters, **_rest):  # noqa: N803
        self.cloud.parameters = {p["ParameterKey"]: p["ParameterValue"] for p in Parameters}
        self.cloud.put_stack(StackName)

    def get_paginator(self, name):
        rows = {
            "list_stack_resources": {
                "StackResourceSummaries": [
                    {
                        "LogicalResourceId": key,
                        "PhysicalResourceId": value,
                        "ResourceStatus": "CREATE_COMPLETE",
                        "LastUpdatedTimestamp": datetime.now(UTC),
                    }
                    for key, value in self.cloud.resources.items()
                ]
            },
            "describe_stack_events": {"StackEvents": self.cloud.events},
        }
        return SimpleNamespace(paginate=lambda **_: [rows[name]])


class S3:
    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud

    def put_object(self, Bucket, Key, Body, **_rest):  # noqa: N803
        self.cloud.objects[Key] = Body
        if Key.endswith(".zip"):
            self.cloud.deploy()
        return {"VersionId": f"v{len(self.cloud.objects)}"}

    def list_objects_v2(self, Bucket, Prefix):  # noqa: N803
        return {"Contents": [{"Key": key} for key in self.cloud.objects if key.startswith(Prefix)]}


class CodePipeline:
    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud

    def get_pipeline(self, name):
        source = {"S3Bucket": "data", "S3ObjectKey": "cloudformation/infra.yml.zip"}
        actions = [
            {"actionTypeId": {"category": "Source", "provider": "S3"}, "configuration": source},
            {
                "actionTypeId": {"category": "Deploy", "provider": "CloudFormation"},
                "configuration": {"StackName": self.cloud.child},
            },
        ]
        return {
            "pipeline": {"stages": [{"name": a["actionTypeId"]["category"], "actions": [a]} for a in actions]}
        }

    def list_pipeline_executions(self, pipelineName, **_rest):  # noqa: N803
        runs = self.cloud.runs.get(pipelineName, [])
        return {"pipelineExecutionSummaries": runs}

    def start_pipeline_execution(self, name):
        self.cloud.started.append(name)
        self.cloud.runs[name] = [{"pipelineExecutionId": "1", "status": "Succeeded"}]
        self.cloud.deploy()
        return {"pipelineExecutionId": "1"}

    def get_pipeline_state(self, name):
        failed = {"status": "Failed", "errorDetails": {"message": self.cloud.reason}}
        stage = {
            "stageName": "Deploy",
            "latestExecution": failed,
            "actionStates": [{"latestExecution": failed}],
        }
        return {"stageStates": [stage]}


class EC2:
    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud

    def describe_key_pairs(self):
        return {"KeyPairs": list(self.cloud.keys.values())}

    def create_key_pair(self, KeyName, TagSpecifications, **_rest):  # noqa: N803
        self.cloud.keys[KeyName] = {"KeyName": KeyName, "Tags": TagSpecifications[0]["Tags"]}
        self.cloud.made.append(KeyName)
        return {"KeyMaterial": f"key {len(self.cloud.made)}"}

    def delete_key_pair(self, KeyName):  # noqa: N803
        del self.cloud.keys[KeyName]


class CodeCommit:
    exceptions = SimpleNamespace(RepositoryNameExistsException=NameExistsError)

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud

    def create_repository(self, repositoryName, **_rest):  # noqa: N803
        folder = self.cloud.folder / f"{repositoryName}.git"
        if folder.exists():
            raise refusal("RepositoryNameExistsException", kind=NameExistsError)
        subprocess.run(["git", "init", "-q", "--bare", folder], check=True)
        return self.get_repository(repositoryName)

    def get_repository(self, repositoryName):  # noqa: N803
        return {
            "repositoryMetadata": {"cloneUrlHttp": (self.cloud.folder / f"{repositoryName}.git").as_uri()}
        }

    def list_branches(self, repositoryName):  # noqa: N803
        folder = self.cloud.folder / f"{repositoryName}.git" / "refs" / "heads"
        return {"branches": [path.name for path in folder.iterdir()]}


class Cloud:
    """An account in memory; stands where `tsalab.cloud.Account` does."""

    region = "eu-west-1"
    ssh_config = None
    core = None

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.url = url
        self.identity = {"account": "123456789012", "arn": "arn"}
        self.child = start_state.CHILD
        self.stacks: dict[str, dict] = {}
        self.resources = {"StackData": "data", "Pipeline": "Boot-Pipeline", "SPAPipeline": "SPA"}
        self.events: list[dict] = []
        self.objects: dict[str, bytes] = {}
        self.keys: dict[str, dict] = {}
        self.made: list[str] = []
        self.runs = {"SPA": [{"pipelineExecutionId": "1", "status": "Succeeded"}]}
        self.started: list[str] = []
        self.deployed = "CREATE_COMPLETE"
        self.execution = "Succeeded"
        self.reason = "the template is wrong"
        self.notices = True
        self.profile = SimpleNamespace(name="p", config=None, credentials=None)
        services = {"cloudformation": CloudFormation, "s3": S3, "codepipeline": CodePipeline}
        services |= {"ec2": EC2, "codecommit": CodeCommit}
        self._clients = {name: service(self) for name, service in services.items()}

    def client(self, service):
        return self._clients[service]

    @contextmanager
    def doing(self, action):
        with refusals(action, "p"):
            yield

    def put_stack(self, name: str, status: str = "CREATE_COMPLETE") -> None:
        outputs = [{"OutputKey": "DistributionUrl", "OutputValue": self.url}]
        self.stacks[name] = {"StackName": name, "StackId": name, "StackStatus": status, "Outputs": outputs}

    def deploy(self) -> None:
        if not self.notices and not self.started:
            return
        if self.deployed:
            self.put_stack(self.child, self.deployed)
        row = {"pipelineExecutionId": "1", "status": self.execution}
        row["sourceRevisions"] = [{"revisionId": f"v{len(self.objects)}"}]
        self.runs["Boot-Pipeline"] = [row]

    def fail(self, resource: str, reason: str) -> None:
        common = {"ResourceType": "T", "Timestamp": datetime.now(UTC), "EventId": "1"}
        status = {"ResourceStatus": "CREATE_FAILED", "ResourceStatusReason": reason}
        self.events = [{"LogicalResourceId": resource, **common, **status}]
