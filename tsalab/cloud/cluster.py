"""Aurora clusters and the snapshots they leave."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from tsalab.cloud.account import Account
from tsalab.cloud.refusals import error_code
from tsalab.messages import say


@dataclass(frozen=True)
class ClusterState:
    """What RDS says of a cluster.

    Attributes
    ----------
    first_version
        Whether it is of Aurora Serverless v1.
    data_api
        Whether SQL may be sent to it over HTTPS.
    pause_after
        Seconds without a connection after which it pauses; None: it never does.
    instances
        Identifiers of its instances; version 1 has none.
    """

    identifier: str
    status: str
    endpoint: str
    port: int
    database: str
    engine: str
    capacity: int | None
    least_capacity: float = 0
    created: datetime | None = None
    security_groups: tuple[str, ...] = ()
    arn: str = ""
    first_version: bool = False
    data_api: bool = False
    pause_after: int | None = None
    instances: tuple[str, ...] = ()

    @property
    def paused(self) -> bool:
        """Whether it sleeps until somebody connects (Aurora Serverless v1 says so by a capacity of 0)."""
        return self.status == "available" and self.capacity == 0

    @property
    def available(self) -> bool:
        """Whether it takes connections (a paused cluster does: it wakes)."""
        return self.status == "available" and bool(self.endpoint)


class Cluster:
    """A cluster by identifier."""

    def __init__(self, account: Account, identifier: str) -> None:
        self._account = account
        self.identifier = identifier

    @property
    def _api(self) -> Any:
        return self._account.client("rds")

    def state(self) -> ClusterState | None:
        """The cluster as it is now, or None when there is none."""
        with self._account.doing(say("cloud.doing.cluster", cluster=self.identifier)):
            try:
                rows = self._api.describe_db_clusters(DBClusterIdentifier=self.identifier)["DBClusters"]
            except ClientError as error:
                if error_code(error) == "DBClusterNotFoundFault":
                    return None
                raise
        row = rows[0]
        return ClusterState(
            identifier=row["DBClusterIdentifier"],
            status=row["Status"],
            endpoint=row.get("Endpoint", ""),
            port=int(row.get("Port") or 3306),
            database=row.get("DatabaseName", ""),
            engine=row["Engine"],
            capacity=row.get("Capacity"),
            least_capacity=_least(row),
            created=row.get("ClusterCreateTime"),
            security_groups=tuple(each["VpcSecurityGroupId"] for each in row.get("VpcSecurityGroups", ())),
            arn=row.get("DBClusterArn", ""),
            first_version=row.get("EngineMode") == "serverless",
            data_api=bool(row.get("HttpEndpointEnabled")),
            pause_after=_scaling(row).get("SecondsUntilAutoPause"),
            instances=tuple(each["DBInstanceIdentifier"] for each in row.get("DBClusterMembers", ())),
        )

    def scale(self, capacity: int) -> None:
        """Ask for another capacity now; 0 pauses a serverless cluster."""
        with self._account.doing(say("cloud.doing.cluster_scale", cluster=self.identifier)):
            self._api.modify_current_db_cluster_capacity(
                DBClusterIdentifier=self.identifier, Capacity=capacity
            )

    def enable_data_api(self, state: ClusterState) -> None:
        """Switch the Data API on: of version 1 by a change of the cluster, else by a request of its own."""
        with self._account.doing(say("cloud.doing.cluster_data_api", cluster=self.identifier)):
            if state.first_version:
                self._api.modify_db_cluster(
                    DBClusterIdentifier=self.identifier, EnableHttpEndpoint=True, ApplyImmediately=True
                )
            else:
                self._api.enable_http_endpoint(ResourceArn=state.arn)

    def set_password(self, password: str) -> None:
        """Give the master user another password."""
        with self._account.doing(say("cloud.doing.cluster_password", cluster=self.identifier)):
            self._api.modify_db_cluster(
                DBClusterIdentifier=self.identifier, MasterUserPassword=password, ApplyImmediately=True
            )

    def snapshots(self) -> list[str]:
        """Identifiers of the cluster's manual snapshots; automatic ones go with the cluster."""
        with self._account.doing(say("cloud.doing.snapshots", cluster=self.identifier)):
            pages = self._api.get_paginator("describe_db_cluster_snapshots").paginate(SnapshotType="manual")
            rows = [row for page in pages for row in page["DBClusterSnapshots"]]
        return [
            row["DBClusterSnapshotIdentifier"]
            for row in rows
            if row.get("DBClusterIdentifier", "").lower() == self.identifier.lower()
        ]

    def delete_snapshot(self, identifier: str) -> None:
        """Delete one manual snapshot."""
        with self._account.doing(say("cloud.doing.snapshot_delete", snapshot=identifier)):
            self._api.delete_db_cluster_snapshot(DBClusterSnapshotIdentifier=identifier)


def _least(row: dict[str, Any]) -> float:
    """Capacity units that a running cluster has at least, of either kind of serverless."""
    return float(_scaling(row).get("MinCapacity") or 0)


def _scaling(row: dict[str, Any]) -> dict[str, Any]:
    return row.get("ScalingConfigurationInfo") or row.get("ServerlessV2ScalingConfiguration") or {}
