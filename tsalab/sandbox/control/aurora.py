"""Aurora clusters as the lab writes them, of either version of Serverless, on a real database server.

Here is what a cluster is and does; `rds_actions` answers the API's requests with it, and
`aurora_resource` CloudFormation's. Every other engine is refused: MiniStack
would make a record of it with no database behind.
"""

from __future__ import annotations

import logging
import secrets
import string
import time
from typing import TYPE_CHECKING, Any

from tsalab.sandbox.control import aurora_rules as rules
from tsalab.sandbox.control.aurora_rules import RdsError, Wish
from tsalab.sandbox.control.blocking import resource_type

if TYPE_CHECKING:
    from tsalab.sandbox.control.context import Context

TYPE, INSTANCE = "AWS::RDS::DBCluster", "AWS::RDS::DBInstance"
TOUCHES = (
    "services.cloudformation.provisioners._physical_name",
    "services.rds._cluster_snapshot_xml",
    "services.rds._cluster_xml",
    "services.rds._clusters",
    "services.rds._create_cluster_snapshot_internal",
    "services.rds._db_cluster_snapshots",
    "services.rds._tags",
)
_ALPHABET = string.ascii_lowercase + string.digits

logger = logging.getLogger("tsalab.sandbox.aurora")


def install(context: Context) -> None:
    """Register the resource type, the actions, and the fields MiniStack leaves out."""
    from ministack.services import rds

    from tsalab.sandbox.control import rds_actions
    from tsalab.sandbox.control.aurora_instances import InstanceResource, Instances
    from tsalab.sandbox.control.aurora_resource import ClusterResource

    clusters = Clusters(context)
    resource = ClusterResource(clusters)
    resource_type(TYPE, resource, snapshot=resource.snapshot)
    instances = Instances(clusters)
    resource_type(INSTANCE, InstanceResource(instances))
    rds_actions.install(clusters)
    plain = rds._cluster_xml

    def cluster_xml(record: dict[str, Any]) -> str:
        return str(plain(record)) + clusters.serverless_xml(record)

    rds._cluster_xml = cluster_xml

    def names_of(cluster_id: str) -> list[str]:
        with context.scope():
            record = rds._clusters.get(cluster_id, {})
            return [record[name] for name in ("Endpoint", "ReaderEndpoint") if record.get(name)]

    context.estate.databases.names_of = names_of


def resume(context: Context) -> None:
    """Start the databases again; drop clusters whose creation or deletion was interrupted."""
    from ministack.services import rds

    with context.scope():
        for cluster_id, record in list(rds._clusters.items()):
            if record["Status"] in ("creating", "deleting"):
                logger.warning("cluster %s was %s when the sandbox stopped", cluster_id, record["Status"])
                context.estate.databases.delete(cluster_id)
                del rds._clusters[cluster_id]
    context.estate.databases.resume_all()
    with context.scope():
        for cluster_id, record in rds._clusters.items():
            if needs_instance(record) and not record.get("DBClusterMembers"):
                continue
            route(context, record, context.estate.databases.address(cluster_id))


