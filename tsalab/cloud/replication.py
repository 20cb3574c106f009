"""Database Migration Service: what moves a database from one endpoint to another, and keeps following.

An instance of DMS stands in the VPC and does the work; an *endpoint* is a database and who enters
it; a *task* moves tables between two of them. All of it is found again by its name, and by the
tag that everything of ours bears.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from tsalab.cloud.account import Account
from tsalab.cloud.refusals import error_code
from tsalab.cloud.waiting import poll
from tsalab.errors import CloudError
from tsalab.messages import say

TAG = {"Key": "created-by", "Value": "tsalab"}
ROLE, ROLE_POLICY = "dms-vpc-role", "arn:aws:iam::aws:policy/service-role/AmazonDMSVPCManagementRole"
SOURCE, TARGET = "source", "target"
FULL_LOAD, BOTH = "full-load", "full-load-and-cdc"
RESTING = ("ready", "stopped", "failed")
_SETTLES = 300.0  # seconds that a test, a start or a stop takes at the most


@dataclass(frozen=True)
class Instance:
    """What DMS says of an instance.

    Parameters
    ----------
    arn, status
        Status is ``creating``, ``available``, ``deleting`` and so on.
    """

    arn: str
    status: str


@dataclass(frozen=True)
class Tested:
    """What came of testing an endpoint.

    Parameters
    ----------
    side
        Source or target.
    well
        Whether the database let DMS in.
    said
        Why not, in DMS's words and the database's.
    """

    side: str
    well: bool
    said: str


@dataclass(frozen=True)
class TaskState:
    """What DMS says of a task.

    Parameters
    ----------
    arn, kind, status
        Status is ``ready``, ``running``, ``stopped``, ``failed`` and what is between.
    reason, failure
        Why it stopped, and what went wrong, if anything.
    percent
        Of the full load.
    """

    arn: str
    kind: str
    status: str
    reason: str
    failure: str
    percent: int

    @property
    def resting(self) -> bool:
        """Whether nothing is being done."""
        return self.status in RESTING


@dataclass(frozen=True)
class TableState:
    """What DMS says of one table.

    Parameters
    ----------
    schema, table, state
        Of the source.
    rows
        Rows of the full load.
    inserts, updates, deletes
        Changes that were applied since.
    """

    schema: str
    table: str
    state: str
    rows: int
    inserts: int
    updates: int
    deletes: int

    @property
    def loaded(self) -> bool:
        """Whether its full load is done."""
        return self.state == "Table completed"


class Replication:
    """The lab's instance, endpoints and task.

    Parameters
    ----------
    account
        Whose.
    stack
        The gallery's stack, from whose name all names come.
    """

    def __init__(self, account: Account, stack: str) -> None:
        self.account = self._account = account
        self.name = f"{stack.lower()}-dms"

    @property
    def _api(self) -> Any:
        return self._account.client("dms")

    # What there is.

    def instance(self) -> Instance | None:
        """The instance, or None when there is none."""
        with self._account.doing(say("cloud.doing.dms_look", name=self.name)):
            try:
                answer = self._api.describe_replication_instances(
                    Filters=[{"Name": "replication-instance-id", "Values": [self.name]}]
                )
            except ClientError as error:
                if error_code(error) == "ResourceNotFoundFault":
                    return None
                raise
        (row,) = answer["ReplicationInstances"]
        return Instance(row["ReplicationInstanceArn"], row["ReplicationInstanceStatus"])

    def endpoint(self, side: str) -> str | None:
        """ARN of an endpoint, or None when there is none."""
        with self._account.doing(say("cloud.doing.dms_look", name=self.side(side))):
            try:
                answer = self._api.describe_endpoints(
                    Filters=[{"Name": "endpoint-id", "Values": [self.side(side)]}]
                )
            except ClientError as error:
                if error_code(error) == "ResourceNotFoundFault":
                    return None
                raise
        return str(answer["Endpoints"][0]["EndpointArn"])

    def task(self) -> TaskState | None:
        """The task, or None when there is none."""
        with self._account.doing(say("cloud.doing.dms_look", name=self.name)):
            try:
                answer = self._api.describe_replication_tasks(
                    Filters=[{"Name": "replication-task-id", "Values": [self.name]}], WithoutSettings=True
                )
            except ClientError as error:
                if error_code(error) == "ResourceNotFoundFault":
                    return None
                raise
        row = answer["ReplicationTasks"][0]
        return TaskState(
            row["ReplicationTaskArn"],
            row["MigrationType"],
            row["Status"],
            row.get("StopReason", ""),
            row.get("LastFailureMessage", ""),
            int(row.get("ReplicationTaskStats", {}).get("FullLoadProgressPercent", 0)),
        )

    def tables(self, task: str) -> list[TableState]:
        """Statistics of a task's tables."""
        with self._account.doing(say("cloud.doing.dms_tables", name=self.name)):
            pages = self._api.get_paginator("describe_table_statistics").paginate(ReplicationTaskArn=task)
            rows = [row for page in pages for row in page["TableStatistics"]]
        return [
            TableState(
                row["SchemaName"],
                row["TableName"],
                row["TableState"],
                row["FullLoadRows"],
                row["Inserts"],
                row["Updates"],
                row["Deletes"],
            )
            for row in rows
        ]

    # Working with it.

    def test(self, side: str) -> Tested:
        """Let DMS log in at an endpoint, from its instance.

        Raises
        ------
        CloudError
            When there is no instance or endpoint, or AWS refuses.
        """
        instance, endpoint = self.instance(), self.endpoint(side)
        if instance is None or endpoint is None:
            raise CloudError.no_replication(self.name)
        with self._account.doing(say("cloud.doing.dms_test", name=self.side(side))):
            self._api.test_connection(ReplicationInstanceArn=instance.arn, EndpointArn=endpoint)
            (status, said), _ = poll(
                lambda: self._connection(endpoint), lambda found: found[0] != "testing", seconds=_SETTLES
            )
        return Tested(side, status == "successful", said)

    def _connection(self, endpoint: str) -> tuple[str, str]:
        answer = self._api.describe_connections(Filters=[{"Name": "endpoint-arn", "Values": [endpoint]}])
        row = answer["Connections"][0]
        return row["Status"], row.get("LastFailureMessage", "")

    def start(self, task: TaskState) -> None:
        """Start the task: anew, or where it stopped."""
        how = "start-replication" if task.status == "ready" else "resume-processing"
        with self._account.doing(say("cloud.doing.dms_start", name=self.name)):
            self._api.start_replication_task(ReplicationTaskArn=task.arn, StartReplicationTaskType=how)

    def stop(self) -> TaskState | None:
        """Stop the task, and wait until it rests; None when there is none."""
        state = self.task()
        if state is None or state.resting:
            return state
        with self._account.doing(say("cloud.doing.dms_stop", name=self.name)):
            poll(self.task, lambda one: one is None or one.status != "starting", seconds=_SETTLES)
            self._api.stop_replication_task(ReplicationTaskArn=state.arn)
        return self.settled()

    def settled(self) -> TaskState:
        """The task when it rests.

        Raises
        ------
        CloudError
            When there is none.
        """
        state, _ = poll(self.task, lambda one: one is not None and one.resting, seconds=_SETTLES)
        if state is None:
            raise CloudError.no_replication(self.name)
        return state

    def side(self, side: str) -> str:
        """What an endpoint is called."""
        return f"{self.name}-{side}"
