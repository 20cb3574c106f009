"""CloudTrail's events, made of what happened. Secrets are left out of them, as AWS does.

The members are those of the reference of CloudTrail's record contents; names of parameters
begin with a small letter there.
"""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tsalab.sandbox.control.calls import Call
    from tsalab.sandbox.control.context import Context

Event = dict[str, Any]
_HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"
_SECRET = re.compile(
    r"password|secret(string|binary|accesskey)|keymaterial|sessiontoken|userdata|filecontent|body|publickey",
    re.IGNORECASE,
)
_READS = ("Get", "List", "Describe", "Head", "Lookup", "BatchGet", "Search", "Validate", "Estimate")
# Where the operation is called otherwise than the permission that it takes.
_OPERATIONS = {
    "ListAllMyBuckets": "ListBuckets",
    "ListBucket": "ListObjects",
    "ListBucketVersions": "ListObjectVersions",
    "GetObjectVersion": "GetObject",
    "DeleteObjectVersion": "DeleteObject",
}
_OBJECTS = frozenset({"GetObject", "PutObject", "DeleteObject", "DeleteObjects", "HeadObject", "CopyObject"})
_GLOBAL = frozenset({"iam", "cloudfront", "sts"})
_HOME = "us-east-1"  # where the events of global services are
_LONGEST = 2000
_CLOUDFORMATION = "cloudformation.amazonaws.com"
_PIPELINE = "codepipeline.amazonaws.com"
_DEPLOYS = ("CreateStack", "UpdateStack", "DeleteStack")
# The parameter that names what CloudFormation creates, where the template leaves that to it.
_NAMES = {
    "AWS::IAM::Role": "roleName",
    "AWS::RDS::DBCluster": "dBClusterIdentifier",
    "AWS::RDS::DBInstance": "dBInstanceIdentifier",
    "AWS::RDS::DBSubnetGroup": "dBSubnetGroupName",
    "AWS::S3::Bucket": "bucketName",
}


def of_call(context: Context, call: Call) -> Event:
    """Event of a call of the API."""
    name = _operation(call)
    event = _event(context, call.service, name, _identity(context, call.key), call.id)
    event["userAgent"] = call.headers.get("user-agent", "")[:_LONGEST]
    event["requestParameters"] = _request(call)
    if call.status >= 400:
        event |= _refusal(call)
    elif not event["readOnly"]:
        event["responseElements"] = _response(call)
    if call.service == "s3" and name in _OBJECTS:
        event |= {"managementEvent": False, "eventCategory": "Data"}
    return event


def of_service(context: Context, call: Call) -> Event | None:
    """Event of what a pipeline asked CloudFormation for; None for other calls that the sandbox makes."""
    if call.service != "cloudformation" or _operation(call) not in _DEPLOYS:
        return None
    event = of_call(context, call)
    event["userIdentity"] = {"type": "AWSService", "invokedBy": _PIPELINE}
    return event | {"sourceIPAddress": _PIPELINE, "userAgent": _PIPELINE}


def of_push(context: Context, credential: Any, repository: str, ref: str, commit: str) -> Event:
    """Event of a push that git's server took."""
    event = _event(context, "codecommit", "GitPush", _of_credential(context, credential), str(uuid.uuid4()))
    event["requestParameters"] = {"references": [{"commit": commit, "ref": ref}]}
    event["additionalEventData"] = {
        "protocol": "HTTP",
        "dataTransferred": True,
        "repositoryName": repository,
    }
    return event


def of_resource(
    context: Context, action: str, kind: str, name: str, props: Mapping[str, Any], who: str
) -> Iterator[Event]:
    """Events of what CloudFormation did for a stack, under the operation's own name; no reads."""
    service, _, operation = action.partition(":")
    if operation.startswith(_READS):
        return
    identity = _of_arn(context, who) | {"invokedBy": _CLOUDFORMATION}
    request = {_small(key): value for key, value in props.items() if isinstance(value, str | int | bool)}
    if named := _NAMES.get(kind):
        request.setdefault(named, name)
    for more in _each(operation, props):
        event = _event(context, service, operation, identity, str(uuid.uuid4()))
        event |= {"sourceIPAddress": _CLOUDFORMATION, "userAgent": _CLOUDFORMATION}
        event["requestParameters"] = _plain(request | more)
        yield event


def _each(operation: str, props: Mapping[str, Any]) -> list[Event]:
    """A role's policies are put one by one."""
    if operation != "PutRolePolicy":
        return [{}]
    return [{"policyName": str(one.get("PolicyName", ""))} for one in props.get("Policies") or []]


