"""CloudTrail's event files, read and held against records: what agrees, what is missing, what was edited."""

from __future__ import annotations

import copy
import gzip
import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.grade import genuine
from tsalab.grade import Verdict, grade, read_rubric
from tsalab.grade.examining import Examined, examine
from tsalab.grade.reading import Submission
from tsalab.grade.shipped import shipped
from tsalab.grade.trail import NAMES, TrailError, of_records, read
from tsalab.grade.trail.footprints import FOOTPRINTS
from tsalab.witness.trail import Trail, from_files

ACCOUNT, REGION = "111122223333", "us-west-2"
COMMIT = "c" * 40
FACTS: dict[int, dict[str, Any]] = {
    7: {"bucket": "tsagallery-data-x", "key": "cloudformation/infra.yml.zip"},
    8: {"version": "v1", "etag": "e"},
    9: {"cluster": "tsagallery-database-cluster"},
    24: {"commit": COMMIT},
}
SECRET = "TSAGallery-RDSMasterSecret"
SERVER = f"arn:aws:sts::{ACCOUNT}:assumed-role/TSAGalleryServerRole/i-1"
STRANGER = {"type": "IAMUser", "arn": "arn:aws:iam::999988887777:user/x", "accountId": ACCOUNT}
STEPS = tuple(range(1, 31))


def event(step: float, source: str, name: str, request: Any, who: str = "", **more: Any) -> dict[str, Any]:
    """An event that happened while a step of the genuine run was at work."""
    moment = genuine.BEGAN + timedelta(minutes=step - 1, seconds=2)
    arn = who or f"arn:aws:iam::{ACCOUNT}:user/ada"
    kind = "AssumedRole" if "assumed-role" in arn else "IAMUser"
    return {
        "eventVersion": "1.11",
        "userIdentity": {"type": kind, "arn": arn, "accountId": ACCOUNT, "principalId": "AIDA"},
        "eventTime": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "eventSource": f"{source}.amazonaws.com",
        "eventName": name,
        "awsRegion": REGION,
        "sourceIPAddress": "203.0.113.7",
        "userAgent": "aws-cli",
        "requestParameters": request,
        "responseElements": None,
        "requestID": f"r-{name}-{step}",
        "eventID": f"e-{name}-{step}",
        "readOnly": name.startswith("Get"),
        "eventType": "AwsApiCall",
        "managementEvent": source != "s3",
        "recipientAccountId": ACCOUNT,
    } | more


