"""CloudTrail of a sandbox: what was really called, by whom, without secrets, and as AWS asks and answers."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.contract import enforced
from tsalab.grade.trail import NAMES, of_records
from tsalab.sandbox import manager


@pytest.fixture
def api(bare_sandbox: Any) -> Any:
    return bare_sandbox.session().client("cloudtrail")


def events(api: Any, name: str) -> list[dict[str, Any]]:
    """Events of an operation, newest first."""
    asked = [{"AttributeKey": "EventName", "AttributeValue": name}]
    pages = api.get_paginator("lookup_events").paginate(LookupAttributes=asked)
    return [json.loads(row["CloudTrailEvent"]) for page in pages for row in page["Events"]]


def code(call: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call()
    return str(caught.value.response["Error"]["Code"])


def test_a_call_is_told_by_its_caller_and_without_its_secret(bare_sandbox: Any, api: Any) -> None:
    secrets = bare_sandbox.session().client("secretsmanager")
    secrets.create_secret(Name="mine", SecretString="a very secret word")
    secrets.get_secret_value(SecretId="mine")
    # The newest first: other tests call the same sandbox.
    made, read = events(api, "CreateSecret")[0], events(api, "GetSecretValue")[0]
    account = bare_sandbox.session().client("sts").get_caller_identity()
    assert made["userIdentity"]["arn"] == account["Arn"]
    assert made["userIdentity"]["type"] == "IAMUser"
    assert made["recipientAccountId"] == account["Account"]
    assert made["requestParameters"]["name"] == "mine"
    assert made["responseElements"]["name"] == "mine"
    assert (made["readOnly"], read["readOnly"], read["responseElements"]) == (False, True, None)
    assert b"very secret" not in bare_sandbox.folder.path("control", "trail.jsonl").read_bytes()


def test_a_refused_call_is_told_with_its_code(bare_sandbox: Any, api: Any, tmp_path: Path) -> None:
    with enforced.as_user(bare_sandbox, tmp_path, "nobody-much", enforced.statements("grader")):
        mine = boto3.Session(profile_name=bare_sandbox.name)
        create = mine.client("codecommit").create_repository
        assert code(lambda: create(repositoryName="x")) == "AccessDeniedException"
        mine.client("cloudtrail").lookup_events()
    refused = events(api, "CreateRepository")[0]
    assert refused["errorCode"] == "AccessDeniedException"
    assert refused["userIdentity"]["userName"] == "nobody-much"
    found = of_records([refused], NAMES | {"CreateRepository"})
    assert found.of(refused["recipientAccountId"]) == []  # what was refused was not done


def test_it_is_asked_as_aws_asks(bare_sandbox: Any, api: Any) -> None:
    for _ in range(3):
        bare_sandbox.session().client("codecommit").list_repositories()
    first = api.lookup_events(MaxResults=2)
    assert len(first["Events"]) == 2
    second = api.lookup_events(MaxResults=2, NextToken=first["NextToken"])
    ids = [row["EventId"] for row in (*first["Events"], *second["Events"])]
    assert len(set(ids)) == 4
    assert first["Events"][0]["EventTime"] >= second["Events"][-1]["EventTime"]
    assert first["Events"][0]["Username"] == "learner"
    later = datetime.now(UTC) + timedelta(days=1)
    assert api.lookup_events(StartTime=later)["Events"] == []
    one = {"AttributeKey": "EventName", "AttributeValue": "x"}
    assert code(lambda: api.lookup_events(LookupAttributes=[one, one])) == "InvalidLookupAttributesException"
    now = datetime.now(UTC)
    assert code(lambda: api.lookup_events(StartTime=later, EndTime=now)) == "InvalidTimeRangeException"
    assert code(lambda: api.lookup_events(NextToken="x")) == "InvalidNextTokenException"


def test_what_it_does_not_do_fails(api: Any) -> None:
    assert code(lambda: api.create_trail(Name="x", S3BucketName="y")) == "NotImplementedException"
    asked = [{"AttributeKey": "ResourceName", "AttributeValue": "x"}]
    assert code(lambda: api.lookup_events(LookupAttributes=asked)) == "NotImplementedException"


def test_objects_are_data_events_that_no_lookup_shows(bare_sandbox: Any, api: Any) -> None:
    s3 = bare_sandbox.session().client("s3")
    where = {"LocationConstraint": bare_sandbox.session().region_name}
    s3.create_bucket(Bucket="bucket-of-the-trail", CreateBucketConfiguration=where)
    s3.put_object(Bucket="bucket-of-the-trail", Key="a/b.zip", Body=b"x")
    assert events(api, "CreateBucket")[0]["requestParameters"]["bucketName"] == "bucket-of-the-trail"
    assert events(api, "PutObject") == []
    lines = bare_sandbox.folder.path("control", "trail.jsonl").read_text(encoding="utf-8").splitlines()
    put = next(one for one in map(json.loads, reversed(lines)) if one["eventName"] == "PutObject")
    assert put["requestParameters"] == {"bucketName": "bucket-of-the-trail", "key": "a/b.zip"}
    assert put["managementEvent"] is False


def test_it_outlives_the_sandboxs_end(empty_sandbox: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    empty_sandbox.session().client("codecommit").create_repository(repositoryName="kept")
    monkeypatch.setenv("TSALAB_HOME", str(empty_sandbox.home))
    manager.down(empty_sandbox.name)
    manager.up(empty_sandbox.name, start_state=False)
    (made,) = events(manager.session(empty_sandbox.name).client("cloudtrail"), "CreateRepository")
    assert made["requestParameters"]["repositoryName"] == "kept"
