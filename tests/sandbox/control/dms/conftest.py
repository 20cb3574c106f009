"""A web server with a database, a cluster, and a replication instance between them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import psutil
import pymysql
import pytest
from botocore.exceptions import ClientError

from tests.contract.shapes import Report
from tests.sandbox.control.conftest import NETWORK, Stacks
from tests.sandbox.control.test_aurora import PASSWORD, cluster
from tests.sandbox.control.test_instance import IMAGE
from tsalab.sandbox import processes
from tsalab.sandbox.folder import read_json

SECRET = "a-source-password"
USER_DATA = f"""#!/bin/bash
set -e
mkdir -p "$TSA_MYSQL_OPTIONS"
cat > "$TSA_MYSQL_OPTIONS/binlog.cnf" <<'CNF'
[mariadbd]
log_bin=binlog
binlog_format=ROW
binlog_row_image=FULL
binlog_row_metadata=FULL
server_id=1
CNF
systemctl enable mariadb
systemctl restart mariadb
mysql <<'SQL'
CREATE DATABASE shop; CREATE DATABASE extra;
CREATE USER 'mover'@'10.0.%' IDENTIFIED BY '{SECRET}';
GRANT SELECT, SHOW VIEW, REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO 'mover'@'10.0.%';
CREATE USER 'local'@'127.0.0.1' IDENTIFIED BY '{SECRET}';
GRANT ALL ON *.* TO 'local'@'127.0.0.1';
CREATE TABLE shop.items (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(60), data MEDIUMTEXT);
CREATE TABLE shop.parts (id INT PRIMARY KEY, item INT, FOREIGN KEY (item) REFERENCES shop.items (id));
CREATE TABLE extra.notes (id INT PRIMARY KEY, text TEXT);
INSERT INTO shop.items (name) VALUES ('one'), ('two'), ('three');
INSERT INTO shop.parts VALUES (1, 1), (2, 3);
INSERT INTO extra.notes VALUES (1, 'a note');
SQL
"""
DMS_ROLE = {
    "Type": "AWS::IAM::Role",
    "Properties": {
        "RoleName": "dms-vpc-role",
        "AssumeRolePolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "dms.amazonaws.com"},
                    "Action": "sts:AssumeRole",
                }
            ],
        },
        "ManagedPolicyArns": ["arn:aws:iam::aws:policy/service-role/AmazonDMSVPCManagementRole"],
    },
}


def until(look: Callable[[], Any], seconds: float = 30) -> Any:
    """What a look gives once it gives something."""
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.03)
    return found


def refusal(call: Any, **given: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**given)
    error = caught.value.response["Error"]
    return str(error["Code"]), str(error.get("Message", ""))


def worker(mover: Any) -> psutil.Process | None:
    """The process that does a task's work."""
    for process in processes.members(mover.sandbox.folder):
        try:
            if any("dms.worker" in word for word in process.cmdline()):
                return process
        except psutil.Error:
            continue
    return None


