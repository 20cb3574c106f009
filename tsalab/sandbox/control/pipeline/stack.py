"""The CloudFormation deploy action: a template out of an artifact becomes a stack."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from tsalab.sandbox.control.pipeline.declaration import parameters
from tsalab.sandbox.control.pipeline.job import ActionError, Job, Result

_LARGEST_INLINE = 51_200  # CloudFormation's limit for TemplateBody
_BROKEN = frozenset(
    {"CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED", "UPDATE_ROLLBACK_FAILED"}
)
_WELL = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE"})
_SHORTEST, _LONGEST = 0.01, 0.05  # seconds between two looks at the stack


def deploy(job: Job) -> Result:
    """Create, update or delete the stack, and wait until that is done."""
    settings = job.settings
    name, mode = settings["StackName"], settings["ActionMode"]
    role = settings.get("RoleArn", "")
    if role and not job.trusts(role, "cloudformation.amazonaws.com"):
        raise ActionError("ConfigurationError", f"Role {role} is invalid or cannot be assumed")
    there = _describe(job, name)
    if mode == "DELETE_ONLY":
        if there:
            _delete(job, there)
        return Result(f"Stack {name} was deleted.")
    request = _request(job, name, role)
    if there and mode == "REPLACE_ON_FAILURE" and there["StackStatus"] in _BROKEN:
        _delete(job, there)
        there = None
    try:
        stack_id, word = _send(job, request, there)
    except ClientError as error:
        message = error.response["Error"]["Message"]
        if "No updates are to be performed" in message:
            return Result(f"Stack {name} needs no update.")
        raise ActionError("JobFailed", message) from None
    job.external(stack_id, _console(job, stack_id))
    ended = _settle(job, stack_id)
    if ended["StackStatus"] not in _WELL:
        raise ActionError("JobFailed", _reason(job, ended))
    return Result(f"Stack {name} was {word}.")


def _send(job: Job, request: dict[str, Any], there: Mapping[str, Any] | None) -> tuple[str, str]:
    api = job.client("cloudformation")
    if there:
        return str(api.update_stack(**request)["StackId"]), "updated"
    return str(api.create_stack(**request)["StackId"]), "created"


def _request(job: Job, name: str, role: str) -> dict[str, Any]:
    settings = job.settings
    values = parameters(settings.get("ParameterOverrides", ""), job.action["name"])
    request: dict[str, Any] = {
        "StackName": name,
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()],
        "Capabilities": [
            word.strip() for word in settings.get("Capabilities", "").split(",") if word.strip()
        ],
    }
    if role:
        request["RoleARN"] = role
    text = _template(job)
    if len(text) <= _LARGEST_INLINE:
        request["TemplateBody"] = text.decode()
    else:
        place = job.place("Template")
        job.client("s3").put_object(Bucket=place["bucket"], Key=place["key"], Body=text)
        request["TemplateURL"] = f"{job.endpoint_url}/{place['bucket']}/{place['key']}"
    return request


def _template(job: Job) -> bytes:
    artifact, _, path = job.settings["TemplatePath"].partition("::")
    with job.unzip(artifact) as archive:
        names = archive.namelist()
        if path not in names:
            raise ActionError(
                "JobFailed",
                f"File [{path}] does not exist in artifact [{artifact}]. "
                f"The zip holds: {', '.join(names[:10]) or 'nothing'}.",
            )
        text = archive.read(path)
    try:
        text.decode()
    except UnicodeDecodeError:
        raise ActionError("JobFailed", f"File [{path}] in artifact [{artifact}] is not UTF-8 text.") from None
    return text


def _describe(job: Job, name: str) -> dict[str, Any] | None:
    try:
        rows: list[dict[str, Any]] = job.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if "does not exist" in error.response["Error"]["Message"]:
            return None
        raise
    # a REVIEW_IN_PROGRESS stack is a change set's, not yet a stack
    return rows[0] if rows[0]["StackStatus"] != "REVIEW_IN_PROGRESS" else None


def _settle(job: Job, stack_id: str) -> dict[str, Any]:
    """Wait until nothing happens to the stack any more."""
    pause = _SHORTEST
    while True:
        job.wait(pause)
        stack = _describe(job, stack_id)
        if stack is None:
            return {
                "StackId": stack_id,
                "StackName": stack_id.split("/")[1],
                "StackStatus": "DELETE_COMPLETE",
            }
        if not stack["StackStatus"].endswith("_IN_PROGRESS"):
            return stack
        pause = min(pause * 1.5, _LONGEST)


def _delete(job: Job, stack: Mapping[str, Any]) -> None:
    job.client("cloudformation").delete_stack(StackName=stack["StackId"])
    ended = _settle(job, stack["StackId"])
    if ended["StackStatus"] != "DELETE_COMPLETE":
        raise ActionError("JobFailed", _reason(job, ended))


def _reason(job: Job, stack: Mapping[str, Any]) -> str:
    """Why the stack's newest operation failed: the first resource that did, and its words."""
    failed: list[dict[str, Any]] = []
    pages = job.client("cloudformation").get_paginator("describe_stack_events")
    for page in pages.paginate(StackName=stack["StackId"]):
        for event in page["StackEvents"]:
            status = event["ResourceStatus"]
            ours = event["PhysicalResourceId"] == stack["StackId"]
            if ours and status in {"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS"}:
                return _words(stack, failed)
            if status.endswith("_FAILED") and "cancelled" not in event.get("ResourceStatusReason", ""):
                failed.append(event)
    return _words(stack, failed)


def _words(stack: Mapping[str, Any], failed: list[dict[str, Any]]) -> str:
    end = f"Stack {stack['StackName']} is in {stack['StackStatus']} state."
    resources = [event for event in failed if event["PhysicalResourceId"] != stack["StackId"]] or failed
    if not resources:
        reason = stack.get("StackStatusReason", "")
        return f"{reason} {end}".strip()
    first = resources[-1]
    reason = first.get("ResourceStatusReason", "no reason given").rstrip(".")
    return (
        f"{first['LogicalResourceId']} ({first['ResourceType']}) {first['ResourceStatus']}: {reason}. {end}"
    )


def _console(job: Job, stack_id: str) -> str:
    region = stack_id.split(":")[3]
    del job
    return f"https://{region}.console.aws.amazon.com/cloudformation/home?region={region}#/stacks/{stack_id}"
