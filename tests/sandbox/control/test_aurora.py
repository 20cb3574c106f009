"""Clusters are real databases, with what RDS says of them."""

from __future__ import annotations

import json
import time

import pymysql
import pytest
from botocore.exceptions import ClientError

from tsalab.sandbox.folder import read_json

PASSWORD = "a-long-enough-password"


def cluster(**more):
    return {
        "Type": "AWS::RDS::DBCluster",
        "DeletionPolicy": "Delete",
        "Properties": {
            "DatabaseName": "TestData",
            "DBClusterIdentifier": "Test-Cluster",
            "DBSubnetGroupName": {"Ref": "Subnets"},
            "Engine": "aurora",
            "EngineMode": "serverless",
            "ScalingConfiguration": {
                "AutoPause": True,
                "MaxCapacity": 16,
                "MinCapacity": 2,
                "SecondsUntilAutoPause": 7200,
            },
            "VpcSecurityGroupIds": [{"Ref": "Group"}],
            "MasterUsername": "admin",
            "MasterUserPassword": PASSWORD,
            **more,
        },
    }


def address(sandbox, described):
    """Where the cluster's private name leads inside the sandbox."""
    routes = json.dumps(read_json(sandbox.folder.path("routes.json")))
    assert described["Endpoint"] in routes
    for name, port in read_json(sandbox.folder.path("ports.json")).items():
        if described["DBClusterIdentifier"] in name:
            return port
    raise AssertionError(routes)


def connect(sandbox, described, password=PASSWORD):
    port = address(sandbox, described)
    return pymysql.connect(
        host="127.0.0.1", port=port, user="admin", password=password, database=described.get("DatabaseName")
    )


def described(clients, cluster_id="test-cluster"):
    return clients("rds").describe_db_clusters(DBClusterIdentifier=cluster_id)["DBClusters"][0]


def until(clients, cluster_id, status):
    deadline = time.monotonic() + 60
    while (found := described(clients, cluster_id))["Status"] != status:
        assert time.monotonic() < deadline, found["Status"]
        time.sleep(0.05)
    return found


def test_a_cluster_as_the_lab_writes_it(bare_sandbox, stacks, clients, network):
    rds = clients("rds")
    name = stacks.create({**network, "Cluster": cluster()}, {"Id": {"Value": {"Ref": "Cluster"}}})
    found = described(clients, "Test-Cluster")
    assert stacks.outputs(name)["Id"] == "test-cluster"
    assert (found["Engine"], found["EngineMode"], found["Status"]) == ("aurora", "serverless", "available")
    assert (found["DatabaseName"], found["MasterUsername"], found["Port"]) == ("TestData", "admin", 3306)
    assert found["Capacity"] == 2
    assert found["ScalingConfigurationInfo"]["SecondsUntilAutoPause"] == 7200
    assert found["Endpoint"].startswith("test-cluster.cluster-")
    with connect(bare_sandbox, found) as link, link.cursor() as cursor:
        cursor.execute("CREATE TABLE t (n INT)")
        cursor.execute("INSERT INTO t VALUES (42)")
        link.commit()

    rds.modify_current_db_cluster_capacity(DBClusterIdentifier="test-cluster", Capacity=0)
    assert described(clients)["Capacity"] == 0
    with connect(bare_sandbox, found) as link, link.cursor() as cursor:  # wakes it
        cursor.execute("SELECT n FROM t")
        assert cursor.fetchone() == (42,)
    assert described(clients)["Capacity"] == 2

    stacks.update(name, {**network, "Cluster": cluster(MasterUserPassword="another-password")})
    connect(bare_sandbox, found, "another-password").close()
    with pytest.raises(pymysql.err.OperationalError):
        connect(bare_sandbox, found)
    rds.modify_db_cluster(DBClusterIdentifier="test-cluster", ScalingConfiguration={"MinCapacity": 4})
    assert described(clients)["Capacity"] == 4

    assert stacks.delete(name) == "DELETE_COMPLETE"
    assert rds.describe_db_cluster_snapshots()["DBClusterSnapshots"] == []
    with pytest.raises(ClientError, match="DBClusterNotFound"):
        described(clients)


