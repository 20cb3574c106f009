"""What ran before the sandbox went down runs again, with its data."""

from __future__ import annotations

import subprocess
import time

import psutil
import pymysql
import pytest

from tsalab.sandbox import manager
from tsalab.sandbox.folder import Folder, read_json, write_json

PASSWORD = "a-long-enough-password"


@pytest.fixture
def populated(home, stacks_of, network):
    """A sandbox with a server and a cluster in a stack."""
    manager.up("one", start_state=False)
    session = manager.session("one")
    session.client("ec2").create_key_pair(KeyName="key", KeyType="ed25519")
    image = session.client("ec2").describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    stacks = stacks_of(session)
    name = stacks.create(
        {
            **network,
            "Reach": {
                "Type": "AWS::EC2::SecurityGroup",
                "Properties": {
                    "GroupDescription": "the database, from the server",
                    "VpcId": {"Ref": "Vpc"},
                    "SecurityGroupIngress": [
                        {"IpProtocol": "tcp", "FromPort": 3306, "ToPort": 3306, "CidrIp": "10.0.0.0/16"},
                    ],
                },
            },
            "Server": {
                "Type": "AWS::EC2::Instance",
                "Properties": {
                    "ImageId": image,
                    "KeyName": "key",
                    "SubnetId": {"Ref": "A"},
                    "SecurityGroupIds": [{"Ref": "Group"}],
                },
            },
            "Cluster": {
                "Type": "AWS::RDS::DBCluster",
                "Properties": {
                    "DBClusterIdentifier": "data",
                    "DatabaseName": "Data",
                    "DBSubnetGroupName": {"Ref": "Subnets"},
                    "Engine": "aurora",
                    "EngineMode": "serverless",
                    "MasterUsername": "admin",
                    "MasterUserPassword": PASSWORD,
                    "VpcSecurityGroupIds": [{"Ref": "Reach"}],
                },
            },
        },
        {"Dns": {"Value": {"Fn::GetAtt": ["Server", "PublicDnsName"]}}},
    )
    assert stacks.describe(name)["StackStatus"] == "CREATE_COMPLETE", stacks.reasons(name)
    return Folder("one"), stacks.outputs(name)["Dns"], name


# What a file of the control plane's state says once it holds all of `populated`.
_SAVED = {
    "cloudformation": ("stacks", lambda stack: stack["StackStatus"] == "CREATE_COMPLETE"),
    "rds": ("clusters", lambda cluster: cluster["Status"] == "available"),
    "ec2": ("instances", lambda instance: instance["State"]["Name"] == "running"),
}


def saved(folder):
    """Wait until the last change is on disk, in the file of every service that has a part in it."""
    deadline = time.monotonic() + 10
    while not all(is_saved(folder, service) for service in _SAVED):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def is_saved(folder, service):
    file = folder.path("control", "state", f"{service}.json")
    collection, whole = _SAVED[service]
    if not file.exists():
        return False
    records = read_json(file)["payload"][collection]["data"].values()
    return bool(records) and all(whole(record) for record in records)


def query(folder, sql):
    ports = read_json(folder.path("ports.json"))
    port = next(port for key, port in ports.items() if "data" in key)
    link = pymysql.connect(host="127.0.0.1", port=port, user="admin", password=PASSWORD, database="Data")
    with link, link.cursor() as cursor:
        cursor.execute(sql)
        rows = cursor.fetchall()
        link.commit()
        return rows


def ssh(folder, host):
    argv = ["ssh", "-F", str(folder.path("ssh", "config")), host, "whoami"]
    return subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False).stdout


@pytest.mark.parametrize("killed", [False, True])
def test_machines_and_their_data_come_back(populated, killed):
    folder, host, _ = populated
    query(folder, "CREATE TABLE t AS SELECT 42 AS n")
    if killed:
        saved(folder)
        psutil.Process(manager.status("one")["pid"]).kill()
    else:
        manager.down("one")
    manager.up("one", start_state=False)
    assert query(folder, "SELECT n FROM t") == ((42,),)
    assert ssh(folder, host) == "ec2-user\n"
    found = manager.session("one").client("rds").describe_db_clusters()["DBClusters"][0]
    assert found["Endpoint"] in folder.path("routes.json").read_text()


def test_what_was_interrupted_is_told(populated):
    """A supervisor that died in the middle: the stack says so, half-made machines are gone."""
    folder, _, name = populated
    manager.down("one")
    state = folder.path("control", "state")
    for service, collection, key, value in (
        ("cloudformation", "stacks", "StackStatus", "UPDATE_IN_PROGRESS"),
        ("rds", "clusters", "Status", "creating"),
        ("ec2", "instances", "State", {"Code": 0, "Name": "pending"}),
    ):
        kept = read_json(state / f"{service}.json")
        for record in kept["payload"][collection]["data"].values():
            record[key] = value
        write_json(state / f"{service}.json", kept)
    manager.up("one", start_state=False)
    session = manager.session("one")
    stack = session.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0]
    assert stack["StackStatus"] == "UPDATE_FAILED"
    assert "stopped during the operation" in stack["StackStatusReason"]
    assert session.client("rds").describe_db_clusters()["DBClusters"] == []
    reservations = session.client("ec2").describe_instances()["Reservations"]
    assert [i["State"]["Name"] for r in reservations for i in r["Instances"]] == ["terminated"]
