"""Instances of Aurora clusters: what a cluster of Serverless v2 needs before anybody reaches it.

A cluster has one database here, whatever its instances; the first of them opens the way to it.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from tsalab.sandbox.control import aurora_rules as rules
from tsalab.sandbox.control.aurora import INSTANCE, needs_instance, route
from tsalab.sandbox.control.aurora_rules import RdsError
from tsalab.sandbox.control.blocking import differing

if TYPE_CHECKING:
    from tsalab.sandbox.control.aurora import Clusters

TOUCHES = (
    "services.cloudformation.provisioners._physical_name",
    "services.rds._instances",
    "services.rds._tags",
)
CLASS = "db.serverless"


class Instances:
    """Instances of the clusters of one sandbox."""

    def __init__(self, clusters: Clusters) -> None:
        self.clusters = clusters

    def create(
        self, name: str, cluster_id: str, kind: str, engine: str, tags: tuple[dict[str, str], ...]
    ) -> dict[str, Any]:
        """Add an instance to a cluster; returns its record.

        Raises
        ------
        RdsError
            When RDS would refuse it, or the sandbox has nothing of that kind.
        """
        from ministack.services import rds

        cluster = self.clusters.get(cluster_id)
        name = name.lower()
        if name in rds._instances:
            raise RdsError("DBInstanceAlreadyExists", "DB instance already exists")
        if kind != CLASS or not needs_instance(cluster):
            raise RdsError(
                "InvalidParameterCombination",
                f"The sandbox runs instances of class {CLASS} in clusters of {rules.V2.engine} alone.",
            )
        if engine != cluster["Engine"]:
            raise RdsError(
                "InvalidParameterCombination",
                f"The engine name requested for your DB instance ({engine}) doesn't match the engine name "
                f"of your DB cluster ({cluster['Engine']}).",
            )
        if cluster["Status"] != "available":
            raise RdsError("InvalidDBClusterStateFault", f"Cluster is in state {cluster['Status']}.")
        record = self._record(name, cluster, tags)
        members = cluster.setdefault("DBClusterMembers", [])
        members.append({"DBInstanceIdentifier": name, "IsClusterWriter": not members, "PromotionTier": 1})
        if len(members) == 1:
            databases = self.clusters.context.estate.databases
            route(self.clusters.context, cluster, databases.address(cluster["DBClusterIdentifier"]))
        rds._instances[name] = record
        rds._tags[record["DBInstanceArn"]] = list(tags)
        self.clusters.context.changed()
        return record

    def _record(self, name: str, cluster: dict[str, Any], tags: tuple[dict[str, str], ...]) -> dict[str, Any]:
        context = self.clusters.context
        return {
            "DBInstanceIdentifier": name,
            "DBInstanceClass": CLASS,
            "DBInstanceArn": f"arn:aws:rds:{context.region}:{context.account_id}:db:{name}",
            "DBInstanceStatus": "available",
            "DBClusterIdentifier": cluster["DBClusterIdentifier"],
            "Engine": cluster["Engine"],
            "EngineVersion": cluster["EngineVersion"],
            "MasterUsername": cluster["MasterUsername"],
            "DBName": cluster["DatabaseName"],
            "Endpoint": {
                "Address": cluster["Endpoint"].replace(
                    f"{cluster['DBClusterIdentifier']}.cluster-", f"{name}.", 1
                ),
                "Port": cluster["Port"],
                "HostedZoneId": "Z2R2ITUGPM61AM",
            },
            "AllocatedStorage": 1,
            "InstanceCreateTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "PreferredBackupWindow": "03:00-04:00",
            "PreferredMaintenanceWindow": "sun:05:00-sun:06:00",
            "BackupRetentionPeriod": cluster["BackupRetentionPeriod"],
            "VpcSecurityGroups": cluster["VpcSecurityGroups"],
            "AvailabilityZone": f"{context.region}a",
            "MultiAZ": False,
            "AutoMinorVersionUpgrade": True,
            "PubliclyAccessible": False,
            "StorageType": "aurora",
            "StorageEncrypted": cluster["StorageEncrypted"],
            "DbiResourceId": "db-" + cluster["DbClusterResourceId"].removeprefix("cluster-"),
            "DeletionProtection": False,
            "TagList": list(tags),
        }

    def delete(self, name: str) -> dict[str, Any] | None:
        """Take an instance away; with the last one, the way to the cluster closes."""
        from ministack.services import rds

        record: dict[str, Any] | None = rds._instances.pop(name.lower(), None)
        if record is None:
            return None
        rds._tags.pop(record["DBInstanceArn"], None)
        cluster = rds._clusters.get(record["DBClusterIdentifier"])
        if cluster is not None:
            members = [m for m in cluster["DBClusterMembers"] if m["DBInstanceIdentifier"] != name.lower()]
            cluster["DBClusterMembers"] = members
            if not members:
                for endpoint in ("Endpoint", "ReaderEndpoint"):
                    self.clusters.context.estate.routes.remove(cluster[endpoint], cluster["Port"])
        self.clusters.context.changed()
        return record


class InstanceResource:
    """``AWS::RDS::DBInstance``, of a cluster."""

    def __init__(self, instances: Instances) -> None:
        self.instances = instances

    def create(self, logical_id: str, props: dict[str, Any], stack_name: str) -> tuple[str, dict[str, str]]:
        """Add the instance to its cluster."""
        from ministack.services.cloudformation import provisioners

        name = props.get("DBInstanceIdentifier") or provisioners._physical_name(
            stack_name, logical_id, max_len=63
        )
        record = self.instances.create(
            name,
            str(props.get("DBClusterIdentifier", "")),
            str(props.get("DBInstanceClass", "")),
            str(props.get("Engine", "")),
            tuple({"Key": tag["Key"], "Value": str(tag["Value"])} for tag in props.get("Tags", [])),
        )
        return record["DBInstanceIdentifier"], _attributes(record)

    def update(
        self,
        physical_id: str,
        old: dict[str, Any],
        new: dict[str, Any],
        stack_name: str,
        logical_id: str | None = None,
    ) -> tuple[str, dict[str, str]]:
        """Change its tags; everything else is another instance, or nothing the sandbox does."""
        from ministack.services import rds

        changed = differing(old, new)
        if changed & {"DBClusterIdentifier", "DBInstanceIdentifier", "Engine"}:
            return self.create(logical_id or physical_id, new, stack_name)
        if unknown := changed - {"Tags"}:
            raise ValueError(f"The sandbox cannot update {', '.join(sorted(unknown))} of {INSTANCE}.")
        record = rds._instances[physical_id]
        record["TagList"] = [{"Key": t["Key"], "Value": str(t["Value"])} for t in new.get("Tags", [])]
        return physical_id, _attributes(record)

    def delete(self, physical_id: str, _props: dict[str, Any]) -> None:
        """Take it away."""
        self.instances.delete(physical_id)


def _attributes(record: dict[str, Any]) -> dict[str, str]:
    return {
        "DBInstanceArn": record["DBInstanceArn"],
        "Endpoint.Address": record["Endpoint"]["Address"],
        "Endpoint.Port": str(record["Endpoint"]["Port"]),
    }