def test_a_snapshot_holds_the_data(bare_sandbox, stacks, clients, network):
    rds = clients("rds")
    kept = {**cluster(DBClusterIdentifier="kept"), "DeletionPolicy": "Snapshot"}
    base = stacks.create(network, {"G": {"Value": {"Ref": "Subnets"}}, "S": {"Value": {"Ref": "Group"}}})
    group, security = stacks.outputs(base)["G"], stacks.outputs(base)["S"]
    kept["Properties"] |= {"DBSubnetGroupName": group, "VpcSecurityGroupIds": [security]}
    name = stacks.create({"Cluster": kept})
    with connect(bare_sandbox, described(clients, "kept")) as link, link.cursor() as cursor:
        cursor.execute("CREATE TABLE t (n INT)")
        cursor.execute("INSERT INTO t VALUES (7)")
        link.commit()
    assert stacks.delete(name) == "DELETE_COMPLETE"
    snapshot = rds.describe_db_cluster_snapshots()["DBClusterSnapshots"][0]["DBClusterSnapshotIdentifier"]
    rds.restore_db_cluster_from_snapshot(
        DBClusterIdentifier="again",
        SnapshotIdentifier=snapshot,
        Engine="aurora",
        EngineMode="serverless",
        DBSubnetGroupName=group,
    )
    found = until(clients, "again", "available")
    with connect(bare_sandbox, found) as link, link.cursor() as cursor:
        cursor.execute("SELECT n FROM t")
        assert cursor.fetchone() == (7,)
    rds.create_db_cluster_snapshot(DBClusterIdentifier="again", DBClusterSnapshotIdentifier="second")
    rds.delete_db_cluster(DBClusterIdentifier="again", SkipFinalSnapshot=True)
    deadline = time.monotonic() + 30
    while rds.describe_db_clusters()["DBClusters"]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    for each in (snapshot, "second"):
        rds.delete_db_cluster_snapshot(DBClusterSnapshotIdentifier=each)
    assert rds.describe_db_cluster_snapshots()["DBClusterSnapshots"] == []


def test_the_api_creates_too(bare_sandbox, stacks, clients, network):
    base = stacks.create(network, {"G": {"Value": {"Ref": "Subnets"}}})
    rds = clients("rds")
    made = rds.create_db_cluster(
        DBClusterIdentifier="by-hand",
        Engine="aurora",
        EngineMode="serverless",
        MasterUsername="admin",
        MasterUserPassword=PASSWORD,
        DBSubnetGroupName=stacks.outputs(base)["G"],
        ScalingConfiguration={"AutoPause": False, "MinCapacity": 1},
        Tags=[{"Key": "a", "Value": "b"}],
    )["DBCluster"]
    assert made["Status"] == "creating"
    assert made["Capacity"] == 0
    with pytest.raises(ClientError, match="InvalidDBClusterState"):
        rds.delete_db_cluster(DBClusterIdentifier="by-hand", SkipFinalSnapshot=True)
    found = until(clients, "by-hand", "available")
    assert found["TagList"] == [{"Key": "a", "Value": "b"}]
    with pytest.raises(ClientError, match="FinalDBSnapshotIdentifier"):
        rds.delete_db_cluster(DBClusterIdentifier="by-hand")
    rds.modify_db_cluster(DBClusterIdentifier="by-hand", MasterUserPassword="another-password")
    connect(bare_sandbox, found, "another-password").close()
    rds.delete_db_cluster(DBClusterIdentifier="by-hand", FinalDBSnapshotIdentifier="last")
    deadline = time.monotonic() + 30
    while rds.describe_db_clusters()["DBClusters"]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    rds.delete_db_cluster_snapshot(DBClusterSnapshotIdentifier="last")


