"""S3 buckets: one object in, everything out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from tsalab.cloud.account import Account
from tsalab.cloud.refusals import error_code
from tsalab.errors import CloudError
from tsalab.messages import say


@dataclass(frozen=True)
class StoredObject:
    """An object's content and the version that holds it."""

    key: str
    body: bytes
    version: str
    etag: str
    modified: datetime


@dataclass(frozen=True)
class Listed:
    """An object as a listing shows it."""

    bucket: str
    key: str
    etag: str
    modified: datetime


class Bucket:
    """A bucket by name."""

    def __init__(self, account: Account, name: str) -> None:
        self._account = account
        self.name = name

    @property
    def _api(self) -> Any:
        return self._account.client("s3")

    def exists(self) -> bool:
        """Whether the bucket is there and may be read."""
        with self._account.doing(say("cloud.doing.bucket_look", bucket=self.name)):
            try:
                self._api.head_bucket(Bucket=self.name)
            except ClientError as error:
                if error_code(error) in {"404", "NoSuchBucket", "NotFound"}:
                    return False
                if error_code(error) == "403":
                    # S3 answers a HEAD without a body: a listing, which needs the same permission, names it.
                    self._api.list_objects_v2(Bucket=self.name, MaxKeys=1)
                raise
        return True

    def is_named(self) -> bool:
        """Whether anybody in all of AWS has a bucket of this name: one that may not be read counts."""
        with self._account.doing(say("cloud.doing.bucket_look", bucket=self.name)):
            try:
                self._api.head_bucket(Bucket=self.name)
            except ClientError as error:
                if error_code(error) in {"404", "NoSuchBucket", "NotFound"}:
                    return False
                if error_code(error) != "403":  # which says that it is there, and somebody else's
                    raise
        return True

    def versioned(self) -> bool:
        """Whether the bucket keeps every version, as a pipeline's source must."""
        with self._account.doing(say("cloud.doing.bucket_versioning", bucket=self.name)):
            return bool(self._api.get_bucket_versioning(Bucket=self.name).get("Status") == "Enabled")

    def put(self, key: str, body: bytes) -> str:
        """Store an object; returns the version id."""
        with self._account.doing(say("cloud.doing.object_upload", bucket=self.name, key=key)):
            answer = self._api.put_object(Bucket=self.name, Key=key, Body=body)
        return str(answer.get("VersionId", ""))

    def get(self, key: str, version: str = "") -> StoredObject | None:
        """An object with its content, or None when there is none; the newest version unless one is named."""
        which = {"VersionId": version} if version else {}
        with self._account.doing(say("cloud.doing.object_read", bucket=self.name, key=key)):
            try:
                answer = self._api.get_object(Bucket=self.name, Key=key, **which)
            except ClientError as error:
                if error_code(error) in {"404", "NoSuchKey", "NoSuchBucket", "NoSuchVersion"}:
                    return None
                raise
            body = answer["Body"].read()
        etag, version = answer["ETag"].strip('"'), str(answer.get("VersionId", ""))
        return StoredObject(key, body, version, etag, answer["LastModified"])

    def listed(self, prefix: str = "", *, most: int) -> list[Listed]:
        """Objects as they are now, without their content, in the order of their keys.

        Parameters
        ----------
        prefix
            With which their keys begin.
        most
            How many at most.
        """
        with self._account.doing(say("cloud.doing.bucket_list", bucket=self.name)):
            pages = self._api.get_paginator("list_objects_v2").paginate(
                Bucket=self.name, Prefix=prefix, PaginationConfig={"MaxItems": most}
            )
            rows = [row for page in pages for row in page.get("Contents", [])]
        return [Listed(self.name, row["Key"], row["ETag"].strip('"'), row["LastModified"]) for row in rows]

    def versions(self, key: str) -> list[str]:
        """Version ids of an object, newest first; deleted ones are not among them."""
        found: list[str] = []
        with self._account.doing(say("cloud.doing.object_versions", bucket=self.name, key=key)):
            pages = self._api.get_paginator("list_object_versions").paginate(Bucket=self.name, Prefix=key)
            for page in pages:
                rows = page.get("Versions", [])
                found += [str(row["VersionId"]) for row in rows if row["Key"] == key]
        return found

    def holds(self, prefix: str) -> bool | None:
        """Whether a key begins so; None when the bucket does not exist."""
        with self._account.doing(say("cloud.doing.bucket_list", bucket=self.name)):
            try:
                answer = self._api.list_objects_v2(Bucket=self.name, Prefix=prefix, MaxKeys=1)
            except ClientError as error:
                if error_code(error) == "NoSuchBucket":
                    return None
                raise
        return bool(answer["KeyCount"])

    def count(self) -> int:
        """How many versions and delete markers the bucket holds."""
        return len(self._versions())

    def empty(self, on_deleted: Callable[[int, int], None] = lambda *_: None) -> int:
        """Delete every version of every object; returns how many were deleted.

        Parameters
        ----------
        on_deleted
            Called with how many are deleted, and how many there are, now and then.

        Raises
        ------
        CloudError
            When AWS refuses, also when it refuses single objects only.
        """
        versions = self._versions()
        for start in range(0, len(versions), 1000):  # 1,000 is what DeleteObjects takes at most
            doing = say("cloud.doing.bucket_empty", bucket=self.name)
            with self._account.doing(doing):
                answer = self._api.delete_objects(
                    Bucket=self.name, Delete={"Objects": versions[start : start + 1000], "Quiet": True}
                )
            for refused in answer.get("Errors", []):
                raise CloudError.refused(doing, refused["Code"], f"{refused['Key']}: {refused['Message']}")
            on_deleted(min(start + 1000, len(versions)), len(versions))
        return len(versions)

    def _versions(self) -> list[dict[str, str]]:
        found: list[dict[str, str]] = []
        with self._account.doing(say("cloud.doing.bucket_list", bucket=self.name)):
            try:
                for page in self._api.get_paginator("list_object_versions").paginate(Bucket=self.name):
                    rows = page.get("Versions", []) + page.get("DeleteMarkers", [])
                    found += [{"Key": row["Key"], "VersionId": row["VersionId"]} for row in rows]
            except ClientError as error:
                if error_code(error) != "NoSuchBucket":
                    raise
        return found


def bucket_names(account: Account) -> list[str]:
    """Names of the account's buckets."""
    with account.doing(say("cloud.doing.buckets")):
        return [row["Name"] for row in account.client("s3").list_buckets()["Buckets"]]
