"""What CloudWatch and RDS's events say of a serverless cluster that sleeps, wakes and works.

Pauses and awakenings are real, and so is the load; how many ACUs AWS would give it is
simulated (`scaling`). The events' words are those of Aurora's user guide, RDS-EVENT-0370 to 0374.
"""

from __future__ import annotations

import threading
import time
import uuid
from typing import TYPE_CHECKING, Any

from tsalab.sandbox.control.aurora import needs_instance
from tsalab.sandbox.control.aurora_rules import CAPACITIES
from tsalab.sandbox.control.scaling import PROCESSORS_PER_ACU, Scaler, steps
from tsalab.sandbox.machines.cluster import State

if TYPE_CHECKING:
    from tsalab.sandbox.control.context import Context

TOUCHES = (
    "services.cloudwatch.record_metric",
    "services.rds._clusters",
    "services.rds._events",
    "services.rds._instances",
)
NAMESPACE, MINUTE = "AWS/RDS", 60.0
SOONEST = 0.5  # real seconds between two looks, however fast the clock
MESSAGES = {
    State.PAUSING: "Initiated pause for the DB instance.",
    State.KEPT_AWAKE: "Pause was canceled for the DB instance.",
    State.PAUSED: "Successfully paused the DB instance.",
    State.RESUMING: "Initiated resume for the DB instance.",
    State.RESUMED: "Successfully resumed the DB instance.",
}
_AT_WORK: list[Capacity] = []


def install(context: Context) -> None:
    """Listen to the clusters, and look at each once a minute of the sandbox's clock."""
    capacity = Capacity(context)
    context.estate.databases.on_state = capacity.changed
    _AT_WORK.append(capacity)


def resume(context: Context) -> None:
    """Begin to look."""
    del context
    for capacity in _AT_WORK:
        capacity.start()


def close(_context: Context) -> None:
    """Look no more."""
    while _AT_WORK:
        _AT_WORK.pop().stop()


class _Watched:
    """One cluster between two looks."""

    def __init__(self, version: int) -> None:
        self.scaler = Scaler(version)
        self.looked = time.monotonic()
        self.cpu = 0.0
        self.clock = 0.0  # seconds of the sandbox's clock that it has been watched


class Capacity:
    """The capacity of a sandbox's clusters.

    Parameters
    ----------
    context
        The sandbox.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._databases = context.estate.databases
        self._watched: dict[str, _Watched] = {}
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._work, name="capacity", daemon=True)

    def start(self) -> None:
        """Begin to look, on a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    def changed(self, cluster_id: str, state: State) -> None:
        """A cluster pauses or wakes: an event of RDS, and another capacity. On the estate's loop."""
        from ministack.services import rds

        with self._context.scope():
            record = rds._clusters.get(cluster_id)
            if record is None:
                return
            for member in record.get("DBClusterMembers", []):  # version 1 has none, and no such events
                self._event(member["DBInstanceIdentifier"], MESSAGES[state])
            if state is State.PAUSED:
                self._record(record, 0.0, 0.0)
            elif state is State.RESUMED:
                with self._lock:
                    self._watched.pop(cluster_id, None)
                self._look(record)
        self._context.changed()

    def _event(self, instance_id: str, message: str) -> None:
        from ministack.services import rds

        instance = rds._instances.get(instance_id, {})
        rds._events[uuid.uuid4().hex] = {
            "SourceIdentifier": instance_id,
            "SourceType": "db-instance",
            "SourceArn": instance.get("DBInstanceArn", ""),
            "Message": message,
            "Date": time.time(),
            "EventCategories": ["notification", "serverless"],
        }

    def _work(self) -> None:
        left = MINUTE
        while not self._over.wait(SOONEST):
            left -= SOONEST * self._context.estate.clock.times.rate  # which may have changed meanwhile
            if left <= 0:
                self.look()
                left = MINUTE

    def look(self) -> None:
        """Look at every cluster now."""
        from ministack.services import rds

        with self._context.scope():
            for record in list(rds._clusters.values()):
                if record["Status"] == "available" and record.get("_Scaling"):
                    self._look(record)

    def _look(self, record: dict[str, Any]) -> None:
        cluster_id = record["DBClusterIdentifier"]
        used = self._databases.cpu_seconds(cluster_id)
        if used is None:
            self._record(record, 0.0, 0.0)
            return
        with self._lock:
            watched = self._watched.get(cluster_id)
            now, rate = time.monotonic(), self._context.estate.clock.times.rate
            if watched is None:
                watched = self._watched[cluster_id] = _Watched(2 if needs_instance(record) else 1)
                busy = 0.0
            else:
                passed = max(now - watched.looked, 0.001)
                busy = max(used - watched.cpu, 0.0) / passed
                watched.clock += passed * rate
            watched.looked, watched.cpu = now, used
            acus = watched.scaler.next(_allowed(record), busy, watched.clock)
        record["_Capacity"] = acus
        self._record(record, acus, busy)

    def _record(self, record: dict[str, Any], acus: float, busy: float) -> None:
        """Publish what AWS publishes; of a paused one, that is three zeros."""
        from ministack.services import cloudwatch

        cluster_id = record["DBClusterIdentifier"]
        most = float(record["_Scaling"]["MaxCapacity"])
        values = [
            ("ServerlessDatabaseCapacity", acus, "Count"),
            ("ACUUtilization", 100 * acus / most, "Percent"),
            ("CPUUtilization", min(100 * busy / (PROCESSORS_PER_ACU * acus), 100) if acus else 0, "Percent"),
        ]
        if acus:
            values.append(("DatabaseConnections", self._databases.connections(cluster_id), "Count"))
        of = [{"DBClusterIdentifier": cluster_id}]
        of += [
            {"DBInstanceIdentifier": member["DBInstanceIdentifier"]}
            for member in record.get("DBClusterMembers", [])
        ]
        for dimensions in of:
            for name, value, unit in values:
                cloudwatch.record_metric(NAMESPACE, name, value, unit, dimensions)


def _allowed(record: dict[str, Any]) -> list[float]:
    version = 2 if needs_instance(record) else 1
    wanted = record["_Scaling"]
    return steps(version, float(wanted["MinCapacity"]), float(wanted["MaxCapacity"]), CAPACITIES)
