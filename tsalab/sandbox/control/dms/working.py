"""The tasks that are at work: their processes, and what becomes of a task when its process ends.

A process that was killed, or that lost a server, is started again, as DMS recovers from what it
calls a recoverable error; after several in a row that got nowhere the task fails.
"""

from __future__ import annotations

import logging
import threading
from functools import partial
from typing import TYPE_CHECKING

from tsalab.sandbox.control.dms import progress, reach, task_settings
from tsalab.sandbox.control.dms.endpoints import Entry, NoSecretError, one_database
from tsalab.sandbox.control.dms.job import Job, Side
from tsalab.sandbox.control.dms.reach import Standpoint
from tsalab.sandbox.control.dms.runs import Event, Run, Ways
from tsalab.sandbox.machines.passages import Way

if TYPE_CHECKING:
    from tsalab.sandbox.control.dms.endpoints import Endpoints
    from tsalab.sandbox.control.dms.naming import Record
    from tsalab.sandbox.control.dms.store import Store

_ATTEMPTS = 6
_FIRST_WAIT, _LONGEST_WAIT = 0.25, 30.0
_AT_WORK = ("starting", "running")

logger = logging.getLogger("tsalab.sandbox.dms")


class Working:
    """The processes of one sandbox's tasks.

    Parameters
    ----------
    store
        All of DMS's records.
    endpoints
        Knows how to log in.
    """

    def __init__(self, store: Store, endpoints: Endpoints) -> None:
        self._store, self._endpoints = store, endpoints
        self._runs: dict[str, Run] = {}
        self._failures: dict[str, int] = {}
        self._closing = False

    def resume(self) -> None:
        """Start again what was at work when the sandbox ended."""
        for arn, record in list(self._store.tasks.items()):
            if record["Status"] in _AT_WORK:
                self.start(arn, again=True)
            elif record["Status"] == "stopping":
                self._settle(arn, "stopped", "Stop Reason NORMAL")

    def close(self) -> None:
        """End every process; tasks that were at work are resumed when the sandbox is."""
        self._closing = True
        runs = list(self._runs.values())
        for run in runs:
            run.stop()
        for run in runs:
            run.join()

    def start(self, arn: str, *, again: bool) -> None:
        """Start a task's process, on a thread of its own."""
        self._failures[arn] = 0
        self._begin(arn, again=again)

    def stop(self, arn: str) -> None:
        """Tell a task's process to stop."""
        with self._store.lock:
            run = self._runs.get(arn)
        if run is None:  # between two attempts
            self._settle(arn, "stopped", "Stop Reason NORMAL")
        else:
            run.stop()

    def way(self, instance_arn: str, entry: Entry) -> Way:
        """The way from an instance to a database.

        Raises
        ------
        reach.UnreachableError
            When there is none now.
        """
        return reach.find(self._store.context, self._standpoint(instance_arn), entry.host, entry.port)

    def _standpoint(self, instance_arn: str) -> Standpoint:
        with self._store.lock:
            record = self._store.instance(instance_arn)
            group = self._store.groups[record["ReplicationSubnetGroup"]]
            return Standpoint(
                record["ReplicationInstancePrivateIpAddress"],
                group["VpcId"],
                tuple(each["VpcSecurityGroupId"] for each in record["VpcSecurityGroups"]),
            )

    def _begin(self, arn: str, *, again: bool) -> None:
        threading.Thread(target=self._run, args=(arn, again), name="dms task", daemon=True).start()

    def _run(self, arn: str, again: bool) -> None:
        with self._store.lock:
            record = self._store.tasks.get(arn)
            if record is None or record["Status"] not in _AT_WORK or self._closing:
                return
            record = dict(record)
        try:
            entries = [
                self._endpoints.entry(record[side]) for side in ("SourceEndpointArn", "TargetEndpointArn")
            ]
        except NoSecretError as error:
            self._fail(arn, str(error))
            return
        find = partial(self.way, record["ReplicationInstanceArn"])
        ways = Ways(partial(find, entries[0]), partial(find, entries[1]))
        name = f"dms-{record['ReplicationTaskIdentifier']}"[:80]
        run = Run(self._store.context, name, ways, partial(self._heard, arn), partial(self._ended, arn))
        with self._store.lock:
            self._runs[arn] = run
        try:
            run.start(lambda source, target: self._job(record, entries, (source, target), again=again))
        except OSError as error:
            self._runs.pop(arn, None)
            self._fail(arn, str(error))

    def _job(self, record: Record, entries: list[Entry], ports: tuple[int, int], *, again: bool) -> Job:
        settings = task_settings.read(record["ReplicationTaskSettings"])
        with self._store.lock:
            target = self._store.endpoint(record["TargetEndpointArn"])
            database = one_database(target)
            writers = int(target["settings"].get("ParallelLoadThreads") or settings.writers)
        source_side, target_side = (
            Side(f"{entry.host}:{entry.port}", port, entry.user, entry.password)
            for entry, port in zip(entries, ports, strict=True)
        )
        return Job(
            record["ReplicationTaskArn"].rpartition(":")[2],
            record["MigrationType"],
            source_side,
            target_side,
            record["TableMappings"],
            database,
            settings.prepare,
            min(writers, task_settings.MOST_WRITERS),
            settings.stop_after,
            again,
            record.get("CdcStartPosition", ""),
        )

    def _heard(self, arn: str, event: Event) -> None:
        with self._store.lock:
            record = self._store.tasks.get(arn)
            if record is None:
                return
            if record["Status"] == "starting":
                record["Status"] = "running"
            how = record["progress"]
            if event["kind"] == "tables":
                progress.tables(how, event["tables"])
            elif event["kind"] == "table":
                progress.table(how, event)
                self._failures[arn] = 0
            elif event["kind"] == "changes":
                progress.changes(how, event)
                self._failures[arn] = 0
            elif event["kind"] == "loaded":
                progress.loaded(how)
                if event["errors"]:
                    record["LastFailureMessage"] = f"Last Error {' '.join(event['errors'].values())}"
            elif event["kind"] == "checkpoint":
                record["RecoveryCheckpoint"] = event["position"]
        self._store.changed()

    def _ended(self, arn: str, last: Event) -> None:
        with self._store.lock:
            self._runs.pop(arn, None)
            record = self._store.tasks.get(arn)
            if record is None or self._closing:
                return
            stopping = record["Status"] == "stopping"
        if stopping or last.get("reason") == "NORMAL":
            self._settle(arn, "stopped", "Stop Reason NORMAL")
        elif last.get("kind") == "ended":
            self._settle(arn, "stopped", f"Stop Reason {last['reason']}")
        elif last and not last["again"]:
            self._fail(arn, last["message"])
        else:
            self._recover(arn, last.get("message", "The task's process ended unexpectedly."))

    def _recover(self, arn: str, message: str) -> None:
        self._failures[arn] += 1
        tried = self._failures[arn]
        if tried > _ATTEMPTS:
            name = arn.rpartition(":")[2]
            self._fail(arn, f"{message} Task '{name}' was stopped after {_ATTEMPTS} recovery attempts")
            return
        logger.warning("task %s is started again (%s): %s", arn, tried, message)
        wait = min(_FIRST_WAIT * 2 ** (tried - 1), _LONGEST_WAIT)
        timer = threading.Timer(wait, self._begin, (arn,), {"again": True})
        timer.daemon = True
        timer.start()

    def _fail(self, arn: str, message: str) -> None:
        end = "Stop Reason FATAL_ERROR Error Level FATAL"
        self._settle(arn, "failed", end, f"Last Error {message} {end}")

    def _settle(self, arn: str, status: str, reason: str, message: str = "") -> None:
        with self._store.lock:
            record = self._store.tasks.get(arn)
            if record is None:
                return
            record |= {"Status": status, "StopReason": reason}
            if message:
                record["LastFailureMessage"] = message
            progress.ended(record["progress"])
        self._store.changed()
