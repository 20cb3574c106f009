"""Instances are real servers: SSH reaches them, and EC2's actions act on them."""

from __future__ import annotations

import subprocess
import time

import pytest
from botocore.exceptions import ClientError

IMAGE = "{{resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64}}"


def server(key_name, **more):
    return {
        "Type": "AWS::EC2::Instance",
        "Properties": {
            "ImageId": IMAGE,
            "InstanceType": "t3.medium",
            "KeyName": key_name,
            "SubnetId": {"Ref": "A"},
            "SecurityGroupIds": [{"Ref": "Group"}],
            "Tags": [{"Key": "Name", "Value": "test::Server"}],
            **more,
        },
    }


def placed(network):
    return {name: network[name] for name in ("Vpc", "A", "Group")}


def over_ssh(sandbox, host, command):
    argv = ["ssh", "-F", str(sandbox.folder.path("ssh", "config")), host, command]
    return subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)


def described(ec2, instance_id):
    return ec2.describe_instances(InstanceIds=[instance_id])["Reservations"][0]["Instances"][0]


def test_a_servers_life(bare_sandbox, stacks, clients, key_name, network):
    ec2 = clients("ec2")
    outputs = {
        "Id": {"Value": {"Ref": "Server"}},
        "Dns": {"Value": {"Fn::GetAtt": ["Server", "PublicDnsName"]}},
    }
    name = stacks.create({**placed(network), "Server": server(key_name)}, outputs)
    made = stacks.outputs(name)
    found = described(ec2, made["Id"])
    assert found["State"]["Name"] == "running"
    assert found["PublicDnsName"] == made["Dns"]
    assert found["KeyName"] == key_name
    assert {"Key": "Name", "Value": "test::Server"} in found["Tags"]
    assert found["PrivateIpAddress"].startswith("10.0.")
    assert over_ssh(bare_sandbox, made["Dns"], "whoami").stdout == "ec2-user\n"
    assert "BEGIN SSH HOST KEY KEYS" in ec2.get_console_output(InstanceId=made["Id"])["Output"]

    ec2.stop_instances(InstanceIds=[made["Id"]])
    assert described(ec2, made["Id"])["State"]["Name"] == "stopped"
    assert over_ssh(bare_sandbox, made["Dns"], "true").returncode != 0
    ec2.start_instances(InstanceIds=[made["Id"]])
    ec2.reboot_instances(InstanceIds=[made["Id"]])
    assert described(ec2, made["Id"])["State"]["Name"] == "running"
    assert over_ssh(bare_sandbox, made["Dns"], "true").returncode == 0
    # As with cloud-init, which prints them at an instance's first start alone.
    assert "HOST KEY KEYS" not in ec2.get_console_output(InstanceId=made["Id"])["Output"]

    resources = {**placed(network), "Server": server(key_name, Tags=[{"Key": "Name", "Value": "renamed"}])}
    stacks.update(name, resources)
    assert {"Key": "Name", "Value": "renamed"} in described(ec2, made["Id"])["Tags"]
    assert stacks.delete(name) == "DELETE_COMPLETE"
    assert described(ec2, made["Id"])["State"]["Name"] == "terminated"
    assert "Output" not in ec2.get_console_output(InstanceId=made["Id"])
    assert over_ssh(bare_sandbox, made["Dns"], "true").returncode != 0


def test_the_api_launches_too(bare_sandbox, clients, key_name):
    ec2 = clients("ec2")
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "by hand"}]}]
    images = ec2.describe_images(Owners=["amazon"])["Images"]
    made = ec2.run_instances(
        ImageId=images[0]["ImageId"],
        MinCount=1,
        MaxCount=1,
        KeyName=key_name,
        UserData="#!/bin/bash\necho hello from $(whoami)\n",
        TagSpecifications=tags,
    )["Instances"][0]
    try:
        log = bare_sandbox.folder.path("machines", made["InstanceId"], "var/log/cloud-init-output.log")
        deadline = time.monotonic() + 20
        while not log.exists() or "hello from root" not in log.read_text():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert made["Tags"] == [{"Key": "Name", "Value": "by hand"}]
    finally:
        ec2.terminate_instances(InstanceIds=[made["InstanceId"]])
    with pytest.raises(ClientError, match="IncorrectInstanceState"):
        ec2.start_instances(InstanceIds=[made["InstanceId"]])


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"KeyName": "nobody"}, "The key pair 'nobody' does not exist"),
        ({"SecurityGroupIds": ["sg-00000000"]}, "The security group 'sg-00000000' does not exist"),
        ({"SubnetId": "subnet-0000dead"}, "The subnet ID 'subnet-0000dead' does not exist"),
        ({"IamInstanceProfile": "nobody"}, "Invalid IAM Instance Profile name"),
        ({"UserData": "not base64!"}, "Invalid BASE64 encoding"),
    ],
)
def test_what_does_not_exist_is_refused(stacks, key_name, network, more, message):
    name = stacks.create({**placed(network), "Server": server(key_name, **more)})
    assert stacks.describe(name)["StackStatus"] == "ROLLBACK_COMPLETE"
    assert message in stacks.reasons(name)["Server"]


def test_unknown_instances_are_told(clients):
    with pytest.raises(ClientError, match="does not exist"):
        clients("ec2").stop_instances(InstanceIds=["i-0123456789abcdef0"])


def test_one_instance_a_request(clients):
    with pytest.raises(ClientError, match="one instance a request"):
        clients("ec2").run_instances(ImageId="ami-0", MinCount=1, MaxCount=2)


def test_a_request_for_an_unknown_image(clients):
    with pytest.raises(ClientError, match=r"InvalidAMIID\.NotFound"):
        clients("ec2").run_instances(ImageId="ami-0", MinCount=1, MaxCount=1)
