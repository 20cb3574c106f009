"""RDS requests on clusters and snapshots, answered with `aurora.Clusters`.

What MiniStack would only pretend (instances, proxies, global clusters) is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tsalab import settings
from tsalab.sandbox.control import aurora_rules as rules
from tsalab.sandbox.control.aurora import Clusters, kind_of
from tsalab.sandbox.control.aurora_rules import RdsError, Wish

TOUCHES = (
    "core.concurrency.spawn_background",
    "services.rds._ACTION_MAP",
    "services.rds._cluster_snapshot_xml",
    "services.rds._cluster_xml",
    "services.rds._db_cluster_snapshots",
    "services.rds._error",
    "services.rds._p",
    "services.rds._parse_member_list",
    "services.rds._parse_tags",
    "services.rds._xml",
)
Response = tuple[int, dict[str, str], bytes]
Params = dict[str, Any]
# Actions of MiniStack's own that are records and nothing more, as they are on AWS.
HONEST = frozenset(
    {
        "AddTagsToResource",
        "CreateDBSubnetGroup",
        "DeleteDBSubnetGroup",
        "ListTagsForResource",
        "ModifyDBSubnetGroup",
        "RemoveTagsFromResource",
    }
)


def install(clusters: Clusters) -> None:
    """Answer RDS's actions; refuse those that nothing stands behind."""
    from ministack.services import rds

    ours = Actions(clusters).by_name()
    for name in list(rds._ACTION_MAP):
        if name in ours or name in HONEST or name.startswith("Describe"):
            continue
        rds._ACTION_MAP[name] = _refusal(name)
    rds._ACTION_MAP.update(ours)
    original = rds._ACTION_MAP["DescribeDBClusters"]
    rds._ACTION_MAP["DescribeDBClusters"] = lambda p: original(_lowered(p))
    rds._ACTION_MAP["DescribeDBEngineVersions"] = _engine_versions