def trail() -> list[dict[str, Any]]:
    """What AWS would have written down of the genuine run."""
    put = {"bucketName": "tsagallery-data-x", "key": "cloudformation/infra.yml.zip"}
    push = {"references": [{"commit": COMMIT, "ref": "refs/heads/master"}]}
    secret = {"secretId": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{SECRET}-AbCdEf"}
    return [
        event(1, "sts", "GetCallerIdentity", None),
        event(8, "s3", "PutObject", put, responseElements={"x-amz-version-id": "v1"}),
        event(9, "cloudformation", "UpdateStack", {"stackName": "TSAGallery"}),
        event(9.1, "rds", "CreateDBSubnetGroup", {"dBSubnetGroupName": "tsagallery-group"}),
        event(9.2, "secretsmanager", "CreateSecret", {"name": SECRET}),
        event(9.3, "rds", "CreateDBCluster", {"dBClusterIdentifier": "tsagallery-database-cluster"}),
        event(9.4, "iam", "PutRolePolicy", {"roleName": "TSAGalleryServerRole", "policyName": "ReadSecrets"}),
        event(11, "secretsmanager", "GetSecretValue", secret),
        event(24, "codecommit", "GitPush", push),
        event(28, "secretsmanager", "GetSecretValue", {"secretId": SECRET}, SERVER),
        event(40, "sts", "GetCallerIdentity", None),
    ]


def delivered(folder: Path, records: list[dict[str, Any]], account: str = ACCOUNT) -> Path:
    """Write a file as CloudTrail delivers it."""
    path = (
        folder
        / "AWSLogs"
        / account
        / "CloudTrail"
        / f"{account}_CloudTrail_{REGION}_20261125T1010Z_x.json.gz"
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(json.dumps({"Records": records}).encode()))
    return folder


def judged(folder: Path, records: list[dict[str, Any]], **given: Any) -> Verdict:
    book, _ = genuine.notebook(facts=FACTS)
    path = genuine.written(folder / "in", book)
    (verdict,) = grade([path], read_rubric(), [from_files(delivered(folder / "logs", records), STEPS, given)])
    return verdict


def without(name: str, step: float | None = None) -> list[dict[str, Any]]:
    gone = f"e-{name}" + ("" if step is None else f"-{step}")
    return [one for one in trail() if not one["eventID"].startswith(gone)]


def test_a_trail_that_agrees(tmp_path: Path) -> None:
    verdict = judged(tmp_path, trail())
    assert verdict.doubts == ()
    agreed = [mark.step for mark in verdict.marks if mark.tier == 4 and mark.points]
    assert agreed == [2, 3, 4, 5, 8, 9, 11, 24, 28]
    assert "GitPush by arn:aws:iam::111122223333:user/ada" in verdict.marks[23].reasons[0]
    assert {step for step in FOOTPRINTS if isinstance(step, int)} == {2, 3, 4, 5, 8, 9, 11, 24, 28}


@pytest.mark.parametrize(
    ("records", "step", "points", "said"),
    [
        (without("GitPush"), 24, 0, "knows of no GitPush"),
        (without("CreateDBCluster"), 4, 0, "knows of no CreateDBCluster"),
        (without("UpdateStack"), 9, 0, "knows of no UpdateStack"),
        (without("PutObject"), 8, 1, "not every trail keeps such events"),
        (without("PutRolePolicy"), 5, 1, "not every trail keeps such events"),
        (without("GetSecretValue", 28), 28, 0, "knows of no GetSecretValue"),
        (without("GetCallerIdentity", 40)[:-1], 28, 1, "does not reach over the whole time"),
    ],
    ids=("push", "cluster", "stack", "data-event", "global-event", "server", "short"),
)
def test_what_is_missing_is_named(
    tmp_path: Path, records: list[dict[str, Any]], step: int, points: float, said: str
) -> None:
    mark = judged(tmp_path, records).marks[step - 1]
    assert said in " ".join(mark.reasons)
    assert (mark.points > 0) == bool(points)
    assert mark.tier == (1 if points else 4)


def test_an_event_after_the_record_contradicts_it(tmp_path: Path) -> None:
    records = [*without("GitPush"), event(35, "codecommit", "GitPush", {"references": [{"commit": COMMIT}]})]
    mark = judged(tmp_path, records).marks[23]
    assert (mark.points, mark.tier) == (0, 4)
    assert "after the record's end" in mark.reasons[0]


@pytest.mark.parametrize(
    ("change", "step"),
    [
        (lambda one: one["requestParameters"]["references"][0].update(commit="d" * 40), 24),
        (lambda one: one.update(errorCode="AccessDenied"), 24),
    ],
    ids=("another-commit", "refused"),
)
def test_an_event_that_does_not_fit_is_none(tmp_path: Path, change: Callable[[Any], None], step: int) -> None:
    records = trail()
    change(next(one for one in records if one["eventName"] == "GitPush"))
    assert judged(tmp_path, records).marks[step - 1].points == 0


def test_a_commit_made_in_the_console_counts(tmp_path: Path) -> None:
    made = event(24, "codecommit", "PutFile", {"filePath": "app.js"}, responseElements={"commitId": COMMIT})
    assert judged(tmp_path, [*without("GitPush"), made]).marks[23].tier == 4


def test_a_trail_of_another_account(tmp_path: Path) -> None:
    records = json.loads(json.dumps(trail()).replace(ACCOUNT, "999988887777"))
    book, _ = genuine.notebook(facts=FACTS)
    path = genuine.written(tmp_path / "in", book)
    folder = delivered(tmp_path / "logs", records, "999988887777")
    (verdict,) = grade([path], read_rubric(), [from_files(folder, STEPS, {})])
    assert "it is of the account 999988887777" in verdict.doubts[0]
    assert verdict.tier == 1
    roster = judged(tmp_path / "other", trail(), Ada="999988887777")
    assert "The trail was not heard" in roster.doubts[0]


def test_one_account_is_not_the_work_of_two(tmp_path: Path) -> None:
    for learner, run in (("Ada", "a" * 32), ("Bob", "b" * 32)):
        genuine.written(tmp_path / "in" / learner, genuine.notebook(learner, run, facts=FACTS)[0])
    witness = Trail(STEPS, of_records(trail(), NAMES))
    first, second = grade([tmp_path / "in"], read_rubric(), [witness])
    assert first.doubts == ()
    assert "told of the work of Ada already" in second.doubts[0]
    assert max(mark.tier for mark in second.marks) == 1


def edited(**fields: Any) -> list[dict[str, Any]]:
    records = trail()
    records[8].update(fields)
    return records


def copied() -> list[dict[str, Any]]:
    other = copy.deepcopy(trail()[8])
    other["userIdentity"]["userName"] = "eve"
    return [*trail(), other]


@pytest.mark.parametrize(
    ("records", "why"),
    [
        (edited(eventID=""), "eventID is missing"),
        (edited(eventTime="yesterday"), "eventTime is missing"),
        (edited(eventTime="2026-11-25T09:23:02"), "eventTime is missing"),  # without a zone
        (edited(eventTime="2199-01-01T00:00:00Z"), "contradicts itself: eventTime"),
        (edited(eventTime="2026-11-25T12:00:00Z"), "contradicts itself: eventTime"),  # after its delivery
        (edited(recipientAccountId="999988887777"), "contradicts itself: recipientAccountId"),
        (edited(awsRegion="eu-west-1"), "contradicts itself: recipientAccountId, awsRegion"),
        (
            edited(
                userIdentity={
                    "type": "IAMUser",
                    "arn": "arn:aws:iam::999988887777:user/x",
                    "accountId": ACCOUNT,
                }
            ),
            "contradicts itself: userIdentity",
        ),
        (edited(userIdentity="ada"), "userIdentity is missing"),
        (edited(eventVersion="9.9"), "eventVersion is missing"),
        (copied(), "twice, with different content"),
        ([*trail(), 7], "no event of CloudTrail"),
        ([], "no event of CloudTrail was found"),
    ],
    ids=str,
)
def test_an_edited_trail_is_refused_with_what_shows_it(tmp_path: Path, records: list[Any], why: str) -> None:
    with pytest.raises(TrailError, match=why):
        read(delivered(tmp_path, records), NAMES)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"{", "JSONDecodeError"),
        (b"[" * 200_000, "RecursionError"),
        (b'{"Records": NaN}', "NaN"),
        (b'{"Records": {}}', "neither Records nor Events"),
        (b'{"Events": [{"CloudTrailEvent": 7}]}', "no event of CloudTrail"),
        (b"\x80\x04\x95", "UnicodeDecodeError"),
    ],
    ids=("torn", "deep", "nan", "other", "lookup", "pickle"),
)
def test_a_file_that_is_none_is_named(tmp_path: Path, data: bytes, why: str) -> None:
    (tmp_path / "x.json").write_bytes(data)
    with pytest.raises(TrailError, match=why) as caught:
        read(tmp_path, NAMES)
    assert "x.json" in str(caught.value)
    (tmp_path / "x.json").rename(tmp_path / "x.json.gz")
    with pytest.raises(TrailError, match=r"x\.json\.gz"):
        read(tmp_path, NAMES)