class Clusters:
    """Clusters and snapshots of one sandbox."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def get(self, cluster_id: str | None) -> dict[str, Any]:
        """Record of a cluster, by its identifier in any case or its ARN.

        Raises
        ------
        RdsError
            When there is none.
        """
        from ministack.services import rds

        record: dict[str, Any] | None = rds._clusters.get((cluster_id or "").rpartition(":")[2].lower())
        if record is None:
            raise RdsError("DBClusterNotFoundFault", f"DBCluster {cluster_id} not found.")
        return record

    def begin(self, wish: Wish) -> dict[str, Any]:
        """Check a wish and make its record, ``creating``.

        Raises
        ------
        RdsError
            When RDS would refuse it.
        """
        from ministack.services import rds

        rules.check(wish)
        if wish.cluster_id in rds._clusters:
            raise RdsError("DBClusterAlreadyExistsFault", "DB Cluster already exists")
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        region, account = self.context.region, self.context.account_id
        arn = f"arn:aws:rds:{region}:{account}:cluster:{wish.cluster_id}"
        record: dict[str, Any] = {
            "DBClusterIdentifier": wish.cluster_id,
            "DBClusterArn": arn,
            "DbClusterResourceId": "cluster-" + rds.new_uuid().replace("-", "")[:26].upper(),
            "Engine": wish.kind.engine,
            "EngineMode": wish.kind.mode,
            "EngineVersion": wish.kind.version,
            "Status": "creating",
            "MasterUsername": wish.username,
            "DatabaseName": wish.database,
            "Endpoint": "",
            "ReaderEndpoint": "",
            "Port": rules.PORT,
            "AvailabilityZones": [f"{region}{zone}" for zone in "abc"],
            "DBSubnetGroup": wish.subnet_group,
            "VpcSecurityGroups": rules.memberships(wish.security_groups),
            "DBClusterParameterGroup": f"default.{wish.kind.family}",
            "BackupRetentionPeriod": wish.backup_days,
            "ClusterCreateTime": now,
            "EarliestRestorableTime": now,
            "LatestRestorableTime": now,
            "StorageEncrypted": True,
            "DeletionProtection": wish.deletion_protection,
            "TagList": list(wish.tags),
            "HttpEndpointEnabled": wish.data_api,
            "_Scaling": rules.scaling(wish.scaling, wish.kind),
        }
        rds._clusters[wish.cluster_id] = record
        rds._tags[arn] = list(wish.tags)
        return record

    def finish(self, record: dict[str, Any], password: str = "", snapshot_id: str | None = None) -> None:
        """Start the database of a new record, and call it ``available``; takes its time."""
        from ministack.services import rds

        cluster_id = record["DBClusterIdentifier"]
        databases = self.context.estate.databases
        endpoint = self._name(cluster_id, "cluster")
        names = endpoint, endpoint.replace(".cluster-", ".cluster-ro-", 1)
        try:
            if snapshot_id is not None:
                address = databases.restore(snapshot_id, cluster_id, names)
            else:
                address = databases.create(
                    cluster_id,
                    username=record["MasterUsername"],
                    password=password,
                    database=record["DatabaseName"] or None,
                    names=names,
                )
            databases.set_auto_pause(cluster_id, pause_after(record))
        except BaseException:
            with self.context.scope():
                rds._clusters.pop(cluster_id, None)
            raise
        record["Endpoint"], record["ReaderEndpoint"] = names
        if not needs_instance(record):
            route(self.context, record, address)
        record["Status"] = "available"
        logger.info("cluster %s is available", cluster_id)
        self.context.changed()

    def _name(self, cluster_id: str, kind: str) -> str:
        """A cluster's private name, as AWS makes them; nobody outside the sandbox resolves it."""
        unique = "".join(secrets.choice(_ALPHABET) for _ in range(12))
        return f"{cluster_id}.{kind}-{unique}.{self.context.region}.rds.sandbox.internal"

    def delete(self, cluster_id: str, snapshot_id: str | None = None) -> None:
        """Delete a cluster's database and record, its data first kept in a snapshot if named."""
        from ministack.services import rds

        record = self.get(cluster_id)
        record["Status"] = "deleting"
        if snapshot_id is not None:
            self.snapshot(record, snapshot_id)
        self.context.estate.databases.delete(record["DBClusterIdentifier"])
        for name in ("Endpoint", "ReaderEndpoint"):
            self.context.estate.routes.remove(record[name], record["Port"])
        rds._clusters.pop(record["DBClusterIdentifier"], None)
        rds._tags.pop(record["DBClusterArn"], None)
        self.context.changed()

    def snapshot(self, record: dict[str, Any], snapshot_id: str) -> dict[str, Any]:
        """Keep a cluster's data in a snapshot.

        Raises
        ------
        RdsError
            When there is a snapshot of that name.
        """
        from ministack.services import rds

        if snapshot_id in rds._db_cluster_snapshots:
            raise RdsError(
                "DBClusterSnapshotAlreadyExistsFault", f"DB cluster snapshot {snapshot_id} already exists."
            )
        self.context.estate.databases.snapshot(record["DBClusterIdentifier"], snapshot_id)
        made: dict[str, Any] = rds._create_cluster_snapshot_internal(snapshot_id, record)
        made |= {"_DatabaseName": record["DatabaseName"], "_Scaling": dict(record["_Scaling"])}
        self.context.changed()
        return made

    def delete_snapshot(self, snapshot_id: str | None) -> dict[str, Any]:
        """Delete a snapshot and its data; returns what it was.

        Raises
        ------
        RdsError
            When there is none.
        """
        from ministack.services import rds

        made: dict[str, Any] | None = rds._db_cluster_snapshots.get(snapshot_id)
        if made is None:
            raise RdsError("DBClusterSnapshotNotFoundFault", f"DBClusterSnapshot {snapshot_id} not found.")
        self.context.estate.databases.delete_snapshot(made["DBClusterSnapshotIdentifier"])
        del rds._db_cluster_snapshots[snapshot_id]
        rds._tags.pop(made["DBClusterSnapshotArn"], None)
        self.context.changed()
        return made

    def set_password(self, record: dict[str, Any], password: str) -> None:
        """Change the master user's password.

        Raises
        ------
        RdsError
            When RDS would not take it.
        """
        rules.check_password(password)
        self.context.estate.databases.set_password(record["DBClusterIdentifier"], password)

    def scale(self, record: dict[str, Any], wanted: dict[str, Any]) -> None:
        """Give a cluster another scaling configuration, as `scaling` makes them."""
        record["_Scaling"] = wanted
        record.pop("_Capacity", None)  # of other bounds
        self.context.estate.databases.set_auto_pause(record["DBClusterIdentifier"], pause_after(record))

    def capacity(self, record: dict[str, Any]) -> int:
        """Capacity units in use now: 0 while paused or not there yet, else as last seen."""
        if record["Status"] != "available" or self.context.estate.databases.is_paused(
            record["DBClusterIdentifier"]
        ):
            return 0
        return int(record.get("_Capacity") or record["_Scaling"]["MinCapacity"])

    def serverless_xml(self, record: dict[str, Any]) -> str:
        """The elements of a serverless cluster that MiniStack does not answer."""
        wanted = record.get("_Scaling")
        if wanted is None:
            return ""
        if needs_instance(record):
            return _serverless_v2_xml(wanted)
        paused = str(wanted["AutoPause"]).lower()
        return (
            f"<Capacity>{self.capacity(record)}</Capacity>"
            "<ScalingConfigurationInfo>"
            f"<MinCapacity>{wanted['MinCapacity']}</MinCapacity>"
            f"<MaxCapacity>{wanted['MaxCapacity']}</MaxCapacity>"
            f"<AutoPause>{paused}</AutoPause>"
            f"<SecondsUntilAutoPause>{wanted['SecondsUntilAutoPause']}</SecondsUntilAutoPause>"
            "<TimeoutAction>RollbackCapacityChange</TimeoutAction>"
            "<SecondsBeforeTimeout>300</SecondsBeforeTimeout>"
            "</ScalingConfigurationInfo>"
        )


