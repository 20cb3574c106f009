"""DMS's API: what its parts answer, tags, and what policies match."""

from __future__ import annotations

from tsalab.sandbox.control.context import Context
from tsalab.sandbox.control.dms import naming
from tsalab.sandbox.control.dms.connections import Connections
from tsalab.sandbox.control.dms.endpoints import Endpoints
from tsalab.sandbox.control.dms.instances import Instances
from tsalab.sandbox.control.dms.store import QUOTAS, Store
from tsalab.sandbox.control.dms.tasks import Tasks
from tsalab.sandbox.control.dms.working import Working
from tsalab.sandbox.control.json_service import Answer, JsonService

_SUBJECTS = ("ReplicationTaskArn", "ReplicationInstanceArn", "EndpointArn", "ResourceArn")


class MigrationService(JsonService):
    """The service.

    Parameters
    ----------
    context
        The sandbox.
    """

    def __init__(self, context: Context) -> None:
        super().__init__(context, "dms", "AmazonDMSv20160101")
        self.store = Store(context, self.lock)
        self.endpoints = Endpoints(self.store)
        self.working = Working(self.store, self.endpoints)
        self.instances = Instances(self.store)
        self.connections = Connections(self.store, self.endpoints, self.working)
        self.operations = {
            **self.instances.operations,
            **self.endpoints.operations,
            **self.connections.operations,
            **Tasks(self.store, self.working).operations,
            "DescribeAccountAttributes": self._account,
            "AddTagsToResource": self._tag,
            "RemoveTagsFromResource": self._untag,
            "ListTagsForResource": self._tags,
        }

    def state(self) -> Answer:
        """All records."""
        return self.store.state()

    def restore(self, data: Answer) -> None:
        """Take back `state`."""
        self.store.restore(data)

    def resource(self, operation: str, request: Answer) -> str:
        """What an operation is about; for what is created, the kind of it."""
        created = {
            "CreateReplicationInstance": "rep:*",
            "CreateEndpoint": "endpoint:*",
            "CreateReplicationTask": "task:*",
        }
        if operation in created:
            return self.arn(created[operation])
        if name := request.get("ReplicationSubnetGroupIdentifier"):
            return self.arn(f"subgrp:{str(name).lower()}")
        if operation == "TestConnection":
            return str(request.get("EndpointArn") or "*")
        return str(next((request[name] for name in _SUBJECTS if request.get(name)), "*"))

    def resume(self) -> None:
        """Go on with what the sandbox's end interrupted."""
        self.instances.resume()
        self.connections.resume()
        self.working.resume()

    def _account(self, _request: Answer) -> Answer:
        with self.lock:
            used = self.store.used()
        quotas = [
            {"AccountQuotaName": name, "Used": used[name], "Max": most} for name, most in QUOTAS.items()
        ]
        return {"AccountQuotas": quotas, "UniqueAccountIdentifier": self.context.account_id}

    def _tag(self, request: Answer) -> None:
        with self.lock:
            self._tags_of(request["ResourceArn"]).update(naming.tags_of(request))

    def _untag(self, request: Answer) -> None:
        with self.lock:
            for key in request["TagKeys"]:
                self._tags_of(request["ResourceArn"]).pop(key, None)

    def _tags(self, request: Answer) -> Answer:
        arns = request.get("ResourceArnList") or [request.get("ResourceArn") or ""]
        with self.lock:
            several = bool(request.get("ResourceArnList"))
            rows = [
                {"Key": key, "Value": value, **({"ResourceArn": arn} if several else {})}
                for arn in arns
                for key, value in self._tags_of(arn).items()
            ]
        return {"TagList": rows}

    def _tags_of(self, arn: str) -> dict[str, str]:
        if arn not in self.store.tags:
            raise naming.not_found("Resource", arn)
        return self.store.tags[arn]
