"""The resource type ``AWS::RDS::DBCluster``, answered with `aurora.Clusters`."""

from __future__ import annotations

from typing import Any

from tsalab import settings
from tsalab.sandbox.control import aurora_rules as rules
from tsalab.sandbox.control.aurora import TYPE, Clusters, kind_of
from tsalab.sandbox.control.aurora_rules import Wish
from tsalab.sandbox.control.blocking import differing

TOUCHES = (
    "services.cloudformation.provisioners._physical_name",
    "services.cloudformation.provisioners._snapshot_id",
    "services.rds._clusters",
    "services.rds._tags",
)
_UPDATES_IN_PLACE = frozenset(
    {
        "BackupRetentionPeriod",
        "DeletionProtection",
        "MasterUserPassword",
        "ScalingConfiguration",
        "ServerlessV2ScalingConfiguration",
        "Tags",
        "VpcSecurityGroupIds",
    }
)
# CloudFormation makes a new cluster when one of these changes (its resource reference).
_REPLACED_BY = frozenset(
    {"DatabaseName", "DBClusterIdentifier", "DBSubnetGroupName", "Engine", "EngineMode", "MasterUsername"}
)


class ClusterResource:
    """``AWS::RDS::DBCluster``."""

    def __init__(self, clusters: Clusters) -> None:
        self.clusters = clusters
        self._final: dict[str, str] = {}

    def create(self, logical_id: str, props: dict[str, Any], stack_name: str) -> tuple[str, dict[str, str]]:
        """Create the cluster and wait until its database answers."""
        from ministack.services.cloudformation import provisioners

        today = bool(settings.get("aws_today"))
        kind = rules.kind_of(
            props.get("Engine"), props.get("EngineMode"), props.get("EngineVersion"), today=today
        )
        name = props.get("DBClusterIdentifier") or provisioners._physical_name(
            stack_name, logical_id, max_len=63
        )
        password = str(props.get("MasterUserPassword", ""))
        record = self.clusters.begin(
            Wish(
                cluster_id=name.lower(),
                username=str(props.get("MasterUsername", "")),
                password=password,
                database=str(props.get("DatabaseName", "")),
                subnet_group=str(props.get("DBSubnetGroupName", "")).lower(),
                security_groups=tuple(props.get("VpcSecurityGroupIds", [])),
                scaling=_scaling(props, kind),
                kind=kind,
                tags=_template_tags(props),
                backup_days=int(props.get("BackupRetentionPeriod", 1)),
                deletion_protection=_true(props.get("DeletionProtection", False)),
                data_api=_true(props.get("EnableHttpEndpoint", False)),
            )
        )
        self.clusters.finish(record, password)
        return record["DBClusterIdentifier"], attributes(record)

    def update(
        self,
        physical_id: str,
        old: dict[str, Any],
        new: dict[str, Any],
        stack_name: str,
        logical_id: str | None = None,
    ) -> tuple[str, dict[str, str]]:
        """Change in place what can be; a replacement is CloudFormation's own doing."""
        from ministack.services import rds

        changed = differing(old, new)
        if unknown := changed - _UPDATES_IN_PLACE:
            if unknown & _REPLACED_BY:
                return self.create(logical_id or physical_id, new, stack_name)
            raise ValueError(f"The sandbox cannot update {', '.join(sorted(unknown))} of {TYPE}.")
        record = self.clusters.get(physical_id)
        groups = tuple(new.get("VpcSecurityGroupIds", []))
        rules.check_groups(groups)
        wanted = rules.scaling(_scaling(new, kind_of(record)), kind_of(record))
        if "MasterUserPassword" in changed:
            self.clusters.set_password(record, str(new.get("MasterUserPassword", "")))
        self.clusters.scale(record, wanted)
        record |= {
            "VpcSecurityGroups": rules.memberships(groups),
            "TagList": list(_template_tags(new)),
            "BackupRetentionPeriod": int(new.get("BackupRetentionPeriod", 1)),
            "DeletionProtection": _true(new.get("DeletionProtection", False)),
        }
        rds._tags[record["DBClusterArn"]] = record["TagList"]
        return physical_id, attributes(record)

    def snapshot(self, physical_id: str, _props: dict[str, Any]) -> None:
        """Note that the delete that follows keeps a snapshot; this call may not take long."""
        from ministack.services.cloudformation import provisioners

        self._final[physical_id] = provisioners._snapshot_id(physical_id)

    def delete(self, physical_id: str, _props: dict[str, Any]) -> None:
        """Delete the cluster, its data kept in a snapshot if the template says so."""
        from ministack.services import rds

        record = rds._clusters.get(physical_id)
        if record is None:
            return
        if record["DeletionProtection"]:
            raise ValueError(
                "Cannot delete protected Cluster, please disable deletion protection and try again."
            )
        self.clusters.delete(physical_id, self._final.pop(physical_id, None))


def attributes(record: dict[str, Any]) -> dict[str, str]:
    """What ``Fn::GetAtt`` reads of a cluster."""
    return {
        "DBClusterArn": record["DBClusterArn"],
        "DBClusterResourceId": record["DbClusterResourceId"],
        "Endpoint.Address": record["Endpoint"],
        "Endpoint.Port": str(record["Port"]),
    }


def _scaling(props: dict[str, Any], kind: rules.Kind) -> dict[str, Any]:
    name = "ScalingConfiguration" if kind is rules.V1 else "ServerlessV2ScalingConfiguration"
    return dict(props.get(name) or {})


def _template_tags(props: dict[str, Any]) -> tuple[dict[str, str], ...]:
    return tuple({"Key": tag["Key"], "Value": str(tag["Value"])} for tag in props.get("Tags", []))


def _true(value: Any) -> bool:
    return str(value).lower() == "true"
