"""Security groups hold: what they do not let in gets no answer, whoever changed the rule, and how."""

from __future__ import annotations

import subprocess
from typing import Any

import pymysql
import pytest

from tsalab.sandbox.control.groups import admits

from .test_aurora import address, cluster, described
from .test_instance import server

PASSWORD = "a-long-enough-password"


def rule(**more: Any) -> dict[str, Any]:
    return {"IpProtocol": "tcp", "FromPort": 3306, "ToPort": 3306, **more}


@pytest.mark.parametrize(
    ("rules", "let_in"),
    [
        ([], False),
        ([rule()], False),
        ([rule(IpRanges=[{"CidrIp": "0.0.0.0/0"}])], True),
        ([rule(IpRanges=[{"CidrIp": "10.0.0.0/16"}])], True),
        ([rule(IpRanges=[{"CidrIp": "10.1.0.0/16"}])], False),
        ([rule(Ipv6Ranges=[{"CidrIpv6": "::/0"}])], False),
        ([rule(UserIdGroupPairs=[{"GroupId": "sg-web"}])], True),
        ([rule(UserIdGroupPairs=[{"GroupId": "sg-other"}])], False),
        (
            [rule(UserIdGroupPairs=[{"GroupId": "sg-other"}]), rule(IpRanges=[{"CidrIp": "10.0.1.2/32"}])],
            True,
        ),
        ([rule(FromPort=3000, ToPort=4000, IpRanges=[{"CidrIp": "0.0.0.0/0"}])], True),
        ([rule(FromPort=22, ToPort=22, IpRanges=[{"CidrIp": "0.0.0.0/0"}])], False),
        ([rule(IpProtocol="udp", IpRanges=[{"CidrIp": "0.0.0.0/0"}])], False),
        ([{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}], True),
        ([{"IpProtocol": "tcp", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}], True),
    ],
)
def test_a_rule_is_read_as_ec2_reads_it(rules: list[dict[str, Any]], let_in: bool) -> None:
    assert admits(rules, 3306, "10.0.1.2", ["sg-web", "sg-more"]) is let_in


def reaches_ssh(sandbox: Any, host: str) -> bool:
    argv = ["ssh", "-F", str(sandbox.folder.path("ssh", "config")), "-o", "ConnectTimeout=1", host, "true"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0 or "timed out" in done.stderr, done.stderr
    return done.returncode == 0


def reaches_database(sandbox: Any, found: dict[str, Any]) -> bool:
    try:
        pymysql.connect(
            host="127.0.0.1",
            port=address(sandbox, found),
            user="admin",
            password=PASSWORD,
            read_timeout=1,
        ).close()
    except pymysql.err.OperationalError as error:
        if "timed out" not in str(error):
            raise
        return False
    return True


def test_groups_are_in_force(bare_sandbox, stacks, clients, key_name, network):
    ssh = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIp": "0.0.0.0/0"}
    web = {
        "Type": "AWS::EC2::SecurityGroup",
        "Properties": {"GroupDescription": "web", "VpcId": {"Ref": "Vpc"}, "SecurityGroupIngress": [ssh]},
    }
    resources = {
        **network,
        "Web": web,
        "Server": server(key_name, SecurityGroupIds=[{"Ref": "Web"}]),
        "Cluster": cluster(),
    }
    outputs = {
        "Dns": {"Value": {"Fn::GetAtt": ["Server", "PublicDnsName"]}},
        "Web": {"Value": {"Ref": "Web"}},
        "Group": {"Value": {"Ref": "Group"}},
    }
    name = stacks.create(resources, outputs)
    made, found, ec2 = stacks.outputs(name), described(clients), clients("ec2")
    assert reaches_ssh(bare_sandbox, made["Dns"])
    assert not reaches_database(bare_sandbox, found)  # the group lets 22 in, and nothing else

    # by the API
    let_in = [rule(UserIdGroupPairs=[{"GroupId": made["Web"]}])]
    ec2.authorize_security_group_ingress(GroupId=made["Group"], IpPermissions=let_in)
    assert reaches_database(bare_sandbox, found)
    ec2.revoke_security_group_ingress(GroupId=made["Group"], IpPermissions=let_in)
    assert not reaches_database(bare_sandbox, found)
    http = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ec2.revoke_security_group_ingress(GroupId=made["Web"], IpPermissions=[http])
    assert not reaches_ssh(bare_sandbox, made["Dns"])
    ec2.authorize_security_group_ingress(GroupId=made["Web"], IpPermissions=[http])

    # by a stack's update
    web["Properties"]["SecurityGroupIngress"] = [{**ssh, "CidrIp": "203.0.113.7/32"}]
    stacks.update(name, resources)
    assert not reaches_ssh(bare_sandbox, made["Dns"])
    web["Properties"]["SecurityGroupIngress"] = [ssh]
    stacks.update(name, resources)
    assert reaches_ssh(bare_sandbox, made["Dns"])
