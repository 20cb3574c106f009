"""The S3 deploy action: an artifact's files, or the artifact itself, put into a bucket."""

from __future__ import annotations

import mimetypes
import uuid
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

from botocore.exceptions import ClientError

from tsalab.sandbox.control.pipeline.job import ActionError, Job, Result

_FALLBACK = "application/octet-stream"
# Fixed, for the machine's own table differs from one to the next.
_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".ico": "image/x-icon",
    ".js": "application/javascript",
    ".json": "application/json",
    ".mjs": "application/javascript",
    ".svg": "image/svg+xml",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}


def deploy(job: Job) -> Result:
    """Upload what the artifact holds."""
    settings = job.settings
    artifact = job.action["inputArtifacts"][0]["name"]
    key = _filled(settings.get("ObjectKey", ""))
    if settings["Extract"].lower() != "true":
        if not key:
            raise ActionError("ConfigurationError", "ObjectKey is required when Extract is not true.")
        _put(job, key, job.read(artifact), "application/zip")
        return Result(f"{key} was uploaded.")
    prefix = f"{key.rstrip('/')}/" if key else ""
    count = 0
    with job.unzip(artifact) as archive:
        for member in archive.infolist():
            if member.is_dir():
                continue
            if ".." in PurePosixPath(member.filename).parts:
                raise ActionError("JobFailed", f"The zip holds {member.filename}, which leads out of it.")
            _put(
                job, prefix + member.filename.lstrip("/"), archive.read(member), content_type(member.filename)
            )
            count += 1
    return Result(f"{count} files were uploaded to {settings['BucketName']}/{prefix}.")


def content_type(name: str) -> str:
    """Media type by the file's ending."""
    ending = PurePosixPath(name).suffix.lower()
    return _TYPES.get(ending) or mimetypes.guess_type(name)[0] or _FALLBACK


def _put(job: Job, key: str, body: bytes, kind: str) -> None:
    extra: dict[str, Any] = {}
    if "CannedACL" in job.settings:
        extra["ACL"] = job.settings["CannedACL"]
    if "CacheControl" in job.settings:
        extra["CacheControl"] = job.settings["CacheControl"]
    bucket = job.settings["BucketName"]
    try:
        job.client("s3").put_object(Bucket=bucket, Key=key, Body=body, ContentType=kind, **extra)
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchBucket":
            raise ActionError("ConfigurationError", f"The bucket {bucket} does not exist.") from None
        raise


def _filled(key: str) -> str:
    """The two variables that AWS fills in an object's key."""
    stamp = datetime.now(UTC).strftime("%Y-%m-%d_%H-%M-%S")
    return key.replace("{datetime}", stamp).replace("{uuid}", str(uuid.uuid4()))
