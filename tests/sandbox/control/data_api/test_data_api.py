"""SQL through the Data API, on real databases, with AWS's own command line and SDK."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from tests.sandbox.control.data_api.conftest import paused, until_paused
from tests.sandbox.control.test_aurora import PASSWORD
from tsalab.sandbox.clock import Clock


def value(name, **given):
    return {"name": name, "value": given}


def refusal(call, *arguments, **more):
    with pytest.raises(ClientError) as refused:
        call(*arguments, **more)
    return refused.value.response["Error"]["Code"], str(refused.value)


def test_every_kind_of_value_goes_in_and_comes_back(api):
    inserted = api.call(
        "INSERT INTO kinds (yes, small, large, price, ratio, name, data, at, doc, kind, note)"
        " VALUES (:yes, :small, :large, :price, :ratio, :name, :data, :at, :doc, 'b', :note)",
        value("yes", booleanValue=True),
        value("small", longValue=-5),
        value("large", stringValue=str(2**64 - 1)),
        value("price", stringValue="12.30") | {"typeHint": "DECIMAL"},
        value("ratio", doubleValue=0.1),
        value("name", stringValue="O'Brien \\ \U0001f98a; DROP TABLE kinds; --"),
        value("data", blobValue=b"\x00\xff'"),
        value("at", stringValue="2026-01-02 03:04:05.678") | {"typeHint": "TIMESTAMP"},
        value("doc", stringValue='{"a": 1}') | {"typeHint": "JSON"},
        value("note", isNull=True),
    )
    assert inserted["numberOfRecordsUpdated"] == 1
    (identity,) = inserted["generatedFields"]
    found = api.call(
        "SELECT * FROM kinds WHERE id = :id", value("id", **identity), includeResultMetadata=True
    )
    assert found["records"] == [
        [
            identity,
            {"booleanValue": True},
            {"longValue": -5},
            {"stringValue": str(2**64 - 1)},
            {"stringValue": "12.30"},
            {"doubleValue": 0.1},
            {"stringValue": "O'Brien \\ \U0001f98a; DROP TABLE kinds; --"},
            {"blobValue": b"\x00\xff'"},
            {"stringValue": "2026-01-02 03:04:05.678"},
            {"stringValue": '{"a": 1}'},
            {"stringValue": "b"},
            {"isNull": True},
        ]
    ]
    told = {column["label"]: column for column in found["columnMetadata"]}
    assert [told[name]["typeName"] for name in ("id", "yes", "large", "price", "data", "at", "note")] == [
        "INT",
        "BIT",
        "BIGINT UNSIGNED",
        "DECIMAL",
        "VARBINARY",
        "DATETIME",
        "TEXT",
    ]
    assert (told["id"]["isAutoIncrement"], told["id"]["nullable"], told["price"]["scale"]) == (True, 0, 2)
    assert {column["tableName"] for column in told.values()} == {"kinds"}
    wanted = {"decimalReturnType": "DOUBLE_OR_LONG", "longReturnType": "STRING"}
    sql = "SELECT price, small FROM kinds WHERE id = :id"
    (row,) = api.call(sql, value("id", **identity), resultSetOptions=wanted)["records"]
    assert row == [{"doubleValue": 12.3}, {"stringValue": "-5"}]
    told = api.call(sql, value("id", **identity), formatRecordsAs="JSON")
    assert json.loads(told["formattedRecords"]) == [{"price": "12.30", "small": -5}]
    assert "records" not in told


def test_the_command_line_does_as_documented(api, bare_sandbox, tmp_path):
    env = bare_sandbox.env | {"HOME": str(tmp_path)}
    command = [Path(sys.executable).with_name("aws"), "rds-data", "execute-statement", "--output", "json"]
    where = [
        *("--resource-arn", api.where["resourceArn"]),
        *("--secret-arn", api.where["secretArn"]),
        *("--database", "TestData"),
    ]
    parameters = json.dumps([value("n", stringValue="' OR '1'='1")])
    more = ["--sql", "SELECT :n AS n, 1 + 1", "--parameters", parameters]
    done = subprocess.run([*command, *where, *more], env=env, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == {
        "records": [[{"stringValue": "' OR '1'='1"}, {"longValue": 2}]],
        "numberOfRecordsUpdated": 0,
    }


def test_a_batch_and_what_a_transaction_keeps_together(api):
    api.call("DELETE FROM kinds")
    sets = [[value("name", stringValue=name)] for name in ("a", "b", "c")]
    sql = "INSERT INTO kinds (name) VALUES (:name)"
    made = api.client.batch_execute_statement(**api.where, sql=sql, parameterSets=sets)
    generated = [result["generatedFields"][0]["longValue"] for result in made["updateResults"]]
    assert generated == sorted(set(generated))
    assert len(generated) == 3

    kept = api.client.begin_transaction(**api.where)["transactionId"]
    api.call("DELETE FROM kinds", transactionId=kept)
    count = "SELECT COUNT(*) FROM kinds"
    assert api.call(count, transactionId=kept)["records"] == [[{"longValue": 0}]]
    assert api.call(count)["records"] == [[{"longValue": 3}]]
    code, why = refusal(api.call, "SELECT nothing FROM kinds", transactionId=kept)
    assert (code, "Error code: 1054" in why) == ("DatabaseErrorException", True)
    which = api.which | {"transactionId": kept}
    assert api.client.rollback_transaction(**which)["transactionStatus"] == "Rollback Complete"
    assert api.call(count)["records"] == [[{"longValue": 3}]]
    code, why = refusal(api.client.commit_transaction, **which)
    assert (code, f"Transaction {kept} is not found" in why) == ("TransactionNotFoundException", True)

    kept = api.client.begin_transaction(**api.where)["transactionId"]
    api.call("DELETE FROM kinds", transactionId=kept)
    done = api.client.commit_transaction(**(which | {"transactionId": kept}))
    assert done["transactionStatus"] == "Transaction Committed"
    assert api.call(count)["records"] == [[{"longValue": 0}]]


def test_two_calls_at_once_in_one_transaction(api):
    kept = api.client.begin_transaction(**api.where)["transactionId"]
    began = "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP(0.5)%'"
    slow = threading.Thread(target=api.call, args=("SELECT SLEEP(0.5)",), kwargs={"transactionId": kept})
    slow.start()
    while api.call(began)["records"] == [[{"longValue": 0}]]:
        assert slow.is_alive()
    code, why = refusal(api.call, "SELECT 1", transactionId=kept)
    assert (code, "still running a query" in why) == ("DatabaseErrorException", True)
    slow.join()
    api.client.rollback_transaction(**(api.which | {"transactionId": kept}))


@pytest.mark.parametrize(
    ("sql", "code", "why"),
    [
        ("SELEC 1", "DatabaseErrorException", "Error code: 1064"),
        ("SELECT 1; SELECT 2", "BadRequestException", "Multistatements aren't supported"),
        ("SELECT REPEAT('x', 65537)", "UnsupportedResultException", "65537 > 65536"),
        (
            "SELECT REPEAT('x', 60000) FROM information_schema.columns LIMIT 20",
            "UnsupportedResultException",
            "more than the allowed response size limit",
        ),
    ],
)
def test_what_is_refused(api, sql, code, why):
    told = refusal(api.call, sql)
    assert told[0] == code
    assert why in told[1]


def test_a_cluster_a_secret_and_an_endpoint_that_are_not_there(api):
    code, _ = refusal(api.call, "SELECT 1", resourceArn=api.where["resourceArn"] + "-x")
    assert code == "DatabaseNotFoundException"
    code, why = refusal(api.call, "SELECT 1", secretArn=api.where["secretArn"] + "x")
    assert code == "SecretsErrorException"
    assert PASSWORD not in why
    arn = api.where["resourceArn"]
    assert api.rds.disable_http_endpoint(ResourceArn=arn)["HttpEndpointEnabled"] is False
    try:
        code, why = refusal(api.call, "SELECT 1")
    finally:
        assert api.rds.enable_http_endpoint(ResourceArn=arn)["HttpEndpointEnabled"] is True
    assert (code, "is not enabled for cluster test-cluster" in why) == (
        "HttpEndpointNotEnabledException",
        True,
    )
    code, _ = refusal(api.call, "SELECT 1", database="nowhere")
    assert code == "DatabaseErrorException"


def test_the_first_version_has_one_name_for_all_of_that(api):
    assert api.call("SELECT 1", resourceArn=api.first)["records"] == [[{"longValue": 1}]]
    code, why = refusal(api.call, "SELEC 1", resourceArn=api.first)
    assert (code, "Error code" in why) == ("BadRequestException", False)


@pytest.mark.parametrize("version", ["test-cluster", "first-cluster"])
def test_a_sleeping_cluster_says_so_and_wakes(api, bare_sandbox, version):
    Clock(bare_sandbox.folder).set(rate=100_000)
    try:
        until_paused(bare_sandbox, version)
    finally:
        Clock(bare_sandbox.folder).set(rate=1)
    arn = api.first if version == "first-cluster" else api.where["resourceArn"]
    code, why = refusal(api.call, "SELECT 1", resourceArn=arn)
    if version == "first-cluster":
        assert (code, "Communications link failure" in why) == ("BadRequestException", True)
    else:
        assert (code, "is resuming after being auto-paused" in why) == ("DatabaseResumingException", True)
    until_paused(bare_sandbox, version, paused_=False)
    assert api.call("SELECT 1", resourceArn=arn)["records"] == [[{"longValue": 1}]]


def test_an_open_transaction_keeps_the_cluster_awake(api, bare_sandbox):
    kept = api.client.begin_transaction(**api.where)["transactionId"]
    Clock(bare_sandbox.folder).set(rate=100_000)
    try:
        until_paused(bare_sandbox, "first-cluster")
        assert not paused(bare_sandbox, "test-cluster")
        api.client.rollback_transaction(**(api.which | {"transactionId": kept}))
        until_paused(bare_sandbox, "test-cluster")
    finally:
        Clock(bare_sandbox.folder).set(rate=1)
