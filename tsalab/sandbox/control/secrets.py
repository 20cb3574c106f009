"""``AWS::SecretsManager::SecretTargetAttachment`` writes what AWS writes, the cluster's name included."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tsalab.sandbox.control.context import Context

TOUCHES = (
    "services.cloudformation.provisioners._SM_TARGET_KEYS",
    "services.cloudformation.provisioners._sm_target_connection",
)
CLUSTER = "AWS::RDS::DBCluster"


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
