"""Clusters of both versions with the Data API on."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from types import SimpleNamespace

import pytest

from tests.contract.shapes import Report
from tests.sandbox.control.conftest import NETWORK, Stacks
from tests.sandbox.control.test_aurora import PASSWORD, cluster
from tests.sandbox.control.test_aurora_v2 import INSTANCE, second
from tsalab.sandbox.folder import read_json

SECRET = {
    "Type": "AWS::SecretsManager::Secret",
    "Properties": {"SecretString": json.dumps({"username": "admin", "password": PASSWORD})},
}
TABLE = """CREATE TABLE kinds (
    id INT AUTO_INCREMENT PRIMARY KEY, yes BOOLEAN, small TINYINT, large BIGINT UNSIGNED, price DECIMAL(8,2),
    ratio DOUBLE, name VARCHAR(60), data VARBINARY(60), at DATETIME(3), doc JSON, kind ENUM('a','b'),
    note TEXT
)"""


def paused(sandbox, cluster_id):
    return read_json(sandbox.folder.path("databases", cluster_id, "cluster.json"))["paused"]


def until_paused(sandbox, cluster_id, paused_=True):
    until = time.monotonic() + 30
    while paused(sandbox, cluster_id) is not paused_:
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.fixture(scope="module")
def api(bare_sandbox):
    """A cluster of either version, each with the Data API; `call` speaks to the second."""
    stacks = Stacks(bare_sandbox.session())
    first = cluster(DBClusterIdentifier="first-cluster", EnableHttpEndpoint=True)
    made = {**NETWORK, "Cluster": second(), "First": first, "Instance": INSTANCE, "Secret": SECRET}
    name = stacks.create(made, {"Secret": {"Value": {"Ref": "Secret"}}})
    assert stacks.describe(name)["StackStatus"] == "CREATE_COMPLETE", stacks.reasons(name)
    report = Report()
    client = bare_sandbox.session().client("rds-data")
    report.listen(client, "rds-data")
    rds = bare_sandbox.session().client("rds")
    arns = {
        found["DBClusterIdentifier"]: found["DBClusterArn"]
        for found in rds.describe_db_clusters()["DBClusters"]
    }
    where = {
        "resourceArn": arns["test-cluster"],
        "secretArn": stacks.outputs(name)["Secret"],
        "database": "TestData",
    }

    def call(sql, *parameters, **more):
        given = where | {"sql": sql} | ({"parameters": list(parameters)} if parameters else {}) | more
        return client.execute_statement(**given)

    def wake():
        with suppress(client.exceptions.DatabaseResumingException):
            call("SELECT 1")
        until_paused(bare_sandbox, "test-cluster", paused_=False)

    call(TABLE)
    which = {name: where[name] for name in ("resourceArn", "secretArn")}
    first = arns["first-cluster"]
    yield SimpleNamespace(client=client, rds=rds, where=where, which=which, call=call, wake=wake, first=first)
    assert stacks.delete(name) == "DELETE_COMPLETE"
    assert report.deviations == {}