def _serverless_v2_xml(wanted: dict[str, Any]) -> str:
    pause = (
        f"<SecondsUntilAutoPause>{wanted['SecondsUntilAutoPause']}</SecondsUntilAutoPause>"
        if wanted["AutoPause"]
        else ""
    )
    return (
        "<ServerlessV2ScalingConfiguration>"
        f"<MinCapacity>{wanted['MinCapacity']}</MinCapacity><MaxCapacity>{wanted['MaxCapacity']}</MaxCapacity>"
        f"{pause}</ServerlessV2ScalingConfiguration>"
    )


def needs_instance(record: dict[str, Any]) -> bool:
    """Whether nobody reaches a cluster before it has an instance: only v1 has none."""
    return bool(record["EngineMode"] != rules.V1.mode)


def kind_of(record: dict[str, Any]) -> rules.Kind:
    """A cluster's kind."""
    return rules.V2 if needs_instance(record) else rules.V1


def route(context: Context, record: dict[str, Any], address: tuple[str, int]) -> None:
    """Let the machines find a cluster by its private names."""
    for name in ("Endpoint", "ReaderEndpoint"):
        context.estate.routes.set(record[name], record["Port"], *address)


def pause_after(record: dict[str, Any]) -> float | None:
    """Seconds without a connection after which a cluster pauses; None: never."""
    wanted = record["_Scaling"]
    return float(wanted["SecondsUntilAutoPause"]) if wanted["AutoPause"] else None