def test_the_secret_is_attached_and_referred_to(stacks, clients, network):
    secret = {
        "Type": "AWS::SecretsManager::Secret",
        "Properties": {
            "Name": "test-secret",
            "GenerateSecretString": {
                "ExcludeCharacters": '"@/\\',
                "GenerateStringKey": "password",
                "PasswordLength": 40,
                "SecretStringTemplate": '{"username":"admin"}',
            },
        },
    }
    attachment = {
        "Type": "AWS::SecretsManager::SecretTargetAttachment",
        "Properties": {
            "SecretId": {"Ref": "Secret"},
            "TargetId": {"Ref": "Cluster"},
            "TargetType": "AWS::RDS::DBCluster",
        },
    }
    start = "{{resolve:secretsmanager:"
    made = cluster(
        MasterUsername={"Fn::Join": ["", [start, "test-secret", ":SecretString:username}}"]]},
        MasterUserPassword={"Fn::Join": ["", [start, "test-secret", ":SecretString:password}}"]]},
    )
    made["DependsOn"] = ["Secret"]
    name = stacks.create({**network, "Secret": secret, "Cluster": made, "Attachment": attachment})
    assert stacks.describe(name)["StackStatus"] == "CREATE_COMPLETE", stacks.reasons(name)
    value = json.loads(clients("secretsmanager").get_secret_value(SecretId="test-secret")["SecretString"])
    found = described(clients)
    assert {name: value[name] for name in value if name != "password"} == {
        "username": "admin",
        "engine": "mysql",
        "host": found["Endpoint"],
        "port": 3306,
        "dbname": "TestData",
        "dbClusterIdentifier": "test-cluster",
    }
    assert len(value["password"]) == 40


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (
            {"Engine": "aurora-postgresql", "EngineMode": "provisioned"},
            "does not run engine aurora-postgresql",
        ),
        ({"Engine": "aurora-mysql", "EngineMode": "provisioned"}, "Serverless v2 scaling configuration"),
        ({"DBSubnetGroupName": "nowhere"}, "DB subnet group 'nowhere' does not exist"),
        ({"VpcSecurityGroupIds": ["sg-00000000"]}, "Invalid security group, groupId=sg-00000000"),
        ({"MasterUserPassword": "short"}, "not a valid password"),
        ({"MasterUsername": "no-good"}, "MasterUsername"),
        ({"DatabaseName": "1st"}, "DatabaseName must begin with a letter"),
        ({"DBClusterIdentifier": "a--b"}, "Invalid database cluster identifier"),
        ({"ScalingConfiguration": {"MinCapacity": 3}}, "MinCapacity 3"),
        ({"ScalingConfiguration": {"SecondsUntilAutoPause": 60}}, "SecondsUntilAutoPause 60"),
    ],
)
def test_what_rds_refuses(stacks, network, more, message):
    name = stacks.create({**network, "Cluster": cluster(**more)})
    assert stacks.describe(name)["StackStatus"] == "ROLLBACK_COMPLETE"
    assert message in stacks.reasons(name)["Cluster"]


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        (
            "create_db_instance",
            {"DBInstanceIdentifier": "x", "DBInstanceClass": "db.t3.micro", "Engine": "mysql"},
        ),
        ("create_db_cluster", {"DBClusterIdentifier": "x", "Engine": "aurora-mysql"}),
        ("create_global_cluster", {"GlobalClusterIdentifier": "x"}),
        ("start_db_cluster", {"DBClusterIdentifier": "x"}),
        ("delete_db_cluster", {"DBClusterIdentifier": "nobody", "SkipFinalSnapshot": True}),
        ("delete_db_cluster_snapshot", {"DBClusterSnapshotIdentifier": "nobody"}),
        (
            "restore_db_cluster_from_snapshot",
            {"DBClusterIdentifier": "x", "SnapshotIdentifier": "nobody", "Engine": "aurora"},
        ),
    ],
)
def test_requests_that_nothing_stands_behind_fail(clients, operation, arguments):
    with pytest.raises(ClientError):
        getattr(clients("rds"), operation)(**arguments)
    assert clients("rds").describe_db_clusters()["DBClusters"] == []
