"""Stacks of a bare sandbox, made and removed."""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

sys.path.insert(0, str(Path(__file__).parent))

from code_plane import plane  # noqa: F401 - a fixture

_NUMBERS = itertools.count(1)


class Stacks:
    """CloudFormation with patience and few words."""

    def __init__(self, session: Any) -> None:
        self.client = session.client("cloudformation")
        self.made: list[str] = []

    def create(self, resources: dict[str, Any], outputs: dict[str, Any] | None = None, **more: Any) -> str:
        """Create a stack of these resources; returns its name when it has settled."""
        name = f"stack-{next(_NUMBERS)}"
        body = {"Resources": resources, **({"Outputs": outputs} if outputs else {})}
        parameters = more.pop("parameters", None)
        if parameters:
            body["Parameters"] = parameters
        capabilities = more.pop("Capabilities", ["CAPABILITY_NAMED_IAM"])
        self.client.create_stack(
            StackName=name, TemplateBody=yaml.safe_dump(body), Capabilities=capabilities, **more
        )
        self.made.append(name)
        self.settle(name)
        return name

    def update(self, name: str, resources: dict[str, Any]) -> None:
        """Update a stack; returns when it has settled."""
        self.client.update_stack(
            StackName=name,
            TemplateBody=yaml.safe_dump({"Resources": resources}),
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        self.settle(name)

    def delete(self, name: str) -> str:
        """Delete a stack; returns its last status."""
        stack_id = self.describe(name)["StackId"]
        self.client.delete_stack(StackName=name)
        status = self.settle(stack_id)
        if status == "DELETE_COMPLETE":
            self.made.remove(name)
        return status

    def settle(self, name: str) -> str:
        """Wait until nothing is in progress."""
        deadline = time.monotonic() + 60
        while (status := self.describe(name)["StackStatus"]).endswith("_IN_PROGRESS"):
            assert time.monotonic() < deadline, status
            time.sleep(0.02)
        return str(status)

    def describe(self, name: str) -> dict[str, Any]:
        """One stack."""
        found: dict[str, Any] = self.client.describe_stacks(StackName=name)["Stacks"][0]
        return found

    def outputs(self, name: str) -> dict[str, str]:
        """A stack's outputs."""
        return {each["OutputKey"]: each["OutputValue"] for each in self.describe(name).get("Outputs", [])}

    def reasons(self, name: str) -> dict[str, str]:
        """Why resources of a stack failed, by logical id."""
        events = self.client.describe_stack_events(StackName=name)["StackEvents"]
        return {
            event["LogicalResourceId"]: event["ResourceStatusReason"]
            for event in events
            if event["ResourceStatus"].endswith("_FAILED")
        }


@pytest.fixture
def stacks(bare_sandbox) -> Iterator[Stacks]:
    """Stacks that are deleted after the test."""
    stacks = Stacks(bare_sandbox.session())
    yield stacks
    for name in reversed(stacks.made):
        assert stacks.delete(name) == "DELETE_COMPLETE"


@pytest.fixture
def clients(bare_sandbox):
    """Clients of the learner."""
    session = bare_sandbox.session()
    return session.client


@pytest.fixture
def key_name(clients) -> Iterator[str]:
    """A key pair."""
    name = f"key-{next(_NUMBERS)}"
    clients("ec2").create_key_pair(KeyName=name, KeyType="ed25519")
    yield name
    clients("ec2").delete_key_pair(KeyName=name)


NETWORK: dict[str, Any] = {
    "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}},
    "A": {
        "Type": "AWS::EC2::Subnet",
        "Properties": {"VpcId": {"Ref": "Vpc"}, "CidrBlock": "10.0.0.0/20", "AvailabilityZone": "us-west-2a"},
    },
    "B": {
        "Type": "AWS::EC2::Subnet",
        "Properties": {
            "VpcId": {"Ref": "Vpc"},
            "CidrBlock": "10.0.16.0/20",
            "AvailabilityZone": "us-west-2b",
        },
    },
    "Group": {
        "Type": "AWS::EC2::SecurityGroup",
        "Properties": {
            "GroupDescription": "test",
            "VpcId": {"Ref": "Vpc"},
            "SecurityGroupIngress": [
                {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIp": "0.0.0.0/0"},
            ],
        },
    },
    "Subnets": {
        "Type": "AWS::RDS::DBSubnetGroup",
        "Properties": {"DBSubnetGroupDescription": "test", "SubnetIds": [{"Ref": "A"}, {"Ref": "B"}]},
    },
}


@pytest.fixture
def network() -> dict[str, Any]:
    """Resources for what needs a VPC."""
    return dict(NETWORK)


@pytest.fixture
def stacks_of():
    """Stacks of another sandbox than the shared one: call it with a session."""
    return Stacks
