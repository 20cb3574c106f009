"""What this engine wrote into a target: one row a piece, in the piece's own transaction.

So after any crash a piece is there with its checkpoint or not at all. A later run trusts
none of them: it proves each on both sides, or takes the piece back.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from fractions import Fraction

from tsalab.migrate.catalogue import PRIVATE_PREFIX
from tsalab.migrate.login import Connection
from tsalab.migrate.ranges import Bound, Range

NAME = f"{PRIVATE_PREFIX}pieces"
_COLUMNS = "position_text, after_bound, upto_bound, row_total, byte_total, content, content_there, form"


@dataclass(frozen=True)
class Checkpoint:
    """One finished piece.

    Attributes
    ----------
    table
        Its name.
    place
        Where it stands among the table's pieces; there is always one between two.
    piece
        The rows.
    rows, bytes
        How many, and of how much text.
    digest, there
        SHA-256 of the lines as the source wrote them, and as the target did; the latter is
        empty when nobody looked and they need not be the same.
    form
        Of how lines were written; a digest says nothing about lines of another form.
    number
        Its key in the target; 0 when it is not there yet.
    """

    table: str
    place: Fraction
    piece: Range
    rows: int
    bytes: int
    digest: str
    there: str
    form: str
    number: int = 0


def fingerprint(*parts: str) -> str:
    """One SHA-256 for several words, in their order."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def create(connection: Connection) -> None:
    """Make the table, if it is missing.

    One of another version goes: without notes, rows are held against the source themselves.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COLUMN_NAME FROM information_schema.COLUMNS"
            " WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = %s",
            (NAME,),
        )
        columns = {row[0] for row in cursor.fetchall()}
        if not columns >= set(_COLUMNS.split(", ")):
            cursor.execute(f"DROP TABLE IF EXISTS {NAME}")
            cursor.execute(
                f"CREATE TABLE {NAME} (number BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,"
                " table_name VARCHAR(64) NOT NULL, position_text TEXT NOT NULL, after_bound LONGTEXT,"
                " upto_bound LONGTEXT, row_total BIGINT NOT NULL, byte_total BIGINT NOT NULL,"
                " content CHAR(64) NOT NULL, content_there CHAR(64) NOT NULL, form CHAR(64) NOT NULL,"
                " KEY (table_name)) ENGINE=InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
            )


def read(connection: Connection, table: str) -> list[Checkpoint]:
    """The table's finished pieces, in the key's order."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {_COLUMNS}, number FROM {NAME} WHERE table_name = %s", (table,))  # noqa: S608 - our own name
        found = [
            Checkpoint(table, Fraction(place), Range(_bound(after), _bound(upto)), *rest)
            for place, after, upto, *rest in cursor.fetchall()
        ]
    return sorted(found, key=lambda checkpoint: checkpoint.place)


def write(connection: Connection, made: Checkpoint) -> None:
    """Note a piece; in its own transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {NAME} (table_name, {_COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",  # noqa: S608 - our own names
            (
                made.table,
                str(made.place),
                _text(made.piece.after),
                _text(made.piece.upto),
                made.rows,
                made.bytes,
                made.digest,
                made.there,
                made.form,
            ),
        )


def forget(connection: Connection, made: Checkpoint) -> None:
    """Take a note back; in the transaction that takes the rows back."""
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {NAME} WHERE number = %s", (made.number,))  # noqa: S608 - our own name


def forget_all(connection: Connection, table: str) -> None:
    """Take every note of a table back; before its rows go."""
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {NAME} WHERE table_name = %s", (table,))  # noqa: S608 - our own name


def _bound(text: str | None) -> Bound | None:
    return None if text is None else tuple(json.loads(text))


def _text(bound: Bound | None) -> str | None:
    return None if bound is None else json.dumps(bound)
