"""Secrets in stacks, as AWS has them.

An attachment writes the cluster's name too; a secret's physical id, which is what ``Ref``
gives, is its ARN, so that a policy can name it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tsalab.sandbox.control.context import Context

TOUCHES = (
    "services.cloudformation.provisioners._RESOURCE_HANDLERS",
    "services.cloudformation.provisioners._SM_TARGET_KEYS",
    "services.cloudformation.provisioners._sm_target_connection",
    "services.secretsmanager._resolve",
)
CLUSTER, SECRET = "AWS::RDS::DBCluster", "AWS::SecretsManager::Secret"


def install(_context: Context) -> None:
    """Add ``dbClusterIdentifier`` to what an attachment to a cluster writes."""
    from ministack.services.cloudformation import provisioners

    original = provisioners._sm_target_connection

    def connection(target_type: str, target_id: str) -> dict[str, Any]:
        info: dict[str, Any] = original(target_type, target_id)
        if target_type == CLUSTER:
            info["dbClusterIdentifier"] = target_id
        return info

    provisioners._sm_target_connection = connection
    provisioners._SM_TARGET_KEYS = (*provisioners._SM_TARGET_KEYS, "dbClusterIdentifier")
    handlers = provisioners._RESOURCE_HANDLERS[SECRET]
    handlers |= {
        "create": _by_arn(handlers["create"]),
        "update": _by_arn(handlers["update"]),
        "delete": _by_name(handlers["delete"]),
    }


def _by_arn(handler: Callable[..., Any]) -> Callable[..., Any]:
    """The handler, which knows a secret by its name, for who knows it by its ARN, and back."""

    def handle(first: str, *rest: Any, **more: Any) -> tuple[str, dict[str, str]]:
        _, attributes = handler(_name(first), *rest, **more)
        return str(attributes["Arn"]), attributes

    return handle


def _by_name(handler: Callable[..., Any]) -> Callable[..., Any]:
    return lambda physical_id, *rest: handler(_name(physical_id), *rest)


def _name(identifier: str) -> str:
    """A secret's name for its ARN; whatever else it is stays."""
    from ministack.services import secretsmanager

    if not identifier.startswith("arn:"):
        return identifier
    name, _ = secretsmanager._resolve(identifier)
    return name or identifier
