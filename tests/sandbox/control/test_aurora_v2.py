"""Clusters of Serverless v2: what RDS accepts of them, and that an instance opens the way."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.control.test_aurora import cluster, connect, described
from tsalab.sandbox.control import aurora_rules as rules
from tsalab.sandbox.control.aurora_rules import RdsError
from tsalab.sandbox.folder import read_json

V2 = {
    "Engine": "aurora-mysql",
    "ServerlessV2ScalingConfiguration": {"MinCapacity": 0, "MaxCapacity": 16, "SecondsUntilAutoPause": 7200},
    "EnableHttpEndpoint": True,
}
INSTANCE = {
    "Type": "AWS::RDS::DBInstance",
    "Properties": {
        "DBClusterIdentifier": {"Ref": "Cluster"},
        "DBInstanceIdentifier": "Test-Instance",
        "DBInstanceClass": "db.serverless",
        "Engine": "aurora-mysql",
    },
}


def second(**more):
    made = cluster(**V2, **more)
    del made["Properties"]["EngineMode"], made["Properties"]["ScalingConfiguration"]
    return made


def test_the_kinds_of_cluster():
    assert rules.kind_of("aurora", "serverless", today=False) is rules.V1
    assert rules.kind_of("aurora-mysql", None, "8.0.mysql_aurora.3.10", today=True) is rules.V2
    for engine, mode, today, why in (
        ("aurora", "serverless", True, "engine mode serverless you requested is currently unavailable"),
        ("aurora-mysql", "serverless", True, "currently unavailable"),
        ("aurora-postgresql", None, False, "does not run engine aurora-postgresql in mode provisioned"),
    ):
        with pytest.raises(RdsError, match=why):
            rules.kind_of(engine, mode, today=today)
    with pytest.raises(RdsError, match="Cannot find version"):
        rules.kind_of("aurora-mysql", None, "5.7", today=False)


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        ({}, "Set the Serverless v2 scaling configuration"),
        ({"MinCapacity": 0.3, "MaxCapacity": 2}, "half steps"),
        ({"MinCapacity": 4, "MaxCapacity": 2}, "the first not above"),
        ({"MinCapacity": 0, "MaxCapacity": 0.5}, "from 1"),
        ({"MinCapacity": 1, "MaxCapacity": 2, "SecondsUntilAutoPause": 300}, "only when MinCapacity is 0"),
        ({"MinCapacity": 0, "MaxCapacity": 2, "SecondsUntilAutoPause": 299}, "300 to 86400"),
    ],
)
def test_scaling_that_is_refused(wanted, why):
    with pytest.raises(RdsError, match=why):
        rules.scaling(wanted, rules.V2)


def test_it_pauses_when_it_may_go_down_to_nothing():
    assert rules.scaling({"MinCapacity": 0, "MaxCapacity": 1}, rules.V2)["AutoPause"] is True
    assert rules.scaling({"MinCapacity": 0.5, "MaxCapacity": 1}, rules.V2)["AutoPause"] is False


def test_an_instance_opens_the_way_to_its_cluster(bare_sandbox, stacks, clients, network):
    name = stacks.create({**network, "Cluster": second()})
    found = described(clients)
    assert (found["Engine"], found["Status"], found["DBClusterMembers"]) == ("aurora-mysql", "available", [])
    assert found["ServerlessV2ScalingConfiguration"] == {
        "MinCapacity": 0.0,
        "MaxCapacity": 16.0,
        "SecondsUntilAutoPause": 7200,
    }
    assert found["HttpEndpointEnabled"] is True
    assert "Capacity" not in found
    routes = bare_sandbox.folder.path("routes.json")
    assert found["Endpoint"] not in json.dumps(read_json(routes)), "there is nobody to answer yet"

    stacks.update(name, {**network, "Cluster": second(), "Instance": INSTANCE})
    (instance,) = clients("rds").describe_db_instances(DBInstanceIdentifier="test-instance")["DBInstances"]
    assert (instance["DBInstanceStatus"], instance["DBClusterIdentifier"]) == ("available", "test-cluster")
    found = described(clients)
    assert [each["DBInstanceIdentifier"] for each in found["DBClusterMembers"]] == ["test-instance"]
    with connect(bare_sandbox, found) as link, link.cursor() as cursor:
        cursor.execute("SELECT 1")
    with pytest.raises(ClientError, match="Aurora Serverless v1 is told its capacity"):
        clients("rds").modify_current_db_cluster_capacity(DBClusterIdentifier="test-cluster", Capacity=2)

    stacks.update(name, {**network, "Cluster": second()})
    assert clients("rds").describe_db_instances()["DBInstances"] == []
    assert found["Endpoint"] not in json.dumps(read_json(routes))