class Mover(SimpleNamespace):
    """The world of these tests."""

    client: Any
    sandbox: Any
    clients: Any

    def tested(self, endpoint: str) -> dict[str, Any]:
        """Test a connection, and what came of it."""
        self.client.test_connection(ReplicationInstanceArn=self.instance, EndpointArn=endpoint)
        wanted = [{"Name": "endpoint-arn", "Values": [endpoint]}]

        def look() -> Any:
            (found,) = self.client.describe_connections(Filters=wanted)["Connections"]
            return found if found["Status"] != "testing" else None

        found: dict[str, Any] = until(look)
        return found

    def endpoint(self, kind: str, **more: Any) -> str:
        """Make an endpoint."""
        name = f"{kind}-{len(self.made)}"
        made = self.client.create_endpoint(EndpointIdentifier=name, EndpointType=kind, **more)
        self.made.append(made["Endpoint"]["EndpointArn"])
        return str(made["Endpoint"]["EndpointArn"])

    def source(self, **more: Any) -> str:
        """The web server's database."""
        login = {"ServerName": self.address, "Port": 3306, "Username": "mover", "Password": SECRET}
        return self.endpoint("source", EngineName="mariadb", **(login | more))

    def target(self, **more: Any) -> str:
        """The cluster."""
        login = {"ServerName": self.host, "Port": 3306, "Username": "admin", "Password": PASSWORD}
        return self.endpoint("target", EngineName="aurora", **(login | more))

    def task(self, kind: str = "full-load", schema: str = "shop", *more: dict[str, Any], **given: Any) -> str:
        """Make a task between the two tested endpoints."""
        rule = {
            "rule-type": "selection", "rule-id": "1", "rule-name": "1", "rule-action": "include",
            "object-locator": {"schema-name": schema, "table-name": "%"},
        }  # fmt: skip
        made = self.client.create_replication_task(
            ReplicationTaskIdentifier=f"task-{len(self.tasks)}",
            SourceEndpointArn=self.from_, TargetEndpointArn=self.to, ReplicationInstanceArn=self.instance,
            MigrationType=kind, TableMappings=json.dumps({"rules": [rule, *more]}), **given,
        )["ReplicationTask"]  # fmt: skip
        assert made["Status"] == "creating"
        self.tasks.append(made["ReplicationTaskArn"])
        return str(made["ReplicationTaskArn"])

    def described(self, task: str) -> dict[str, Any]:
        """A task as it is now."""
        wanted = [{"Name": "replication-task-arn", "Values": [task]}]
        (found,) = self.client.describe_replication_tasks(Filters=wanted)["ReplicationTasks"]
        return dict(found)

    def start(self, task: str, how: str = "start-replication") -> None:
        """Start a task."""
        made = self.client.start_replication_task(ReplicationTaskArn=task, StartReplicationTaskType=how)
        assert made["ReplicationTask"]["Status"] == "starting"

    def run(self, task: str, how: str = "start-replication") -> dict[str, Any]:
        """Start a task, and what it is when it rests again."""
        self.start(task, how)
        return self.resting(task)

    def resting(self, task: str) -> dict[str, Any]:
        """A task when it has ended."""

        def look() -> Any:
            found = self.described(task)
            return found if found["Status"] in ("stopped", "failed") else None

        found: dict[str, Any] = until(look)
        return found

    def tables(self, task: str) -> dict[str, dict[str, Any]]:
        """Statistics by the table's name."""
        found = self.client.describe_table_statistics(ReplicationTaskArn=task)["TableStatistics"]
        return {f"{row['SchemaName']}.{row['TableName']}": row for row in found}

    def sql(self, side: str, *statements: str) -> Any:
        """Execute on the source (as its local user) or the target; the last one's rows."""
        ports = read_json(self.sandbox.folder.path("ports.json"))
        key, user, password = {
            "source": (f"machine/{self.server}/mariadb", "local", SECRET),
            "target": ("database/test-cluster", "admin", PASSWORD),
        }[side]
        with (
            pymysql.connect(
                host="127.0.0.1", port=ports[key], user=user, password=password, autocommit=True
            ) as connection,
            connection.cursor() as cursor,
        ):
            for statement in statements:
                cursor.execute(statement)
            return cursor.fetchall()