class Actions:
    """RDS's actions on clusters and their snapshots."""

    def __init__(self, clusters: Clusters) -> None:
        self.clusters = clusters

    def by_name(self) -> dict[str, Callable[[Params], Response]]:
        """Every action, guarded: what RDS refuses becomes its error response."""
        return {
            "CreateDBCluster": _guarded(self.create),
            "RestoreDBClusterFromSnapshot": _guarded(self.restore),
            "ModifyDBCluster": _guarded(self.modify),
            "ModifyCurrentDBClusterCapacity": _guarded(self.modify_capacity),
            "DeleteDBCluster": _guarded(self.delete),
            "EnableHttpEndpoint": _guarded(lambda p: self.set_data_api("Enable", p)),
            "DisableHttpEndpoint": _guarded(lambda p: self.set_data_api("Disable", p)),
            "CreateDBClusterSnapshot": _guarded(self.create_snapshot),
            "DeleteDBClusterSnapshot": _guarded(self.delete_snapshot),
        }

    def create(self, p: Params) -> Response:
        """``CreateDBCluster``."""
        from ministack.services import rds

        kind = _kind(p)
        password = rds._p(p, "MasterUserPassword") or ""
        record = self.clusters.begin(
            Wish(
                cluster_id=(rds._p(p, "DBClusterIdentifier") or "").lower(),
                username=rds._p(p, "MasterUsername") or "",
                password=password,
                database=rds._p(p, "DatabaseName") or "",
                subnet_group=rds._p(p, "DBSubnetGroupName") or "",
                security_groups=tuple(rds._parse_member_list(p, "VpcSecurityGroupIds")),
                scaling=_scaling(p, kind),
                kind=kind,
                tags=tuple(rds._parse_tags(p)),
                deletion_protection=rds._p(p, "DeletionProtection") == "true",
                data_api=rds._p(p, "EnableHttpEndpoint") == "true",
            )
        )
        return self._later("CreateDBCluster", record, password)

    def restore(self, p: Params) -> Response:
        """``RestoreDBClusterFromSnapshot``: data, users and passwords as they were."""
        from ministack.services import rds

        snapshot_id = rds._p(p, "SnapshotIdentifier")
        snapshot = rds._db_cluster_snapshots.get(snapshot_id)
        if snapshot is None:
            raise RdsError("DBClusterSnapshotNotFoundFault", f"DBClusterSnapshot {snapshot_id} not found.")
        first = rds._p(p, "Engine") == rules.V1.engine and not rds._p(p, "EngineMode")
        kind = _kind({**p, "EngineMode": [rules.V1.mode]} if first else p)
        record = self.clusters.begin(
            Wish(
                cluster_id=(rds._p(p, "DBClusterIdentifier") or "").lower(),
                username=snapshot["MasterUsername"],
                password="kept-in-the-data",  # noqa: S106 - only to pass the check; the data keeps its own
                database=snapshot["_DatabaseName"],
                subnet_group=rds._p(p, "DBSubnetGroupName") or "",
                security_groups=tuple(rds._parse_member_list(p, "VpcSecurityGroupIds")),
                scaling=_scaling(p, kind) or snapshot["_Scaling"],
                kind=kind,
                tags=tuple(rds._parse_tags(p)),
            )
        )
        return self._later("RestoreDBClusterFromSnapshot", record, "", snapshot_id)

    def _later(
        self, action: str, record: dict[str, Any], password: str, snapshot_id: str | None = None
    ) -> Response:
        from ministack.core.concurrency import spawn_background

        spawn_background(self.clusters.finish, record, password, snapshot_id, thread_name="rds-create")
        return _cluster(action, record)

    def modify(self, p: Params) -> Response:
        """``ModifyDBCluster``: password, scaling, security groups, Data API, protection, backups."""
        from ministack.services import rds

        record = self.clusters.get(rds._p(p, "DBClusterIdentifier"))
        groups = tuple(rds._parse_member_list(p, "VpcSecurityGroupIds"))
        rules.check_groups(groups)
        for name in ("NewDBClusterIdentifier", "EngineVersion", "EngineMode", "Port"):
            if rds._p(p, name):
                raise RdsError("UnsupportedOperation", f"The sandbox cannot change {name} of a cluster.")
        kind = kind_of(record)
        wanted = rules.scaling({**_asked(record), **_scaling(p, kind)}, kind)
        if password := rds._p(p, "MasterUserPassword"):
            self.clusters.set_password(record, password)
        self.clusters.scale(record, wanted)
        if groups:
            record["VpcSecurityGroups"] = rules.memberships(groups)
        if data_api := rds._p(p, "EnableHttpEndpoint"):
            if kind is not rules.V1:
                raise RdsError(
                    "InvalidParameterCombination", "EnableHttpEndpoint is changed by a request of its own."
                )
            record["HttpEndpointEnabled"] = data_api == "true"
        if protection := rds._p(p, "DeletionProtection"):
            record["DeletionProtection"] = protection == "true"
        if days := rds._p(p, "BackupRetentionPeriod"):
            record["BackupRetentionPeriod"] = int(days)
        return _cluster("ModifyDBCluster", record)

    def set_data_api(self, word: str, p: Params) -> Response:
        """``EnableHttpEndpoint`` and ``DisableHttpEndpoint``."""
        from ministack.services import rds

        record = self.clusters.get(rds._p(p, "ResourceArn"))
        if kind_of(record) is rules.V1:
            raise RdsError(
                "InvalidParameterValue",
                f"{word}HttpEndpoint is not for Aurora Serverless v1: modify the cluster.",
            )
        record["HttpEndpointEnabled"] = word == "Enable"
        inner = (
            f"<{word}HttpEndpointResult><ResourceArn>{record['DBClusterArn']}</ResourceArn>"
            f"<HttpEndpointEnabled>{str(record['HttpEndpointEnabled']).lower()}</HttpEndpointEnabled>"
            f"</{word}HttpEndpointResult>"
        )
        response: Response = rds._xml(200, f"{word}HttpEndpointResponse", inner)
        return response

    def modify_capacity(self, p: Params) -> Response:
        """``ModifyCurrentDBClusterCapacity``: 0 pauses, anything else resumes."""
        from ministack.services import rds

        record = self.clusters.get(rds._p(p, "DBClusterIdentifier"))
        capacity = int(rds._p(p, "Capacity") or -1)
        cluster_id = record["DBClusterIdentifier"]
        if capacity not in (0, *rules.CAPACITIES):
            raise RdsError(
                "InvalidDBClusterCapacityFault", f"{capacity} is not a capacity of Aurora Serverless."
            )
        if kind_of(record) is not rules.V1:
            raise RdsError(
                "InvalidDBClusterStateFault", "Only a cluster of Aurora Serverless v1 is told its capacity."
            )
        before = self.clusters.capacity(record)
        databases = self.clusters.context.estate.databases
        (databases.resume if capacity else databases.pause)(cluster_id)
        record["_Capacity"] = capacity
        response: Response = rds._xml(
            200,
            "ModifyCurrentDBClusterCapacityResponse",
            "<ModifyCurrentDBClusterCapacityResult>"
            f"<DBClusterIdentifier>{cluster_id}</DBClusterIdentifier>"
            f"<PendingCapacity>{capacity}</PendingCapacity><CurrentCapacity>{before}</CurrentCapacity>"
            "<SecondsBeforeTimeout>300</SecondsBeforeTimeout>"
            "<TimeoutAction>RollbackCapacityChange</TimeoutAction>"
            "</ModifyCurrentDBClusterCapacityResult>",
        )
        return response

    def delete(self, p: Params) -> Response:
        """``DeleteDBCluster``, with a final snapshot unless told to skip it."""
        from ministack.core.concurrency import spawn_background
        from ministack.services import rds

        record = self.clusters.get(rds._p(p, "DBClusterIdentifier"))
        snapshot_id = rds._p(p, "FinalDBSnapshotIdentifier") or None
        if record["DeletionProtection"]:
            raise RdsError(
                "InvalidParameterCombination",
                "Cannot delete protected Cluster, please disable deletion protection.",
            )
        if (rds._p(p, "SkipFinalSnapshot") == "true") == bool(snapshot_id):
            raise RdsError(
                "InvalidParameterCombination",
                "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is given, and not with it.",
            )
        if record["Status"] != "available":
            raise RdsError("InvalidDBClusterStateFault", f"Cluster is in state {record['Status']}.")
        if snapshot_id in rds._db_cluster_snapshots:
            raise RdsError("DBClusterSnapshotAlreadyExistsFault", f"{snapshot_id} already exists.")
        record["Status"] = "deleting"
        spawn_background(
            self.clusters.delete, record["DBClusterIdentifier"], snapshot_id, thread_name="rds-delete"
        )
        return _cluster("DeleteDBCluster", record)

    def create_snapshot(self, p: Params) -> Response:
        """``CreateDBClusterSnapshot``."""
        from ministack.services import rds

        record = self.clusters.get(rds._p(p, "DBClusterIdentifier"))
        snapshot_id = rds._p(p, "DBClusterSnapshotIdentifier")
        if not snapshot_id:
            raise RdsError("InvalidParameterValue", "DBClusterSnapshotIdentifier is required.")
        return _snapshot("CreateDBClusterSnapshot", self.clusters.snapshot(record, snapshot_id))

    def delete_snapshot(self, p: Params) -> Response:
        """``DeleteDBClusterSnapshot``."""
        from ministack.services import rds

        made = self.clusters.delete_snapshot(rds._p(p, "DBClusterSnapshotIdentifier"))
        return _snapshot("DeleteDBClusterSnapshot", {**made, "Status": "deleted"})


