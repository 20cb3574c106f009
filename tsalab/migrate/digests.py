"""A table's content as one number, whatever order its rows come in.

Each row is written down unambiguously and hashed; the hashes are summed. A sum does not
depend on order (partitions, tables without a key) and, unlike XOR, counts duplicates.
Values that servers print differently are brought to one form first: doubles by value,
MySQL's JSON by structure. Collation plays no role: it is bytes that are compared.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

from tsalab.migrate.catalogue import columns, quote
from tsalab.migrate.login import Connection
from tsalab.migrate.model import Column
from tsalab.migrate.rows import Row, Value, exact, read

_MODULUS = 1 << 256


@dataclass(frozen=True)
class TableDigest:
    """Rows and content of one table, as one transaction sees it.

    Attributes
    ----------
    table
        Its name.
    rows
        How many.
    digest
        64 hexadecimal digits; equal digests mean equal rows, in any order.
    """

    table: str
    rows: int
    digest: str


class Summer:
    """Adds rows to a digest.

    Parameters
    ----------
    table
        Its name.
    columns
        Columns of each row, in their order.
    """

    def __init__(self, table: str, columns: tuple[Column, ...]) -> None:
        self._table = table
        self._forms = _forms(columns)
        names = "\0".join(column.name for column in columns)
        self._sum = int.from_bytes(hashlib.sha256(names.encode()).digest(), "big")
        self.rows = 0

    def add(self, row: Row) -> None:
        """Take one row."""
        self._sum += int.from_bytes(_hash(self._forms, row), "big")
        self.rows += 1

    def digest(self) -> TableDigest:
        """The digest of all rows so far."""
        return TableDigest(self._table, self.rows, f"{self._sum % _MODULUS:064x}")


def row_hash(columns: tuple[Column, ...], row: Row) -> bytes:
    """Hash of one row; equal on MariaDB and MySQL for equal rows."""
    return _hash(_forms(columns), row)


def _hash(forms: list[Callable[[Value], bytes]], row: Row) -> bytes:
    parts = []
    for form, value in zip(forms, row, strict=True):
        if value is None:
            parts.append(b"-")
        else:
            written = form(value)
            parts.append(b"%d:%b" % (len(written), written))
    return hashlib.sha256(b"".join(parts)).digest()


def _forms(columns: tuple[Column, ...]) -> list[Callable[[Value], bytes]]:
    return [_FORMS.get(column.kind, _plain) for column in columns]


def _plain(value: Value) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


def _double(value: Value) -> bytes:
    number = float(value or 0)
    return struct.pack(">d", number + 0.0)  # -0.0 prints as -0 or 0, by vendor: one form


def _json(value: Value) -> bytes:
    return json.dumps(json.loads(value or b"null"), sort_keys=True).encode()


_FORMS: dict[str, Callable[[Value], bytes]] = {"float": _double, "double": _double, "json": _json}


def count(connection: Connection, table: str) -> int:
    """How many rows a table has."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*) FROM {quote(table)}")  # noqa: S608 - the name is quoted
        row = cursor.fetchone()
        assert row is not None  # noqa: S101 - COUNT always gives a row
        return int(row[0])


def digest(connection: Connection, table: str) -> TableDigest:
    """Digest of a table's rows; equal on MariaDB and MySQL for equal rows.

    Raises
    ------
    MigrationError
        When there is no such table.
    """
    stored = tuple(column for column in columns(connection, table) if not column.generated)
    summer = Summer(table, stored)
    with exact(connection), closing(read(connection, table, stored)) as rows:
        for row in rows:
            summer.add(row)
    return summer.digest()
