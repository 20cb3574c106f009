"""Cloud9: environments on record.

An environment here is the entry that the account has, with its owner and its tags; the
editor itself is JupyterLab, and no instance runs. Creating one is done at once, so is
deleting it, and the status says so.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tsalab.sandbox.control import json_service
from tsalab.sandbox.control.json_service import Answer, ApiError, JsonService, caller

if TYPE_CHECKING:
    from tsalab.sandbox.control.context import Context

TOUCHES = (*json_service.TOUCHES, "services.cloudformation.provisioners._RESOURCE_HANDLERS")
TYPE = "AWS::Cloud9::EnvironmentEC2"
_ID = re.compile(r"[0-9a-f]{32}")
_HIDDEN = frozenset({"clientRequestToken", "tags"})


class Cloud9(JsonService):
    """The service.

    Parameters
    ----------
    context
        The sandbox.
    """

    def __init__(self, context: Context) -> None:
        super().__init__(context, "cloud9", "AWSCloud9WorkspaceManagementService")
        self._environments: dict[str, Answer] = {}
        self.operations = {
            "CreateEnvironmentEC2": self._create,
            "DescribeEnvironments": self._describe,
            "DescribeEnvironmentStatus": self._status,
            "DescribeEnvironmentMemberships": self._memberships,
            "ListEnvironments": self._list,
            "UpdateEnvironment": self._update,
            "DeleteEnvironment": self._delete,
            "TagResource": self._tag,
            "UntagResource": self._untag,
            "ListTagsForResource": self._list_tags,
        }

    def state(self) -> Answer:
        """All environments."""
        return {"environments": self._environments}

    def restore(self, data: Answer) -> None:
        """Take back `state`."""
        self._environments = data.get("environments", {})

    def resource(self, operation: str, request: Answer) -> str:
        """The environment's ARN."""
        del operation
        arn = request.get("ResourceARN") or ""
        key = request.get("environmentId")
        return str(arn or (self.arn(f"environment:{key}") if key else "*"))

    def _create(self, request: Answer) -> Answer:
        token = request.get("clientRequestToken")
        with self.lock:
            for known in self._environments.values():
                if token and known["clientRequestToken"] == token:
                    return {"environmentId": known["id"]}
                if known["name"] == request["name"]:
                    raise ApiError("ConflictException", f"Environment already exists: {request['name']}")
            key = uuid.uuid4().hex
            self._environments[key] = {
                "id": key,
                "name": request["name"],
                "description": request.get("description", ""),
                "type": "ec2",
                "connectionType": request.get("connectionType", "CONNECT_SSH"),
                "arn": self.arn(f"environment:{key}"),
                "ownerArn": request.get("ownerArn") or caller(),
                "lifecycle": {"status": "CREATED"},
                "managedCredentialsStatus": "DISABLED_BY_DEFAULT",
                "tags": {row["Key"]: row["Value"] for row in request.get("tags") or []},
                "clientRequestToken": token,
            }
        return {"environmentId": key}

    def _describe(self, request: Answer) -> Answer:
        with self.lock:
            found = [self._environments[k] for k in request["environmentIds"] if k in self._environments]
            return {"environments": [{k: v for k, v in one.items() if k not in _HIDDEN} for one in found]}

    def _status(self, request: Answer) -> Answer:
        self._of(request["environmentId"])
        return {"status": "ready", "message": "Environment is ready to use"}

    def _memberships(self, request: Answer) -> Answer:
        key = request.get("environmentId")
        with self.lock:
            found = [self._of(key)] if key else list(self._environments.values())
        rows = [
            {
                "permissions": "owner",
                "userId": one["ownerArn"],
                "userArn": one["ownerArn"],
                "environmentId": one["id"],
            }
            for one in found
        ]
        wanted, user = request.get("permissions"), request.get("userArn")
        return {
            "memberships": [
                row
                for row in rows
                if (not wanted or "owner" in wanted) and (not user or row["userArn"] == user)
            ]
        }

    def _list(self, request: Answer) -> Answer:
        given = request.get("nextToken") or "0"
        if not given.isdigit():
            raise ApiError("BadRequestException", f"{given} is not a token of an answer")
        start, size = int(given), request.get("maxResults") or 25
        with self.lock:
            keys = list(self._environments)
        more = {"nextToken": str(start + size)} if start + size < len(keys) else {}
        return {"environmentIds": keys[start : start + size], **more}

    def _update(self, request: Answer) -> None:
        with self.lock:
            environment = self._of(request["environmentId"])
            environment.update({k: request[k] for k in ("name", "description") if request.get(k) is not None})

    def _delete(self, request: Answer) -> None:
        with self.lock:
            del self._environments[self._of(request["environmentId"])["id"]]

    def _tag(self, request: Answer) -> None:
        with self.lock:
            tags = self._by_arn(request)["tags"]
            tags.update({row["Key"]: row["Value"] for row in request["Tags"]})

    def _untag(self, request: Answer) -> None:
        with self.lock:
            for key in request["TagKeys"]:
                self._by_arn(request)["tags"].pop(key, None)

    def _list_tags(self, request: Answer) -> Answer:
        with self.lock:
            tags = self._by_arn(request)["tags"]
            return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    # What CloudFormation uses.

    def create_resource(
        self, logical_id: str, props: Mapping[str, Any], stack_name: str
    ) -> tuple[str, dict[str, str]]:
        """Make the environment of a stack."""
        if props.get("Repositories"):
            raise ValueError("The sandbox's Cloud9 environments hold no files: leave Repositories out.")
        request = {
            "name": props.get("Name") or f"{stack_name}-{logical_id}",
            "description": props.get("Description", ""),
            "connectionType": props.get("ConnectionType", "CONNECT_SSH"),
            "ownerArn": props.get("OwnerArn"),
            "tags": props.get("Tags"),
        }
        try:
            key = self._create(request)["environmentId"]
        except ApiError as error:
            raise ValueError(error.message) from error
        return key, {"Arn": self.arn(f"environment:{key}"), "Name": request["name"]}

    def update_resource(
        self, physical_id: str, old_props: Mapping[str, Any], new_props: Mapping[str, Any], stack_name: str
    ) -> tuple[str, dict[str, str]]:
        """Change name, description and tags; anything else is a new environment on AWS."""
        changing = {"Name", "Description", "Tags"}
        if any(old_props.get(k) != new_props.get(k) for k in {*old_props, *new_props} - changing):
            return self.create_resource(physical_id, new_props, stack_name)
        with self.lock:
            environment = self._of(physical_id)
            environment["name"] = new_props.get("Name") or environment["name"]
            environment["description"] = new_props.get("Description", "")
            environment["tags"] = {row["Key"]: row["Value"] for row in new_props.get("Tags") or []}
            return physical_id, {"Arn": environment["arn"], "Name": environment["name"]}

    def delete_resource(self, physical_id: str, props: Mapping[str, Any]) -> None:
        """Remove the environment of a stack."""
        del props
        with self.lock:
            self._environments.pop(physical_id, None)

    def _of(self, key: str) -> Answer:
        if not _ID.fullmatch(key):
            raise ApiError("BadRequestException", f"{key} is not the id of an environment")
        if key not in self._environments:
            raise ApiError("NotFoundException", f"Environment {key} does not exist")
        return self._environments[key]

    def _by_arn(self, request: Answer) -> Answer:
        return self._of(str(request["ResourceARN"]).rpartition(":")[2])


def install(context: Context) -> Cloud9:
    """Add Cloud9 to MiniStack.

    Parameters
    ----------
    context
        The sandbox.
    """
    from ministack.services.cloudformation import provisioners

    service = Cloud9(context)
    service.register()
    provisioners._RESOURCE_HANDLERS[TYPE] = {
        "create": service.create_resource,
        "update": service.update_resource,
        "delete": service.delete_resource,
    }
    return service