def _kind(p: Params) -> rules.Kind:
    from ministack.services import rds

    asked = (rds._p(p, name) or None for name in ("Engine", "EngineMode", "EngineVersion"))
    return rules.kind_of(*asked, today=bool(settings.get("aws_today")))


def _asked(record: dict[str, Any]) -> dict[str, Any]:
    """A cluster's scaling as it would be asked for: a pause of its own only where there is one."""
    known = dict(record["_Scaling"])
    if kind_of(record) is not rules.V1 and not known.pop("AutoPause"):
        known.pop("SecondsUntilAutoPause")
    return known


def _engine_versions(p: Params) -> Response:
    """``DescribeDBEngineVersions``: the kinds of cluster that have a real database behind them here."""
    from ministack.services import rds

    engine, version = rds._p(p, "Engine"), rds._p(p, "EngineVersion")
    today = bool(settings.get("aws_today"))
    members = "".join(
        f"<DBEngineVersion><Engine>{kind.engine}</Engine><EngineVersion>{kind.version}</EngineVersion>"
        f"<DBParameterGroupFamily>{kind.family}</DBParameterGroupFamily><Status>available</Status>"
        f"<SupportedEngineModes><member>{kind.mode}</member></SupportedEngineModes></DBEngineVersion>"
        for kind in rules.KINDS
        if (engine or kind.engine) == kind.engine
        and (version or kind.version) == kind.version
        and not (today and kind is rules.V1)
    )
    inner = (
        f"<DescribeDBEngineVersionsResult><DBEngineVersions>{members}</DBEngineVersions>"
        "</DescribeDBEngineVersionsResult>"
    )
    response: Response = rds._xml(200, "DescribeDBEngineVersionsResponse", inner)
    return response


def _guarded(action: Callable[[Params], Response]) -> Callable[[Params], Response]:
    def guarded(p: Params) -> Response:
        try:
            return action(p)
        except RdsError as error:
            return _error(error.code, str(error))

    return guarded


def _refusal(name: str) -> Callable[[Params], Response]:
    def refuse(_p: Params) -> Response:
        return _error(
            "UnsupportedOperation", f"The sandbox does not do {name}: nothing would stand behind it."
        )

    return refuse


def _error(code: str, message: str) -> Response:
    from ministack.services import rds

    response: Response = rds._error(code, message, 400)
    return response


def _cluster(action: str, record: dict[str, Any]) -> Response:
    from ministack.services import rds

    inner = f"<{action}Result><DBCluster>{rds._cluster_xml(record)}</DBCluster></{action}Result>"
    response: Response = rds._xml(200, f"{action}Response", inner)
    return response


def _snapshot(action: str, made: dict[str, Any]) -> Response:
    from ministack.services import rds

    xml = rds._cluster_snapshot_xml(made)
    inner = f"<{action}Result><DBClusterSnapshot>{xml}</DBClusterSnapshot></{action}Result>"
    response: Response = rds._xml(200, f"{action}Response", inner)
    return response


def _lowered(p: Params) -> Params:
    wanted = p.get("DBClusterIdentifier")
    return p if not wanted else {**p, "DBClusterIdentifier": [str(value).lower() for value in wanted]}


def _scaling(p: Params, kind: rules.Kind) -> dict[str, Any]:
    from ministack.services import rds

    names = ("MinCapacity", "MaxCapacity", "AutoPause", "SecondsUntilAutoPause")
    group = "ScalingConfiguration" if kind is rules.V1 else "ServerlessV2ScalingConfiguration"
    return {name: value for name in names if (value := rds._p(p, f"{group}.{name}"))}