def test_what_lookup_events_prints_is_read_too(tmp_path: Path) -> None:
    rows = [{"EventId": one["eventID"], "CloudTrailEvent": json.dumps(one)} for one in trail()]
    (tmp_path / "x.json").write_text(json.dumps({"Events": rows}), encoding="utf-8")
    found = read(tmp_path / "x.json", NAMES)
    assert [one.id for one in found.of(ACCOUNT)] == [one.id for one in of_records(trail(), NAMES).of(ACCOUNT)]
    assert found.until > datetime(2026, 11, 25, 9, 30, tzinfo=UTC)


def test_the_same_event_twice_is_one(tmp_path: Path) -> None:
    assert len(of_records([*trail(), *trail()], NAMES).of(ACCOUNT)) == len(
        of_records(trail(), NAMES).of(ACCOUNT)
    )


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=9,
)


@cache
def genuinely_examined() -> Examined:
    book, _ = genuine.notebook(facts=FACTS)
    return examine(Submission("x", book), shipped())


@settings(deadline=None)
@given(st.sampled_from(range(len(trail()))), st.sampled_from(sorted(trail()[0])), _JSON)
def test_any_value_anywhere_gives_evidence_or_a_named_error(at: int, name: str, value: Any) -> None:
    records = trail()
    records[at][name] = value
    with suppress(TrailError):
        told = Trail(STEPS, of_records(records, NAMES)).of(genuinely_examined())
        assert all(one.reason for one in told.values())
