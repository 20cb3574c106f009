"""Source actions: an object of a versioned bucket, a branch of a repository."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from tsalab.sandbox.control.json_service import ApiError, now
from tsalab.sandbox.control.pipeline.job import ActionError, Job, Result

_MISSING = frozenset({"404", "NoSuchKey", "NotFound"})


def from_bucket(job: Job) -> Result:
    """Copy the object's newest version into the artifact store."""
    bucket, key = job.settings["S3Bucket"], job.settings["S3ObjectKey"]
    s3 = job.client("s3")
    version = object_version(s3, bucket, key)
    place = job.place(job.output)
    s3.copy_object(
        Bucket=place["bucket"],
        Key=place["key"],
        CopySource={"Bucket": bucket, "Key": key, "VersionId": version},
    )
    summary = f"Amazon S3 version id: {version}"
    url = f"https://console.aws.amazon.com/s3/object/{bucket}/{key}?versionId={version}"
    return _found(job, place, version, summary, url)


def _found(job: Job, place: dict[str, str], revision_id: str, summary: str, url: str) -> Result:
    """What a source action hands on: the artifact's place, and which revision lies there."""
    revision = {
        "id": revision_id,
        "summary": summary,
        "url": url,
        "created": now(),
        "artifact": job.output,
        "action": job.action["name"],
    }
    return Result(summary, revision, {job.output: place})


def object_version(s3: Any, bucket: str, key: str) -> str:
    """Newest version of an object.

    Raises
    ------
    ActionError
        When there is no such object, or its bucket keeps no versions.
    """
    try:
        found = s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in _MISSING:
            raise ActionError(
                "ConfigurationError",
                f"The object with key '{key}' does not exist in the bucket '{bucket}'. Upload it, and the "
                "pipeline starts by itself.",
            ) from None
        raise
    version: str = found.get("VersionId", "null")
    if version == "null":
        raise ActionError(
            "ConfigurationError",
            f"The bucket '{bucket}' keeps no versions, which the source of a pipeline must. Turn its "
            f"versioning on and upload '{key}' again.",
        )
    return version


def from_branch(job: Job) -> Result:
    """Put the files at the tip of the branch, zipped, into the artifact store."""
    name, branch = job.settings["RepositoryName"], job.settings["BranchName"]
    try:
        git = job.repositories.git(name)
    except ApiError as error:
        raise ActionError("ConfigurationError", error.message) from None
    commit = git.branches().get(branch)
    if commit is None:
        raise ActionError(
            "ConfigurationError", f"The branch {branch} does not exist in the repository {name}."
        )
    place = job.place(job.output)
    job.client("s3").put_object(
        Bucket=place["bucket"], Key=place["key"], Body=git.archive(commit), ContentType="application/zip"
    )
    made = git.read(commit)[0]
    message = made.data.decode("utf-8", "replace").partition("\n\n")[2].strip()
    url = f"https://console.aws.amazon.com/codesuite/codecommit/repositories/{name}/commit/{commit}"
    return _found(job, place, commit, message, url)