@pytest.fixture(scope="module")
def mover(bare_sandbox: Any) -> Iterator[Mover]:
    """A source, a target, and a replication instance that reaches both."""
    session = bare_sandbox.session()
    stacks = Stacks(session)
    session.client("ec2").create_key_pair(KeyName="dms-key", KeyType="ed25519")
    rule = {"IpProtocol": "tcp", "FromPort": 3306, "ToPort": 3306, "CidrIp": "10.0.0.0/16"}
    group = {"GroupDescription": "db", "VpcId": {"Ref": "Vpc"}, "SecurityGroupIngress": [rule]}
    resources = {
        **NETWORK,
        "Group": {"Type": "AWS::EC2::SecurityGroup", "Properties": group},
        "Cluster": cluster(),
        "Server": {
            "Type": "AWS::EC2::Instance",
            "Properties": {
                "ImageId": IMAGE, "InstanceType": "t3.small", "KeyName": "dms-key", "SubnetId": {"Ref": "A"},
                "SecurityGroupIds": [{"Ref": "Group"}], "UserData": {"Fn::Base64": USER_DATA},
            },
        },
        "Role": DMS_ROLE,
    }  # fmt: skip
    outputs = {
        "Server": {"Value": {"Ref": "Server"}},
        "Address": {"Value": {"Fn::GetAtt": ["Server", "PrivateIp"]}},
        "Host": {"Value": {"Fn::GetAtt": ["Cluster", "Endpoint.Address"]}},
        "Group": {"Value": {"Ref": "Group"}},
        "A": {"Value": {"Ref": "A"}},
        "B": {"Value": {"Ref": "B"}},
    }
    name = stacks.create(resources, outputs)
    assert stacks.describe(name)["StackStatus"] == "CREATE_COMPLETE", stacks.reasons(name)
    made = stacks.outputs(name)
    report = Report()
    client = session.client("dms")
    report.listen(client, "dms")
    world = Mover(
        client=client, sandbox=bare_sandbox, clients=session.client, made=[], tasks=[], group=made["Group"],
        server=made["Server"], address=made["Address"], host=made["Host"], subnets=[made["A"], made["B"]],
        report=report,
    )  # fmt: skip
    client.create_replication_subnet_group(
        ReplicationSubnetGroupIdentifier="Movers",
        ReplicationSubnetGroupDescription="x",
        SubnetIds=world.subnets,
    )
    instance = client.create_replication_instance(
        ReplicationInstanceIdentifier="Mover", ReplicationInstanceClass="dms.t3.medium",
        ReplicationSubnetGroupIdentifier="movers", VpcSecurityGroupIds=[world.group],
        Tags=[{"Key": "k", "Value": "v"}],
    )["ReplicationInstance"]  # fmt: skip
    assert instance["ReplicationInstanceStatus"] == "creating"
    world.instance = instance["ReplicationInstanceArn"]
    client.get_waiter("replication_instance_available").wait(WaiterConfig={"Delay": 1})
    until(lambda: _ready(world))
    world.from_, world.to = world.source(), world.target()
    for endpoint in (world.from_, world.to):
        assert world.tested(endpoint)["Status"] == "successful", world.tested(endpoint)
    yield world
    for task in world.tasks:
        with suppress(client.exceptions.ResourceNotFoundFault):
            if world.described(task)["Status"] == "running":
                client.stop_replication_task(ReplicationTaskArn=task)
                world.resting(task)
            client.delete_replication_task(ReplicationTaskArn=task)
    for endpoint in world.made:
        with suppress(client.exceptions.ResourceNotFoundFault):
            client.delete_endpoint(EndpointArn=endpoint)
    client.delete_replication_instance(ReplicationInstanceArn=world.instance)
    one = [{"Name": "replication-instance-arn", "Values": [world.instance]}]
    client.get_waiter("replication_instance_deleted").wait(Filters=one, WaiterConfig={"Delay": 1})
    client.delete_replication_subnet_group(ReplicationSubnetGroupIdentifier="movers")
    assert stacks.delete(name) == "DELETE_COMPLETE", stacks.reasons(name)
    session.client("ec2").delete_key_pair(KeyName="dms-key")
    assert report.deviations == {}


def _ready(world: Mover) -> bool:
    """Whether the user data has made the tables."""
    try:
        return len(world.sql("source", "SELECT * FROM extra.notes")) == 1
    except pymysql.MySQLError:
        return False
