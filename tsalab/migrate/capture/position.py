"""A place in a server's binary log."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import total_ordering

import pymysql
from pymysql.constants import ER
from pymysql.cursors import Cursor

from tsalab.errors import CaptureError
from tsalab.messages import say
from tsalab.migrate.login import Connection, Login, named, number_of, opened

_NUMBER = re.compile(r"\.(\d+)$")
_UNKNOWN_STATEMENT = {ER.PARSE_ERROR}


@total_ordering
@dataclass(frozen=True)
class Position:
    """A place between two transactions.

    Positions of one server are ordered; those of two servers mean nothing to each other.

    Attributes
    ----------
    file
        Name of a file of the binary log, e.g. ``mariadb-bin.000003``.
    offset
        Bytes from its beginning.
    """

    file: str
    offset: int

    @classmethod
    def parse(cls, text: str) -> Position:
        """Read what `str` wrote.

        Raises
        ------
        ValueError
            When it is no position.
        """
        file, _, offset = text.rpartition(":")
        if not _NUMBER.search(file):
            raise ValueError(text)
        return cls(file, int(offset))

    @classmethod
    def of_snapshot(cls, snapshot: Mapping[str, str]) -> Position | None:
        """Where the log stood when a copy's snapshot was taken; None when the server did not say.

        Parameters
        ----------
        snapshot
            `Report.snapshot`. MariaDB tells it while its binary log is on, and exactly: what is
            before it is in the snapshot, what is after it is not. MySQL does not tell it without
            a lock on all tables, so a copy from MySQL has none.
        """
        file, offset = snapshot.get("binlog_snapshot_file"), snapshot.get("binlog_snapshot_position")
        return cls(file, int(offset)) if file and offset else None

    @property
    def number(self) -> int:
        """Of its file."""
        found = _NUMBER.search(self.file)
        return int(found[1]) if found else 0

    def __lt__(self, other: Position) -> bool:
        return (self.number, self.offset) < (other.number, other.offset)

    def __str__(self) -> str:
        return f"{self.file}:{self.offset}"


def current_position(source: Login) -> Position:
    """Where a server's binary log ends now.

    Raises
    ------
    MigrationError
        When its log is off, its login may not ask, or it does not answer.
    """
    with opened(source) as connection, named(source, say("migration.doing.asking_position")):
        return position_of(connection, source)


def position_of(connection: Connection, source: Login) -> Position:
    """The same on a connection; the driver's errors are the caller's."""
    with connection.cursor(Cursor) as cursor:
        try:
            cursor.execute("SHOW MASTER STATUS")
        except pymysql.err.ProgrammingError as error:
            if number_of(error) not in _UNKNOWN_STATEMENT:
                raise
            cursor.execute("SHOW BINARY LOG STATUS")  # its name since MySQL 8.4
        row = cursor.fetchone()
    if row is None:
        raise CaptureError.no_binary_log(source.where)
    return Position(_text(row[0]), int(row[1]))


def log_sizes(connection: Connection) -> dict[str, int]:
    """Bytes of each file of the binary log that is still there."""
    with connection.cursor(Cursor) as cursor:
        cursor.execute("SHOW BINARY LOGS")
        return {_text(row[0]): int(row[1]) for row in cursor.fetchall()}


def distance(sizes: Mapping[str, int], here: Position, there: Position) -> int:
    """Bytes of log between two positions; 0 when the second is not after the first."""
    if there <= here:
        return 0
    if here.file == there.file:
        return there.offset - here.offset
    between = [size for file, size in sizes.items() if here.number < Position(file, 0).number < there.number]
    return max(sizes.get(here.file, 0) - here.offset, 0) + sum(between) + there.offset


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