def user_of(event: Event) -> str:
    """Name of who called: a user's, or a session's."""
    identity = event["userIdentity"]
    return str(identity.get("userName") or str(identity.get("arn", "")).rpartition("/")[2])


def seconds_of(event: Event) -> float:
    """When it was, in seconds since 1970."""
    return datetime.fromisoformat(event["eventTime"]).astimezone(UTC).timestamp()


def _event(context: Context, service: str, name: str, identity: Event, request_id: str) -> Event:
    return {
        "eventVersion": "1.11",
        "userIdentity": identity,
        "eventTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "eventSource": f"{service}.amazonaws.com",
        "eventName": name,
        "awsRegion": _HOME if service in _GLOBAL else context.region,
        "sourceIPAddress": "127.0.0.1",
        "userAgent": "",
        "requestParameters": None,
        "responseElements": None,
        "requestID": request_id,
        "eventID": str(uuid.uuid4()),
        "readOnly": name.startswith(_READS),
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": context.account_id,
        "eventCategory": "Management",
    }


def _identity(context: Context, key: str) -> Event:
    from ministack.core import iam_evaluator

    found = iam_evaluator.resolve_credential(key, context.account_id) if key else None
    return _of_credential(context, found)


def _of_credential(context: Context, credential: Any) -> Event:
    arn = str(getattr(credential, "principal_arn", ""))
    identity = _of_arn(context, arn)
    if arn:
        identity["principalId"] = str(credential.principal_id)
        if credential.access_key_id:
            identity["accessKeyId"] = str(credential.access_key_id)
    return identity


def _of_arn(context: Context, arn: str) -> Event:
    resource = arn.rpartition(":")[2]
    if resource.startswith("user/"):
        kind: Event = {"type": "IAMUser", "userName": resource.rpartition("/")[2]}
    elif resource.startswith("assumed-role/"):
        role = resource.split("/")[1]
        issuer = {"type": "Role", "arn": f"arn:aws:iam::{context.account_id}:role/{role}", "userName": role}
        kind = {"type": "AssumedRole", "sessionContext": {"sessionIssuer": issuer}}
    elif resource == "root":
        kind = {"type": "Root"}
    else:
        return {"type": "Unknown", "accountId": context.account_id}
    return kind | {"arn": arn, "accountId": context.account_id}


def _operation(call: Call) -> str:
    if target := call.headers.get("x-amz-target", ""):
        return target.rpartition(".")[2]
    given = call.params.get("Action")
    if given:
        return str(given[0] if isinstance(given, list) else given)
    name = call.action.partition(":")[2]
    if call.service == "s3" and call.method == "HEAD":
        return "HeadBucket" if name == "ListBucket" else "HeadObject"
    return _OPERATIONS.get(name, name)


def _request(call: Call) -> Event | None:
    if call.service == "s3":
        bucket, _, key = call.on.rpartition(":::")[2].partition("/")
        return {"bucketName": bucket} | ({"key": key} if key else {}) if bucket not in ("", "*") else None
    if call.headers.get("x-amz-target"):
        return _of_json(call.body)
    # Of the query protocol what is plain: lists and structures are spread over names with dots.
    plain = {
        name: value[0] if isinstance(value, list) and len(value) == 1 else value
        for name, value in call.params.items()
        if "." not in name and name not in ("Action", "Version")
    }
    return _plain({_small(name): value for name, value in plain.items()}) or None


def _response(call: Call) -> Event | None:
    if call.service == "s3":
        version = next((v for name, v in call.sent.items() if name.lower() == "x-amz-version-id"), "")
        return {"x-amz-version-id": version} if version else None
    return _of_json(call.answer) if call.headers.get("x-amz-target") else None


def _refusal(call: Call) -> Event:
    told = _of_json(call.answer) or {}
    code = str(told.get("__type", told.get("code", ""))).rpartition("#")[2]
    if not code:
        found = re.search(rb"<Code>([\w.]{1,80})</Code>", call.answer)
        code = found[1].decode() if found else str(call.status)
    return {"errorCode": code, "errorMessage": str(told.get("message", ""))[:_LONGEST]}


def _of_json(body: bytes) -> Event | None:
    try:
        found = json.loads(body or b"null")
    except ValueError:
        return None
    return _plain(found) if isinstance(found, dict) else None


def _plain(value: Any, name: str = "") -> Any:
    """A value as an event holds it: small first letters, no secret, nothing without end."""
    if name and _SECRET.search(name):
        return _HIDDEN
    if isinstance(value, dict):
        return {_small(str(key)): _plain(one, str(key)) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one, name) for one in value]
    return value[:_LONGEST] if isinstance(value, str) else value


def _small(name: str) -> str:
    return name[:1].lower() + name[1:]
