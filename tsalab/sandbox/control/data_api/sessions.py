"""Connections of the Data API: one a call, or one that a transaction keeps between calls."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pymysql
from pymysql.constants import ER
from pymysql.cursors import SSCursor

from tsalab.sandbox.control.data_api.fields import Column, Value
from tsalab.sandbox.control.json_service import ApiError

_TIMED_OUT = 1969  # MariaDB's ER_STATEMENT_TIMEOUT
_MYSQL_TIMED_OUT = 3024


@dataclass(frozen=True)
class Limits:
    """What the Data API does not go beyond.

    Parameters
    ----------
    seconds
        Of one call.
    response, row
        Bytes of a result, and of one of its rows.
    idle
        Seconds that a transaction may wait for its next call.
    """

    seconds: float = 45.0
    response: int = 1024 * 1024
    row: int = 64 * 1024
    idle: float = 180.0


@dataclass(frozen=True)
class Access:
    """Which database, and as whom.

    Parameters
    ----------
    cluster_id, socket
        The cluster, and the Unix socket of its server.
    username, password
        From the secret.
    database
        The default one; none if empty.
    hold
        Keeps the cluster awake while it is entered.
    """

    cluster_id: str
    socket: Path
    username: str
    password: str = field(repr=False)
    database: str
    hold: Callable[[], AbstractContextManager[None]]


@dataclass(frozen=True)
class Result:
    """What a statement came to.

    Parameters
    ----------
    columns, rows
        Of a query; None and nothing for any other statement.
    updated
        Rows changed.
    generated
        Value that AUTO_INCREMENT gave, or 0.
    """

    columns: tuple[Column, ...] | None
    rows: Sequence[Sequence[Value]]
    updated: int
    generated: int


class Transaction:
    """A connection kept between calls."""

    def __init__(self, access: Access, connection: Any, idle: float, ended: Callable[[], None]) -> None:
        self.access = access
        self.connection = connection
        self.busy = threading.Lock()
        self._idle, self._ended = idle, ended
        self._holding = access.hold()
        self._holding.__enter__()
        self._open = True
        self._timer: threading.Timer | None = None
        self.rest()

    def rest(self) -> None:
        """Wait for the next call, and not for ever."""
        self._timer = threading.Timer(self._idle, self._expire)
        self._timer.daemon = True
        self._timer.start()

    def stir(self) -> None:
        """The next call has come."""
        if self._timer is not None:
            self._timer.cancel()

    def _expire(self) -> None:
        if self.busy.acquire(blocking=False):
            try:
                self.close()
            finally:
                self.busy.release()

    def close(self) -> None:
        """Give the connection back: what is not committed is rolled back."""
        self.stir()
        if self._open:
            self._open = False
            self._ended()
            try:
                self.connection.close()
            finally:
                self._holding.__exit__(None, None, None)


class Sessions:
    """Every connection of one sandbox's Data API.

    Parameters
    ----------
    limits
        Of calls, results and transactions.
    """

    def __init__(self, limits: Limits = Limits()) -> None:
        self.limits = limits
        self._transactions: dict[str, Transaction] = {}
        self._lock = threading.Lock()

    @property
    def transactions(self) -> int:
        """How many are open."""
        return len(self._transactions)

    def begin(self, access: Access) -> str:
        """Begin a transaction; returns its id.

        Raises
        ------
        ApiError, pymysql.MySQLError
            When the database takes no connection.
        """
        connection = self._connect(access)
        connection.begin()
        made = secrets.token_urlsafe(96)

        def ended() -> None:
            with self._lock:
                self._transactions.pop(made, None)

        transaction = Transaction(access, connection, self.limits.idle, ended)
        with self._lock:
            self._transactions[made] = transaction
        return made

    def end(self, access: Access, transaction_id: str, *, commit: bool) -> None:
        """Commit a transaction, or roll it back.

        Raises
        ------
        ApiError
            When there is none of that id, or it is still at work.
        """
        with self._kept(access, transaction_id) as transaction:
            try:
                (transaction.connection.commit if commit else transaction.connection.rollback)()
            finally:
                transaction.close()

    def execute(
        self, access: Access, transaction_id: str, sqls: Sequence[str], *, go_on: bool = False
    ) -> list[Result]:
        """Execute statements one after another, on one connection.

        Parameters
        ----------
        access
            Which database, and as whom.
        transaction_id
            Empty: each statement is committed by itself.
        sqls
            One result each.
        go_on
            Whether a statement that outlives the call goes on.

        Raises
        ------
        ApiError
            When a limit is passed.
        pymysql.MySQLError
            What the database refuses.
        """
        if transaction_id:
            with self._kept(access, transaction_id) as transaction:
                try:
                    return self._several(transaction.connection, sqls)
                except (ApiError, pymysql.MySQLError) as error:
                    if isinstance(error, ApiError) or not transaction.connection.open:
                        transaction.close()  # its connection is in no state to be used again
                    raise
        if not go_on:
            with access.hold(), self._connect(access) as connection:
                return self._several(connection, sqls)
        return self._in_time(access, sqls)

    def close(self) -> None:
        """End every transaction."""
        for transaction in list(self._transactions.values()):
            transaction.close()

    def _in_time(self, access: Access, sqls: Sequence[str]) -> list[Result]:
        """The results, or a refusal when they take too long; the statements go on then."""
        results: list[Result] = []
        failed: list[Exception] = []

        def work() -> None:
            try:
                with access.hold(), self._connect(access, limited=False) as connection:
                    results.extend(self._one(connection, sql) for sql in sqls)
            except (ApiError, pymysql.MySQLError) as error:
                failed.append(error)

        thread = threading.Thread(target=work, name="data-api", daemon=True)
        thread.start()
        thread.join(self.limits.seconds)
        if thread.is_alive():
            raise _too_long()
        if failed:
            raise failed[0]
        return results

    @contextmanager
    def _kept(self, access: Access, transaction_id: str) -> Iterator[Transaction]:
        with self._lock:
            transaction = self._transactions.get(transaction_id)
        if transaction is None or transaction.access.cluster_id != access.cluster_id:
            raise ApiError("TransactionNotFoundException", f"Transaction {transaction_id} is not found.")
        if not transaction.busy.acquire(blocking=False):
            raise ApiError("DatabaseErrorException", "Transaction is still running a query.")
        try:
            if self._transactions.get(transaction_id) is not transaction:
                raise ApiError("TransactionNotFoundException", f"Transaction {transaction_id} is not found.")
            transaction.stir()
            yield transaction
            if self._transactions.get(transaction_id) is transaction:
                transaction.rest()
        except pymysql.MySQLError:
            if self._transactions.get(transaction_id) is transaction:
                transaction.rest()
            raise
        finally:
            transaction.busy.release()

    def _connect(self, access: Access, *, limited: bool = True) -> Any:
        return pymysql.connect(
            unix_socket=str(access.socket),
            user=access.username,
            password=access.password,
            database=access.database or None,
            charset="utf8mb4",
            autocommit=True,
            init_command=f"SET SESSION max_statement_time = {self.limits.seconds if limited else 0}",
            conv={},  # values as the server writes them: what they mean is for `fields` to say
            cursorclass=SSCursor,
        )

    def _several(self, connection: Any, sqls: Sequence[str]) -> list[Result]:
        until = time.monotonic() + self.limits.seconds
        results = []
        for sql in sqls:
            if time.monotonic() > until:
                raise _too_long()
            results.append(self._one(connection, sql))
        return results

    def _one(self, connection: Any, sql: str) -> Result:
        with connection.cursor() as cursor:
            try:
                updated = cursor.execute(sql)
                rows = self._rows(cursor)
            except pymysql.MySQLError as error:
                if error.args and error.args[0] in {_TIMED_OUT, _MYSQL_TIMED_OUT, ER.QUERY_INTERRUPTED}:
                    raise _too_long() from None
                raise
            if cursor.description is None:
                return Result(None, (), updated, int(cursor.lastrowid or 0))
            columns = tuple(Column(packet) for packet in cursor._result.fields)
            return Result(columns, rows, 0, 0)

    def _rows(self, cursor: Any) -> list[Sequence[Value]]:
        if cursor.description is None:
            return []
        size = 0
        rows = []
        for row in cursor:
            length = sum(len(value) for value in row if value is not None)
            size += length
            if length > self.limits.row:
                raise ApiError(
                    "UnsupportedResultException",
                    f"Packet for query is too large ({length} > {self.limits.row}).",
                )
            if size > self.limits.response:
                raise ApiError(
                    "UnsupportedResultException",
                    "Database returned more than the allowed response size limit",
                )
            rows.append(row)
        return rows


def _too_long() -> ApiError:
    return ApiError("StatementTimeoutException", "Request timed out")
