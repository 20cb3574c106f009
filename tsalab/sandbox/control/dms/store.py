"""All of DMS's records, and what the parts of the service ask each other for."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from tsalab.sandbox.control.dms import naming
from tsalab.sandbox.control.dms.naming import Record
from tsalab.sandbox.control.json_service import Answer, ApiError

if TYPE_CHECKING:
    from tsalab.sandbox.control.context import Context

# What an account of AWS may have at most ("Quotas for AWS Database Migration Service").
QUOTAS = {
    "ReplicationInstances": 60,
    "ReplicationSubnetGroups": 60,
    "Endpoints": 1000,
    "ReplicationTasks": 600,
}
_PARTS = ("instances", "groups", "endpoints", "connections", "tasks", "tags")


class Store:
    """Records of one sandbox. Whoever reads several or writes holds `lock`.

    Parameters
    ----------
    context
        The sandbox.
    lock
        The service's.

    Attributes
    ----------
    instances, endpoints, tasks
        By ARN. An endpoint's holds its password, which no answer repeats.
    groups
        Subnet groups by identifier.
    connections
        By the ARNs of instance and endpoint.
    tags
        By ARN.
    """

    def __init__(self, context: Context, lock: threading.RLock) -> None:
        self.context, self.lock = context, lock
        self.instances: dict[str, Record] = {}
        self.groups: dict[str, Record] = {}
        self.endpoints: dict[str, Record] = {}
        self.connections: dict[str, Record] = {}
        self.tasks: dict[str, Record] = {}
        self.tags: dict[str, dict[str, str]] = {}

    def state(self) -> Answer:
        """All of it, as JSON."""
        return {part: vars(self)[part] for part in _PARTS}

    def restore(self, data: Answer) -> None:
        """Take back `state`."""
        for part in _PARTS:
            known: dict[str, Any] = vars(self)[part]
            known.clear()
            known.update(data.get(part, {}))

    def changed(self) -> None:
        """Something changed outside of a request."""
        self.context.changed()

    def arn(self, resource: str) -> str:
        """ARN of one of the service's resources."""
        return f"arn:aws:dms:{self.context.region}:{self.context.account_id}:{resource}"

    def new_arn(self, kind: str) -> str:
        """ARN of a new ``rep``, ``endpoint`` or ``task``."""
        return self.arn(f"{kind}:{naming.new_resource_id()}")

    def instance(self, arn: str) -> Record:
        """An instance by ARN.

        Raises
        ------
        ApiError
            When there is none.
        """
        return _found(self.instances, arn, "Replication Instance")

    def group(self, name: str) -> Record:
        """A subnet group by identifier.

        Raises
        ------
        ApiError
            When there is none.
        """
        return _found(self.groups, name, "Replication Subnet Group")

    def endpoint(self, arn: str) -> Record:
        """An endpoint by ARN.

        Raises
        ------
        ApiError
            When there is none.
        """
        return _found(self.endpoints, arn, "Endpoint")

    def task(self, arn: str) -> Record:
        """A task by ARN.

        Raises
        ------
        ApiError
            When there is none.
        """
        return _found(self.tasks, arn, "Replication Task")

    def refuse_beyond_quota(self, name: str) -> None:
        """Refuse one more of a kind than an account may have.

        Raises
        ------
        ApiError
            When there are as many already.
        """
        if self.used()[name] >= QUOTAS[name]:
            raise ApiError("ResourceQuotaExceededFault", f"The quota of {QUOTAS[name]} {name} is reached.")

    def used(self) -> dict[str, int]:
        """How many there are, by the quota's name."""
        return {
            "ReplicationInstances": len(self.instances),
            "ReplicationSubnetGroups": len(self.groups),
            "Endpoints": len(self.endpoints),
            "ReplicationTasks": len(self.tasks),
        }


def connection_key(instance_arn: str, endpoint_arn: str) -> str:
    """What a connection is kept under."""
    return f"{instance_arn} {endpoint_arn}"


def _found(rows: dict[str, Record], key: str, kind: str) -> Record:
    record = rows.get(key)
    if record is None:
        raise naming.not_found(kind, key)
    return record
