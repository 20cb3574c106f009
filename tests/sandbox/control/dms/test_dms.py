"""DMS moves real data, reaches what security groups allow, and refuses in AWS's words."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.control.dms.conftest import SECRET, refusal, until, worker
from tests.sandbox.control.test_aurora import PASSWORD

MANY = (
    "INSERT INTO shop.items (name, data) WITH RECURSIVE numbers (n) AS"
    " (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 900)"
    " SELECT CONCAT('many ', n), REPEAT('x', 20000) FROM numbers"
)


def settings(mode: str) -> dict[str, str]:
    return {"ReplicationTaskSettings": json.dumps({"FullLoadSettings": {"TargetTablePrepMode": mode}})}


def test_an_endpoint_never_tells_its_password(mover):
    found = mover.client.describe_endpoints(Filters=[{"Name": "endpoint-arn", "Values": [mover.from_]}])
    (endpoint,) = found["Endpoints"]
    assert (endpoint["EndpointType"], endpoint["EngineDisplayName"]) == ("source", "MariaDB")
    assert SECRET not in json.dumps(found, default=str)
    log = mover.sandbox.folder.path("supervisor.log").read_text("utf-8")
    assert SECRET not in log


def test_a_connection_fails_with_the_databases_own_words(mover):
    wrong = mover.tested(mover.source(Password="wrong"))
    assert wrong["Status"] == "failed"
    head = (
        "Test Endpoint failed: Application-Status: 1020912, Application-Message: Cannot connect to ODBC "
        "provider ODBC general error., Application-Detailed-Message: RetCode: SQL_ERROR SqlState: HY000 "
        "NativeError: 1045 Message: [MySQL][ODBC 8.0(w) Driver]Access denied for user 'mover'@'"
    )
    assert wrong["LastFailureMessage"].startswith(head)
    assert "(using password: YES)" in wrong["LastFailureMessage"]
    # An account for the web server's own programs is none for whoever comes over the network.
    local = mover.tested(mover.source(Username="local"))["LastFailureMessage"]
    assert "NativeError: 1045 " in local
    assert "'local'@'127.0.0.1'" not in local
    assert "'local'@'localhost'" not in local
    unknown = mover.tested(mover.source(ServerName="no-such-host.example"))["LastFailureMessage"]
    assert "NativeError: 2005 " in unknown
    nobody = mover.tested(mover.source(ServerName="10.0.0.200"))["LastFailureMessage"]
    assert "NativeError: 2003 Message: [MySQL][ODBC 8.0(w) Driver]Can't connect to MySQL server on " in nobody
    assert nobody.endswith("'10.0.0.200' (110)")


def test_security_groups_decide(mover):
    ec2 = mover.clients("ec2")
    rule = {"IpProtocol": "tcp", "FromPort": 3306, "ToPort": 3306, "IpRanges": [{"CidrIp": "10.0.0.0/16"}]}
    ec2.revoke_security_group_ingress(GroupId=mover.group, IpPermissions=[rule])
    try:
        for endpoint, host in ((mover.source(), mover.address), (mover.target(), mover.host)):
            said = mover.tested(endpoint)["LastFailureMessage"]
            assert said.endswith(f"Can't connect to MySQL server on '{host}' (110)")
    finally:
        ec2.authorize_security_group_ingress(GroupId=mover.group, IpPermissions=[rule])


def test_a_full_load_moves_what_the_rules_say(mover):
    task = mover.task("full-load", "shop")
    done = mover.run(task)
    assert (done["Status"], done["StopReason"]) == ("stopped", "Stop Reason FULL_LOAD_ONLY_FINISHED"), done
    stats = done["ReplicationTaskStats"]
    assert stats["FullLoadProgressPercent"] == 100
    assert (stats["TablesLoaded"], stats["TablesQueued"], stats["TablesErrored"]) == (2, 0, 0)
    tables = mover.tables(task)
    assert {name: (row["FullLoadRows"], row["TableState"]) for name, row in tables.items()} == {
        "shop.items": (3, "Table completed"),
        "shop.parts": (2, "Table completed"),
    }
    assert mover.sql("target", "SELECT name FROM shop.items ORDER BY id") == (("one",), ("two",), ("three",))
    assert mover.sql("target", "SELECT COUNT(*) FROM shop.parts") == ((2,),)
    names = mover.sql("target", "SHOW DATABASES LIKE 'extra'")
    assert names == ()
    one = [{"Name": "table-name", "Values": ["parts"]}]
    found = mover.client.describe_table_statistics(ReplicationTaskArn=task, Filters=one)["TableStatistics"]
    assert [row["TableName"] for row in found] == ["parts"]
    code, said = refusal(
        mover.client.start_replication_task,
        ReplicationTaskArn=task,
        StartReplicationTaskType="start-replication",
    )
    assert (code, "valid only for tasks running for the first time" in said) == (
        "InvalidParameterCombinationException",
        True,
    )


def test_the_target_is_prepared_as_the_settings_say(mover):
    mover.sql("target", "DROP DATABASE IF EXISTS shop", "CREATE DATABASE shop")
    mover.sql(
        "target",
        "CREATE TABLE shop.items (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(60), data MEDIUMTEXT)",
        "INSERT INTO shop.items (id, name) VALUES (7, 'not ours')",
    )
    nothing = mover.task("full-load", "shop", **settings("DO_NOTHING"))
    failed = mover.run(nothing)
    assert failed["Status"] == "failed"
    assert failed["StopReason"] == "Stop Reason FATAL_ERROR Error Level FATAL"
    assert "items" in failed["LastFailureMessage"]
    assert "127.0.0.1" not in failed["LastFailureMessage"]
    assert mover.tables(nothing)["shop.items"]["TableState"] == "Table error"
    emptied = mover.task("full-load", "shop", **settings("TRUNCATE_BEFORE_LOAD"))
    assert mover.run(emptied)["StopReason"] == "Stop Reason FULL_LOAD_ONLY_FINISHED"
    assert mover.sql("target", "SELECT COUNT(*) FROM shop.items") == ((3,),)
    mover.sql("target", "DROP TABLE shop.parts", "ALTER TABLE shop.items ADD COLUMN more INT")
    dropped = mover.task("full-load", "shop", **settings("DROP_AND_CREATE"))
    done = mover.run(dropped)
    assert done["StopReason"] == "Stop Reason FULL_LOAD_ONLY_FINISHED", done.get("LastFailureMessage")
    assert len(mover.sql("target", "SHOW COLUMNS FROM shop.items")) == 3
    again = mover.run(dropped, "reload-target")
    assert again["ReplicationTaskStats"]["TablesLoaded"] == 2


@pytest.mark.slow  # the lab renames one in the default run (tests/experiments/test_dms.py)
def test_a_schema_is_renamed_on_its_way(mover):
    rename = {
        "rule-type": "transformation", "rule-id": "2", "rule-name": "2", "rule-action": "rename",
        "rule-target": "schema", "object-locator": {"schema-name": "extra"}, "value": "renamed",
    }  # fmt: skip
    task = mover.task("full-load", "ex%", rename)
    assert mover.run(task)["ReplicationTaskStats"]["TablesLoaded"] == 1
    assert mover.sql("target", "SELECT text FROM renamed.notes") == (("a note",),)
    mover.sql("target", "DROP DATABASE renamed")


def test_rules_that_take_nothing_fail_as_on_aws(mover):
    failed = mover.run(mover.task("full-load", "no-such-schema"))
    assert failed["Status"] == "failed"
    assert "No tables were found at task initialization" in failed["LastFailureMessage"]


def test_a_load_is_stopped_and_resumed_and_survives_a_kill(mover):
    mover.sql("source", MANY)
    task = mover.task("full-load", "shop")
    mover.start(task)
    process = until(lambda: worker(mover))
    line = " ".join(process.cmdline()) + str(process.environ())
    assert SECRET not in line
    assert PASSWORD not in line
    until(lambda: mover.tables(task).get("shop.items", {}).get("FullLoadRows"))
    os.kill(process.pid, signal.SIGKILL)
    done = mover.resting(task)
    assert done["StopReason"] == "Stop Reason FULL_LOAD_ONLY_FINISHED", done.get("LastFailureMessage")
    count = mover.sql("source", "SELECT COUNT(*), SUM(LENGTH(data)) FROM shop.items")
    assert mover.sql("target", "SELECT COUNT(*), SUM(LENGTH(data)) FROM shop.items") == count
    mover.start(task, "reload-target")
    until(lambda: mover.described(task)["Status"] == "running")
    stopping = mover.client.stop_replication_task(ReplicationTaskArn=task)["ReplicationTask"]
    assert stopping["Status"] == "stopping"
    stopped = mover.resting(task)
    assert (stopped["Status"], stopped["StopReason"]) == ("stopped", "Stop Reason NORMAL")
    resumed = mover.run(task, "resume-processing")
    assert resumed["StopReason"] == "Stop Reason FULL_LOAD_ONLY_FINISHED"
    assert mover.sql("target", "SELECT COUNT(*), SUM(LENGTH(data)) FROM shop.items") == count
    assert worker(mover) is None
    log = mover.sandbox.folder.path("replication")
    assert SECRET not in "".join(path.read_text("utf-8") for path in log.iterdir())


def test_what_is_in_use_stays(mover):
    task = mover.task("full-load", "shop")
    code, said = refusal(mover.client.delete_endpoint, EndpointArn=mover.from_)
    assert (code, "is part of one or more ReplicationTasks" in said) == ("InvalidResourceStateFault", True)
    code, _ = refusal(mover.client.delete_replication_instance, ReplicationInstanceArn=mover.instance)
    assert code == "InvalidResourceStateFault"
    code, _ = refusal(mover.client.delete_replication_subnet_group, ReplicationSubnetGroupIdentifier="movers")
    assert code == "InvalidResourceStateFault"
    code, said = refusal(mover.client.stop_replication_task, ReplicationTaskArn=task)
    assert (code, said) == (
        "InvalidResourceStateFault",
        "Replication Task cannot be stopped, invalid state",
    )
    mover.client.modify_endpoint(EndpointArn=mover.to, ServerName=mover.host)
    code, said = refusal(
        mover.client.start_replication_task,
        ReplicationTaskArn=task,
        StartReplicationTaskType="start-replication",
    )
    assert (code, "Test connection" in said) == ("InvalidResourceStateFault", True)
    assert mover.tested(mover.to)["Status"] == "successful"
    mover.client.delete_replication_task(ReplicationTaskArn=task)
    wanted = [{"Name": "replication-task-arn", "Values": [task]}]
    code, said = refusal(mover.client.describe_replication_tasks, Filters=wanted)
    assert (code, said) == ("ResourceNotFoundFault", "No Tasks found matching provided filters")


def test_a_secret_stands_for_a_password(mover):
    arn = mover.clients("secretsmanager").create_secret(
        Name="dms-source",
        SecretString=json.dumps(
            {"host": mover.address, "port": 3306, "username": "mover", "password": SECRET}
        ),
    )["ARN"]
    iam = mover.clients("iam")
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "dms.us-west-2.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    role = iam.create_role(
        RoleName="dms-secrets",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )["Role"]["Arn"]
    wanted = {"SecretsManagerAccessRoleArn": role, "SecretsManagerSecretId": arn}
    endpoint = mover.endpoint("source", EngineName="mariadb", MySQLSettings=wanted)
    said = mover.tested(endpoint)["LastFailureMessage"]
    assert "Unable to find Secrets Manager secret" in said
    allow = {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": arn}
    iam.put_role_policy(
        RoleName="dms-secrets",
        PolicyName="read",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allow]}),
    )
    assert mover.tested(endpoint)["Status"] == "successful"
    code, _ = refusal(mover.client.modify_endpoint, EndpointArn=endpoint, Username="mover", Password=SECRET)
    assert code == "InvalidParameterCombinationException"
    iam.delete_role_policy(RoleName="dms-secrets", PolicyName="read")
    iam.delete_role(RoleName="dms-secrets")
    mover.clients("secretsmanager").delete_secret(SecretId=arn, ForceDeleteWithoutRecovery=True)


def test_tags_and_quotas(mover):
    client = mover.client
    assert client.list_tags_for_resource(ResourceArn=mover.instance)["TagList"] == [
        {"Key": "k", "Value": "v"}
    ]
    client.add_tags_to_resource(ResourceArn=mover.to, Tags=[{"Key": "a", "Value": "b"}])
    both = client.list_tags_for_resource(ResourceArnList=[mover.instance, mover.to])["TagList"]
    assert {(row["Key"], row["ResourceArn"]) for row in both} == {("k", mover.instance), ("a", mover.to)}
    client.remove_tags_from_resource(ResourceArn=mover.to, TagKeys=["a"])
    assert client.list_tags_for_resource(ResourceArn=mover.to)["TagList"] == []
    quotas = {row["AccountQuotaName"]: row for row in client.describe_account_attributes()["AccountQuotas"]}
    assert quotas["ReplicationInstances"] == {
        "AccountQuotaName": "ReplicationInstances",
        "Used": 1,
        "Max": 60,
    }


@pytest.mark.parametrize(
    ("operation", "given", "code"),
    [
        ("describe_orderable_replication_instances", {}, "NotImplementedException"),
        ("reload_tables", {"ReplicationTaskArn": "x", "TablesToReload": []}, "NotImplementedException"),
        ("delete_endpoint", {"EndpointArn": "arn:aws:dms:us-west-2:1:endpoint:X"}, "ResourceNotFoundFault"),
        (
            "create_endpoint",
            {"EndpointIdentifier": "x", "EndpointType": "source", "EngineName": "oracle"},
            "InvalidParameterValueException",
        ),
        (
            "create_replication_instance",
            {"ReplicationInstanceIdentifier": "x", "ReplicationInstanceClass": "huge"},
            "InvalidParameterValueException",
        ),
    ],
)
def test_what_is_not_done_or_not_there_is_refused(mover, operation, given, code):
    plain = mover.sandbox.session().client("dms")  # unheard: the sandbox's own refusals are no AWS's
    assert refusal(getattr(plain, operation), **given)[0] == code


def test_the_command_line_does_as_documented(mover, tmp_path):
    env = mover.sandbox.env | {"HOME": str(tmp_path)}

    def aws(*words: str) -> Any:
        command = [Path(sys.executable).with_name("aws"), "dms", *words, "--output", "json"]
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    made = aws(
        "create-endpoint", "--endpoint-identifier", "by-hand", "--endpoint-type", "source",
        "--engine-name", "mariadb", "--server-name", mover.address, "--port", "3306",
        "--username", "mover", "--password", SECRET,
    )["Endpoint"]  # fmt: skip
    assert "Password" not in made
    arns = ["--replication-instance-arn", mover.instance, "--endpoint-arn", made["EndpointArn"]]
    assert aws("test-connection", *arns)["Connection"]["Status"] == "testing"
    wanted = ["--filters", f"Name=endpoint-arn,Values={made['EndpointArn']}"]
    until(lambda: aws("describe-connections", *wanted)["Connections"][0]["Status"] == "successful")
    mappings = tmp_path / "mappings.json"
    place = {"schema-name": "extra", "table-name": "n%"}
    rule = {"rule-type": "selection", "rule-id": "1", "rule-name": "1", "rule-action": "include"}
    mappings.write_text(json.dumps({"rules": [rule | {"object-locator": place}]}))
    task = aws(
        "create-replication-task", "--replication-task-identifier", "by-hand", *arns[:2],
        "--source-endpoint-arn", made["EndpointArn"], "--target-endpoint-arn", mover.to,
        "--migration-type", "full-load", "--table-mappings", f"file://{mappings}",
    )["ReplicationTask"]["ReplicationTaskArn"]  # fmt: skip
    mover.tasks.append(task)
    which = ["--replication-task-arn", task]
    aws("start-replication-task", *which, "--start-replication-task-type", "start-replication")
    assert mover.resting(task)["StopReason"] == "Stop Reason FULL_LOAD_ONLY_FINISHED"
    (table,) = aws("describe-table-statistics", *which)["TableStatistics"]
    assert [table[name] for name in ("SchemaName", "TableName", "FullLoadRows", "TableState")] == [
        "extra", "notes", 1, "Table completed",
    ]  # fmt: skip
    assert aws("delete-replication-task", *which)["ReplicationTask"]["Status"] == "deleting"
    assert aws("delete-endpoint", "--endpoint-arn", made["EndpointArn"])["Endpoint"]["Status"] == "deleting"
    mover.sql("target", "DROP DATABASE extra")
