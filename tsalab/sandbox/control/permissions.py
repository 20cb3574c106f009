"""What IAM policies can name that MiniStack's do not know: RDS's snapshots, the tags of EC2's things."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tsalab.sandbox.control.context import Context

TOUCHES = (
    "core.iam_actions.extract_resource_arn",
    "services.ec2._tags",
    "services.tagging._RESOURCE_TAG_COLLECTORS",
)
_KINDS = {"i": "instance", "sg": "security-group"}


def install(context: Context) -> None:
    """Let policies match them."""
    from ministack.core import iam_actions
    from ministack.services import tagging

    original = iam_actions.extract_resource_arn

    def resource_arn(service: str, *request: Any) -> str:
        found: str = original(service, *request)
        if service == "ssm" and request[2].get("x-amz-target", "").endswith(".SendCommand"):
            return _of_command(found, *request[3:4], *request[-2:])
        return _of_rds(found, *request[-3:]) if service == "rds" else found

    iam_actions.extract_resource_arn = resource_arn
    tagging._RESOURCE_TAG_COLLECTORS["ec2"] = lambda: _tagged(context)


def _of_command(found: str, body: Any, region: str, account_id: str) -> str:
    """A command is sent to an instance; `run_command` asks for the document besides."""
    try:
        instances = json.loads(body)["InstanceIds"]
    except (ValueError, TypeError, KeyError):
        return found
    return f"arn:aws:ec2:{region}:{account_id}:instance/{instances[0]}" if len(instances) == 1 else found


def _of_rds(found: str, params: dict[str, Any], region: str, account_id: str) -> str:
    """RDS keeps its identifiers in small letters, however they are typed."""
    name = params.get("DBClusterSnapshotIdentifier")
    if name:
        identifier = name[0] if isinstance(name, list) else name
        found = f"arn:aws:rds:{region}:{account_id}:cluster-snapshot:{identifier}"
    return found.lower()


def _tagged(context: Context) -> Iterator[tuple[str, list[dict[str, str]]]]:
    from ministack.services import ec2

    where = f"arn:aws:ec2:{context.region}:{context.account_id}"
    for identifier, tags in list(ec2._tags.items()):
        kind = _KINDS.get(identifier.partition("-")[0])
        if kind:
            yield f"{where}:{kind}/{identifier}", tags
