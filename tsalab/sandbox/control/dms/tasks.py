"""Replication tasks: what is moved, and how far it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tsalab.migrate.capture import Position
from tsalab.sandbox.control.dms import mappings, naming, progress, task_settings
from tsalab.sandbox.control.dms.job import CDC
from tsalab.sandbox.control.dms.naming import Record
from tsalab.sandbox.control.dms.store import connection_key
from tsalab.sandbox.control.json_service import Answer, now

if TYPE_CHECKING:
    from tsalab.sandbox.control.dms.store import Store
    from tsalab.sandbox.control.dms.working import Working

KIND = "Replication Task"
START, RESUME, RELOAD = "start-replication", "resume-processing", "reload-target"
_RESTING = ("ready", "stopped", "failed")
_CREATES = (
    "ReplicationTaskIdentifier SourceEndpointArn TargetEndpointArn ReplicationInstanceArn MigrationType "
    "TableMappings ReplicationTaskSettings CdcStartPosition Tags"
)
_MODIFIES = (
    "ReplicationTaskArn ReplicationTaskIdentifier MigrationType TableMappings ReplicationTaskSettings "
    "CdcStartPosition"
)
FILTERS: dict[str, Callable[[Record], str]] = {
    "replication-task-arn": lambda row: str(row["ReplicationTaskArn"]),
    "replication-task-id": lambda row: str(row["ReplicationTaskIdentifier"]),
    "migration-type": lambda row: str(row["MigrationType"]),
    "replication-instance-arn": lambda row: str(row["ReplicationInstanceArn"]),
}


class Tasks:
    """Operations on tasks.

    Parameters
    ----------
    store
        All of DMS's records.
    working
        The tasks' processes.
    """

    def __init__(self, store: Store, working: Working) -> None:
        self._store, self._working = store, working
        self.operations: dict[str, Callable[[Answer], Answer | None]] = {
            "CreateReplicationTask": self._create,
            "DescribeReplicationTasks": self._describe,
            "ModifyReplicationTask": self._modify,
            "DeleteReplicationTask": self._delete,
            "StartReplicationTask": self._start,
            "StopReplicationTask": self._stop,
            "DescribeTableStatistics": self._statistics,
        }

    def _create(self, request: Answer) -> Answer:
        naming.only(request, _CREATES, "a replication task")
        name = naming.identifier(request["ReplicationTaskIdentifier"], longest=255)
        mappings.read(request["TableMappings"])
        settings = task_settings.complete(request.get("ReplicationTaskSettings"))
        with self._store.lock:
            self._must_be_new(name)
            self._store.refuse_beyond_quota("ReplicationTasks")
            self._check_sides(request)
            arn = self._store.new_arn("task")
            record: Record = {
                "ReplicationTaskIdentifier": name,
                "SourceEndpointArn": request["SourceEndpointArn"],
                "TargetEndpointArn": request["TargetEndpointArn"],
                "ReplicationInstanceArn": request["ReplicationInstanceArn"],
                "MigrationType": request["MigrationType"],
                "TableMappings": request["TableMappings"],
                "ReplicationTaskSettings": settings,
                "Status": "creating",
                "ReplicationTaskCreationDate": now(),
                "ReplicationTaskArn": arn,
                "progress": progress.new(),
            }
            self._position(record, request)
            self._store.tasks[arn] = record
            self._store.tags[arn] = naming.tags_of(request)
            answer = {"ReplicationTask": told(record)}
            record["Status"] = "ready"  # there is nothing to wait for
            return answer

    def _describe(self, request: Answer) -> Answer:
        fields = FILTERS | {"endpoint-arn": lambda row: _endpoint_in(row, request)}
        with self._store.lock:
            rows = naming.filtered(self._store.tasks.values(), request, fields, "Tasks")
            page, more = naming.paged(rows, request)
            without = request.get("WithoutSettings", False)
            return {"ReplicationTasks": [told(row, settings=not without) for row in page], **more}

    def _modify(self, request: Answer) -> Answer:
        naming.only(request, _MODIFIES, "a replication task")
        with self._store.lock:
            record = self._store.task(request["ReplicationTaskArn"])
            self._must_rest(record, "modified")
            changed = dict(record)
            if request.get("ReplicationTaskIdentifier"):
                name = naming.identifier(request["ReplicationTaskIdentifier"], longest=255)
                if name != record["ReplicationTaskIdentifier"]:
                    self._must_be_new(name)
                changed["ReplicationTaskIdentifier"] = name
            if request.get("TableMappings"):
                mappings.read(request["TableMappings"])
                changed["TableMappings"] = request["TableMappings"]
            if request.get("ReplicationTaskSettings"):
                changed["ReplicationTaskSettings"] = task_settings.complete(
                    request["ReplicationTaskSettings"]
                )
            if request.get("MigrationType"):
                changed["MigrationType"] = request["MigrationType"]
            self._position(changed, request)
            record |= changed
            return {"ReplicationTask": told(record | {"Status": "modifying"})}

    def _delete(self, request: Answer) -> Answer:
        with self._store.lock:
            record = self._store.task(request["ReplicationTaskArn"])
            self._must_rest(record, "deleted")
            arn = record["ReplicationTaskArn"]
            del self._store.tasks[arn]
            self._store.tags.pop(arn, None)
            return {"ReplicationTask": told(record | {"Status": "deleting"})}

    def _start(self, request: Answer) -> Answer:
        naming.only(request, "ReplicationTaskArn StartReplicationTaskType CdcStartPosition", "a start")
        kind = request["StartReplicationTaskType"]
        with self._store.lock:
            record = self._store.task(request["ReplicationTaskArn"])
            self._must_rest(record, "started")
            run_before = record["progress"]["fresh"] is not None
            if kind == START and run_before and record["MigrationType"] != CDC:
                raise naming.combination(
                    "Start Type : START_REPLICATION, valid only for tasks running for the first time"
                )
            if kind != START and not run_before:
                raise naming.combination(
                    f"Start Type : {kind.upper().replace('-', '_')}, invalid for tasks that never ran"
                )
            if kind == RELOAD and record["MigrationType"] == CDC:
                raise naming.combination("Start Type : RELOAD_TARGET, invalid for tasks of type cdc")
            self._position(record, request)
            self._must_be_tested(record)
            record |= {"Status": "starting", "ReplicationTaskStartDate": now()}
            for name in ("StopReason", "LastFailureMessage"):
                record.pop(name, None)
            progress.begin(record["progress"], fresh=kind != RESUME)
            answer = {"ReplicationTask": told(record)}
            self._working.start(record["ReplicationTaskArn"], again=kind == RESUME)
            return answer

    def _stop(self, request: Answer) -> Answer:
        with self._store.lock:
            record = self._store.task(request["ReplicationTaskArn"])
            if record["Status"] != "running":
                raise naming.wrong_state("Replication Task cannot be stopped, invalid state")
            record["Status"] = "stopping"
            answer = {"ReplicationTask": told(record)}
        self._working.stop(answer["ReplicationTask"]["ReplicationTaskArn"])
        return answer

    def _statistics(self, request: Answer) -> Answer:
        fields: dict[str, Callable[[Record], str]] = {
            "schema-name": lambda row: str(row["SchemaName"]),
            "table-name": lambda row: str(row["TableName"]),
            "table-state": lambda row: str(row["TableState"]),
        }
        with self._store.lock:
            record = self._store.task(request["ReplicationTaskArn"])
            validated = task_settings.read(record["ReplicationTaskSettings"]).validate
            rows = naming.filtered(
                progress.statistics(record["progress"], validated=validated), request, fields, "Tables"
            )
            page, more = naming.paged(rows, request, most=500)
            arn = record["ReplicationTaskArn"]
            return {"ReplicationTaskArn": arn, "TableStatistics": page, **more}

    # What they rest on.

    def _must_be_new(self, name: str) -> None:
        if any(row["ReplicationTaskIdentifier"] == name for row in self._store.tasks.values()):
            raise naming.exists(KIND, name)

    def _must_rest(self, record: Record, done: str) -> None:
        if record["Status"] not in _RESTING:
            raise naming.wrong_state(f"Replication Task cannot be {done}, invalid state")

    def _check_sides(self, request: Answer) -> None:
        instance = self._store.instance(request["ReplicationInstanceArn"])
        if instance["ReplicationInstanceStatus"] != "available":
            raise naming.wrong_state(
                f"Replication Instance {request['ReplicationInstanceArn']} is not available."
            )
        for name, kind in (("SourceEndpointArn", "source"), ("TargetEndpointArn", "target")):
            if self._store.endpoint(request[name])["EndpointType"] != kind:
                raise naming.combination(f"Endpoint {request[name]} is no {kind} endpoint.")

    def _must_be_tested(self, record: Record) -> None:
        for side in ("SourceEndpointArn", "TargetEndpointArn"):
            key = connection_key(record["ReplicationInstanceArn"], record[side])
            if self._store.connections.get(key, {}).get("Status") != "successful":
                raise naming.wrong_state(
                    "Test connection for replication instance and endpoint should be successful for "
                    "starting the replication task"
                )

    def _position(self, record: Record, request: Answer) -> None:
        if request.get("CdcStartPosition"):
            if record["MigrationType"] != CDC:
                raise naming.combination("CdcStartPosition is for tasks of type cdc.")
            _check_position(request["CdcStartPosition"])
            record["CdcStartPosition"] = request["CdcStartPosition"]


def _check_position(text: str) -> None:
    try:
        Position.parse(text)
    except ValueError:
        raise naming.invalid(
            f"Invalid CdcStartPosition {text}: the sandbox takes a place in a binary log (binlog.000003:342)."
        ) from None


def told(record: Record, *, settings: bool = True) -> Record:
    """A task as the API describes it."""
    hidden = {"progress"} | (set() if settings else {"TableMappings", "ReplicationTaskSettings"})
    plain: dict[str, Any] = {name: value for name, value in record.items() if name not in hidden}
    return plain | {"ReplicationTaskStats": progress.stats(record["progress"])}


def _endpoint_in(row: Record, request: Answer) -> str:
    """The one of a task's endpoints that a filter asks for, else its source's."""
    asked = {value for one in request["Filters"] if one["Name"] == "endpoint-arn" for value in one["Values"]}
    target = str(row["TargetEndpointArn"])
    return target if target in asked else str(row["SourceEndpointArn"])
