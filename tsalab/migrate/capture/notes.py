"""How far the target is: one row in the target itself, changed in the transactions that it stands for.

So after any crash the target holds the changes and the position after them, or neither. What
is written of DDL, which commits by itself, is an intent: see `Pending`.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from pymysql.cursors import Cursor

from tsalab.errors import CaptureError
from tsalab.migrate.capture.position import Position
from tsalab.migrate.catalogue import PRIVATE_PREFIX
from tsalab.migrate.login import Connection

NAME = f"{PRIVATE_PREFIX}capture"
_ONE = 1  # a target follows one source


@dataclass(frozen=True)
class Pending:
    """A statement of DDL that is about to be run, or that was refused.

    Attributes
    ----------
    statement
        As the source has it.
    end
        The position after it.
    before
        What the tables that it concerns looked like before it; equal to what they look like
        now, it has not been run.
    refused
        Whether it is for a person to do.
    """

    statement: str
    end: Position
    before: str = ""
    refused: bool = False


@dataclass(frozen=True)
class Counts:
    """Changes of one table since the capture began.

    Attributes
    ----------
    inserts, updates, deletes
        Rows.
    ddls
        Statements.
    """

    inserts: int = 0
    updates: int = 0
    deletes: int = 0
    ddls: int = 0


@dataclass(frozen=True)
class Note:
    """How far a target is.

    Attributes
    ----------
    source
        The database on the source.
    position
        Everything before it is in the target, and nothing after it.
    transactions
        Of the source, applied since the capture began.
    time
        When the last of them was made, seconds since 1970 by the source's clock; 0 before the first.
    tables
        Changes by table.
    pending
        DDL on its way.
    """

    source: str
    position: Position
    transactions: int = 0
    time: int = 0
    tables: dict[str, Counts] = field(default_factory=dict)
    pending: Pending | None = None

    def moved(self, **changes: Any) -> Note:
        """The same with changes."""
        return replace(self, **changes)


def create(connection: Connection) -> None:
    """Make the table, if it is missing."""
    with connection.cursor(Cursor) as cursor:
        cursor.execute(
            f"CREATE TABLE IF NOT EXISTS {NAME} (number INT NOT NULL PRIMARY KEY,"
            " position_text VARCHAR(255) NOT NULL, content LONGTEXT NOT NULL)"
            " ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
        )


def read(connection: Connection) -> Note | None:
    """How far the target is; None when nothing was ever applied to it."""
    with connection.cursor(Cursor) as cursor:
        cursor.execute(
            "SELECT COUNT(*) FROM information_schema.TABLES"
            " WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = %s",
            (NAME,),
        )
        if cursor.fetchall()[0][0] == 0:
            return None
        cursor.execute(f"SELECT content FROM {NAME} WHERE number = {_ONE}")  # noqa: S608 - our own names
        found = cursor.fetchall()
    return _read(json.loads(found[0][0])) if found else None


def _read(content: dict[str, Any]) -> Note:
    pending = content.pop("pending")
    return Note(
        content.pop("source"),
        Position(**content.pop("position")),
        tables={name: Counts(**each) for name, each in content.pop("tables").items()},
        pending=pending and Pending(**{**pending, "end": Position(**pending["end"])}),
        **content,
    )


def begin(connection: Connection, note: Note) -> None:
    """Write the first one, in place of any other."""
    with connection.cursor(Cursor) as cursor:
        cursor.execute(
            f"REPLACE INTO {NAME} VALUES (%s, %s, %s)",  # noqa: S608 - our own name
            (_ONE, str(note.position), _text(note)),
        )


def write(connection: Connection, before: Note, after: Note) -> None:
    """Go on from one to the next, in the transaction that does so.

    Raises
    ------
    MigrationError
        When somebody else went on meanwhile: then nothing of this transaction may stay.
    """
    with connection.cursor(Cursor) as cursor:
        changed = cursor.execute(
            f"UPDATE {NAME} SET position_text = %s, content = %s"  # noqa: S608 - our own names
            f" WHERE number = {_ONE} AND position_text = %s",
            (str(after.position), _text(after), str(before.position)),
        )
    if not changed and before != after:
        raise CaptureError.another_capture(NAME)


def forget(connection: Connection) -> None:
    """Drop the table: nothing is followed any more."""
    with connection.cursor(Cursor) as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {NAME}")


def _text(note: Note) -> str:
    return json.dumps(asdict(note))
