"""Rows that are too large to be written down as one value: carried over in slices.

A row of 64 MB takes no more memory here than one of 64 bytes. Each large value is read in
slices, sent in slices, and proven by its SHA-256 on both sides.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from tsalab.migrate.blocks import Blocks
from tsalab.migrate.catalogue import quote
from tsalab.migrate.formats import APPROXIMATE, LARGE, canonical, value_of
from tsalab.migrate.lines import escaped
from tsalab.migrate.loading import load
from tsalab.migrate.login import Connection
from tsalab.migrate.model import Column, Table
from tsalab.migrate.ranges import Range

_SLICE = 4 << 20  # bytes at the most: the server goes through the whole value for each


class Apart:
    """Copies one row.

    Parameters
    ----------
    source, target
        Read the table on either side; the target's connection is within a transaction.
    table
        Which.
    limit
        Bytes that the servers write down as one value.
    """

    def __init__(
        self,
        source: tuple[Connection, Blocks],
        target: tuple[Connection, Blocks],
        table: Table,
        limit: int,
    ) -> None:
        self._source, self._ours = source
        self._target, self._theirs = target
        self._table = table
        self._columns, self._there = table.stored, table.stored_there
        self._slice = min(_SLICE, limit // 2)
        self.bytes = 0

    def copy(self, piece: Range, loading: str) -> int:
        """Copy the row of this piece; how many rows the target took."""
        return load(self._target, self._table.name, loading, self._line(piece)).rows

    def digests(self, piece: Range) -> tuple[str, str]:
        """The row's digest on the source and on the target, each made by its server."""
        return (
            _digest(self._source, self._ours, self._columns, piece),
            _digest(self._target, self._theirs, self._there, piece),
        )

    def _line(self, piece: Range) -> Iterator[bytes]:
        large = [column for column in self._columns if column.kind in LARGE]
        sizes = dict(
            zip(
                large,
                _row(self._source, self._ours, [f"OCTET_LENGTH({quote(c.name)})" for c in large], piece),
                strict=True,
            )
        )
        for number, column in enumerate(self._columns):
            if number:
                yield b","
            if column not in sizes:
                yield _bytes(_row(self._source, self._ours, [value_of(column)], piece)[0])
            elif sizes[column] is None:
                yield b"NULL"
            else:
                yield from self._slices(column, int(str(sizes[column])), piece)
        yield b"\n"

    def _slices(self, column: Column, size: int, piece: Range) -> Iterator[bytes]:
        yield b"'"
        for start in range(0, size, self._slice):
            what = f"SUBSTRING({_whole(column)},{start + 1},{self._slice})"
            part = _bytes(_row(self._source, self._ours, [what], piece)[0])
            self.bytes += len(part)
            yield escaped(part)
        yield b"'"


def _whole(column: Column) -> str:
    # CONVERT, for a CAST makes NULL of what is larger than max_allowed_packet.
    name = quote(column.name)
    return f"CONVERT({name} USING binary)" if column.charset else name


def _digest(connection: Connection, reader: Blocks, columns: tuple[Column, ...], piece: Range) -> str:
    values = [
        f"SHA2({quote(column.name)},256)" if column.kind in LARGE else value_of(column) for column in columns
    ]
    found = _row(connection, reader, values, piece)
    texts = (_told(value, column) for value, column in zip(found, columns, strict=True))
    return hashlib.sha256(b"\0".join(texts)).hexdigest()


def _told(value: object, column: Column) -> bytes:
    if value is None:
        return b"-"
    text = _bytes(value)
    return canonical(text + b"\n", (0,)) if column.kind in APPROXIMATE else text


def _row(connection: Connection, reader: Blocks, what: list[str], piece: Range) -> tuple[object, ...]:
    if not what:
        return ()
    with connection.cursor() as cursor:
        cursor.execute(reader.query(",".join(what), piece))
        (row,) = cursor.fetchall()
    return tuple(row)


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()
