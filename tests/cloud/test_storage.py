"""Buckets and secrets, on a real sandbox; what only AWS answers is written by the test."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tsalab.cloud.account import Account
from tsalab.cloud.bucket import Bucket, bucket_names
from tsalab.cloud.secret import Secret
from tsalab.errors import CloudError

NAME = "a-bucket-of-the-tests"
WORD = "s3kr1t-w0rd"


@pytest.fixture
def bucket(account: Account) -> Iterator[Bucket]:
    s3 = account.client("s3")
    place = {"LocationConstraint": account.region}
    s3.create_bucket(Bucket=NAME, CreateBucketConfiguration=place)
    s3.put_bucket_versioning(Bucket=NAME, VersioningConfiguration={"Status": "Enabled"})
    made = Bucket(account, NAME)
    yield made
    made.empty()
    s3.delete_bucket(Bucket=NAME)


def test_a_listing_is_of_a_prefix_and_no_longer_than_asked_for(bucket: Bucket) -> None:
    bucket.put("a/1.zip", b"old")
    bucket.put("a/1.zip", b"new")
    bucket.put("a/2.zip", b"two")
    bucket.put("b/3.zip", b"three")
    first, second = bucket.listed("a/", most=10)
    assert (first.bucket, first.key, second.key) == (NAME, "a/1.zip", "a/2.zip")
    stored = bucket.get("a/1.zip")
    assert stored is not None
    assert first.etag == stored.etag
    assert 0 <= (first.modified - stored.modified).total_seconds() < 1  # a header has whole seconds
    assert [found.key for found in bucket.listed(most=2)] == ["a/1.zip", "a/2.zip"]
    assert NAME in bucket_names(bucket._account)


def test_an_object_and_its_versions(bucket: Bucket) -> None:
    assert bucket.exists()
    assert bucket.versioned()
    first, second = bucket.put("a/b.txt", b"one"), bucket.put("a/b.txt", b"two")
    assert first != second
    stored = bucket.get("a/b.txt")
    assert stored is not None
    assert (stored.key, stored.body, stored.version) == ("a/b.txt", b"two", second)
    assert '"' not in stored.etag
    assert bucket.get("a/c.txt") is None
    assert bucket.count() == 2


def test_empty_takes_versions_and_delete_markers(bucket: Bucket, account: Account) -> None:
    for body in (b"one", b"two"):
        bucket.put("a", body)
    bucket.put("b", b"three")
    account.client("s3").delete_object(Bucket=NAME, Key="a")
    assert bucket.count() == 4
    assert bucket.empty() == 4
    assert bucket.count() == 0
    assert bucket.empty() == 0


def test_a_bucket_that_is_not_there(account: Account) -> None:
    bucket = Bucket(account, "no-such-bucket-of-the-tests")
    assert not bucket.exists()
    assert bucket.get("key") is None
    assert bucket.count() == bucket.empty() == 0
    with pytest.raises(CloudError, match="refused to upload s3://no-such-bucket-of-the-tests/key"):
        bucket.put("key", b"")
    with pytest.raises(CloudError, match="read the versioning of the bucket no-such"):
        bucket.versioned()


Read = Callable[[Bucket], object]


@pytest.mark.parametrize(
    ("operation", "code", "read"),
    [
        ("get_object", "AccessDenied", lambda bucket: bucket.get("key")),
        ("list_object_versions", "AccessDenied", Bucket.count),
    ],
)
def test_a_bucket_of_somebody_else_is_no_absent_one(
    stubbed: Any, operation: str, code: str, read: Read
) -> None:
    account, s3 = stubbed("s3")
    s3.add_client_error(operation, code, "not you", http_status_code=403)
    with pytest.raises(CloudError, match=f"AWS refused to .* {NAME}|AWS refused to .*/key"):
        read(Bucket(account, NAME))


def test_a_refusal_without_words_is_asked_for_them(stubbed: Any) -> None:
    account, s3 = stubbed("s3")
    s3.add_client_error("head_bucket", "403", "Forbidden", http_status_code=403)
    why = "User: you is not authorized to perform: s3:ListBucket"
    s3.add_client_error("list_objects_v2", "AccessDenied", why, http_status_code=403)
    with pytest.raises(CloudError, match=f"AWS refused to .* {NAME}") as caught:
        Bucket(account, NAME).exists()
    assert "s3:ListBucket" in caught.value.why


def versions(count: int) -> dict[str, Any]:
    return {"Versions": [{"Key": f"k{number}", "VersionId": "v"} for number in range(count)]}


def test_a_thousand_go_in_one_request(stubbed: Any) -> None:
    account, s3 = stubbed("s3")
    s3.add_response("list_object_versions", versions(1001))
    rows = [{"Key": f"k{number}", "VersionId": "v"} for number in range(1001)]
    for part in (rows[:1000], rows[1000:]):
        s3.add_response("delete_objects", {}, {"Bucket": NAME, "Delete": {"Objects": part, "Quiet": True}})
    assert Bucket(account, NAME).empty() == 1001


def test_an_object_that_may_not_be_deleted_is_told(stubbed: Any) -> None:
    account, s3 = stubbed("s3")
    s3.add_response("list_object_versions", versions(2))
    refused = {"Key": "k1", "Code": "AccessDenied", "Message": "It is locked"}
    s3.add_response("delete_objects", {"Errors": [refused]})
    with pytest.raises(CloudError, match=f"refused to empty the bucket {NAME}: AccessDenied") as caught:
        Bucket(account, NAME).empty()
    assert caught.value.why == "k1: It is locked"


GOOD = {"username": "admin", "password": WORD, "host": "db.example", "port": 3306, "dbname": "gallery"}


@pytest.fixture
def secret(account: Account) -> Iterator[Callable[..., Secret]]:
    """Make a secret whose value is the text given, or the bytes."""
    api, made = account.client("secretsmanager"), []

    def make(**value: Any) -> Secret:
        name = f"tests-secret-{len(made)}"
        api.create_secret(Name=name, **value)
        made.append(name)
        return Secret(account, name)

    yield make
    for name in made:
        api.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)


def test_a_secrets_value_hides_its_password(secret: Callable[..., Secret]) -> None:
    found = secret(SecretString=json.dumps({**GOOD, "port": "3306"})).credentials()
    assert (found.username, found.host, found.port, found.dbname) == ("admin", "db.example", 3306, "gallery")
    assert found.password == WORD
    assert WORD not in repr(found) + str(found)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"SecretString": WORD}, "does not hold what the app expects"),
        ({"SecretString": f'{{"password": "{WORD}"'}, "does not hold what the app expects"),
        ({"SecretString": json.dumps([WORD])}, "does not hold what the app expects"),
        ({"SecretString": json.dumps({**GOOD, "port": WORD})}, "does not hold what the app expects"),
        ({"SecretBinary": WORD.encode()}, "does not hold what the app expects"),
        ({"SecretString": json.dumps({"username": "a", "password": WORD})}, "lacks: host, port, dbname"),
        ({"SecretString": json.dumps({**GOOD, "username": None})}, "lacks: username"),
    ],
    ids=["plain text", "half of it", "a list", "no port", "binary", "not attached", "null"],
)
def test_a_malformed_secret_is_named_and_never_shown(
    secret: Callable[..., Secret], value: dict[str, Any], said: str
) -> None:
    made = secret(**value)
    with pytest.raises(CloudError) as caught:
        made.credentials()
    error = caught.value
    assert said in error.what
    assert made.name in error.what
    shown = "".join(traceback.format_exception(error)) + repr(error) + repr(error.args) + repr(made)
    assert WORD not in shown
    assert error.__cause__ is None
    assert error.__context__ is None


def test_numbers_are_taken_as_text(secret: Callable[..., Secret]) -> None:
    assert secret(SecretString=json.dumps({**GOOD, "password": 12345})).credentials().password == "12345"


def test_a_secret_is_there_or_not(secret: Callable[..., Secret], account: Account) -> None:
    made = secret(SecretString="{}")
    described = made.described()
    assert described is not None
    assert described["name"] == made.name
    assert Secret(account, described["arn"]).described() == described
    account.client("secretsmanager").delete_secret(SecretId=made.name, RecoveryWindowInDays=7)
    assert made.described() is None
    assert Secret(account, "nowhere").described() is None
    with pytest.raises(CloudError, match="refused to retrieve the value of the secret nowhere") as caught:
        Secret(account, "nowhere").credentials()
    assert "list-secrets" in caught.value.next_step


def test_a_refused_description_is_no_absent_secret(stubbed: Any) -> None:
    account, api = stubbed("secretsmanager")
    api.add_client_error("describe_secret", "AccessDeniedException", "not you")
    with pytest.raises(CloudError, match="refused to describe the secret name"):
        Secret(account, "name").described()
