"""Connections that are tested, and what went wrong, in the words of DMS and of the database."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pymysql

from tsalab.sandbox.control.dms import naming
from tsalab.sandbox.control.dms.endpoints import NoSecretError
from tsalab.sandbox.control.dms.naming import Record
from tsalab.sandbox.control.dms.reach import UnreachableError
from tsalab.sandbox.control.dms.store import connection_key
from tsalab.sandbox.control.json_service import Answer
from tsalab.sandbox.machines.passages import Passage

if TYPE_CHECKING:
    from tsalab.sandbox.control.dms.endpoints import Endpoints
    from tsalab.sandbox.control.dms.store import Store
    from tsalab.sandbox.control.dms.working import Working

# What DMS writes around an error of the MySQL client's, and of Secrets Manager's.
_FAILED = (
    "Test Endpoint failed: Application-Status: 1020912, Application-Message: Cannot connect to ODBC provider "
    "ODBC general error., Application-Detailed-Message: RetCode: SQL_ERROR SqlState: HY000 NativeError: "
    "{number} Message: [MySQL][ODBC 8.0(w) Driver]{message}"
)
_NOT_READ = (
    "Test Endpoint failed: Application-Status: 1020912, Application-Message: Failed to build connection "
    "string Unable to find Secrets Manager secret, Application-Detailed-Message: Failed to retrieve secret. "
    "{message}"
)
_PATIENCE = 60  # seconds; a paused cluster wakes within them
_LOST = 2013

logger = logging.getLogger("tsalab.sandbox.dms")


class Connections:
    """Operations on connections.

    Parameters
    ----------
    store
        All of DMS's records.
    endpoints, working
        Know how to log in, and the way there.
    """

    def __init__(self, store: Store, endpoints: Endpoints, working: Working) -> None:
        self._store, self._endpoints, self._working = store, endpoints, working
        self.operations: dict[str, Callable[[Answer], Answer | None]] = {
            "TestConnection": self._test,
            "DescribeConnections": self._describe,
            "DeleteConnection": self._delete,
        }

    def resume(self) -> None:
        """Test again what was being tested when the sandbox ended."""
        for record in list(self._store.connections.values()):
            if record["Status"] == "testing":
                self._begin(record["ReplicationInstanceArn"], record["EndpointArn"])

    def _test(self, request: Answer) -> Answer:
        instance, endpoint = request["ReplicationInstanceArn"], request["EndpointArn"]
        with self._store.lock:
            record = self._store.instance(instance)
            named = self._store.endpoint(endpoint)
            if record["ReplicationInstanceStatus"] != "available":
                raise naming.wrong_state(f"Replication Instance {instance} is not available.")
            known = self._store.connections.get(connection_key(instance, endpoint), {})
            if known.get("Status") == "testing":
                raise naming.wrong_state("This connection is being tested already.")
            made: Record = {
                "ReplicationInstanceArn": instance,
                "EndpointArn": endpoint,
                "Status": "testing",
                "EndpointIdentifier": named["EndpointIdentifier"],
                "ReplicationInstanceIdentifier": record["ReplicationInstanceIdentifier"],
            }
            self._store.connections[connection_key(instance, endpoint)] = made
            answer = dict(made)
        self._begin(instance, endpoint)
        return {"Connection": answer}

    def _describe(self, request: Answer) -> Answer:
        fields: dict[str, Callable[[Record], str]] = {
            "endpoint-arn": lambda row: str(row["EndpointArn"]),
            "replication-instance-arn": lambda row: str(row["ReplicationInstanceArn"]),
        }
        with self._store.lock:
            rows = naming.filtered(self._store.connections.values(), request, fields, "Connections")
            page, more = naming.paged(rows, request)
            return {"Connections": [dict(row) for row in page], **more}

    def _delete(self, request: Answer) -> Answer:
        key = connection_key(request["ReplicationInstanceArn"], request["EndpointArn"])
        with self._store.lock:
            if key not in self._store.connections:
                raise naming.not_found("Connection", request["EndpointArn"])
            return {"Connection": self._store.connections.pop(key) | {"Status": "deleting"}}

    def _begin(self, instance: str, endpoint: str) -> None:
        threading.Thread(
            target=self._try, args=(instance, endpoint), name="test connection", daemon=True
        ).start()

    def _try(self, instance: str, endpoint: str) -> None:
        failure = self._failure(instance, endpoint)
        with self._store.lock:
            record = self._store.connections.get(connection_key(instance, endpoint))
            if record is not None:
                record["Status"] = "failed" if failure else "successful"
                record.pop("LastFailureMessage", None)
                if failure:
                    record["LastFailureMessage"] = failure
        self._store.changed()

    def _failure(self, instance: str, endpoint: str) -> str:
        """Why the endpoint cannot be entered from the instance; empty when it can."""
        try:
            entry = self._endpoints.entry(endpoint)
        except NoSecretError as error:
            return _NOT_READ.format(message=error)
        try:
            self._working.way(instance, entry)
        except UnreachableError as error:
            return _FAILED.format(number=error.number, message=error.message)
        with Passage(self._store.context.estate, lambda: self._working.way(instance, entry)) as port:
            try:
                _enter(port, entry.user, entry.password)
            except pymysql.MySQLError as error:
                number, message = (*error.args, _LOST, "")[:2]
                logger.info("test of %s: %s", entry.host, number)
                return _FAILED.format(number=number, message=message)
        return ""


def _enter(port: int, user: str, password: str) -> None:
    connection: Any = pymysql.connect(
        host="127.0.0.1", port=port, user=user, password=password, connect_timeout=_PATIENCE
    )
    connection.close()
