"""Read a table in blocks that the source's server has formatted.

A block is one value of one row: the server concatenates, Python only receives. How many
rows go into a block is adapted to what the last one weighed. What does not fit, because a
value is larger than the server concatenates, comes back as None and is tried smaller; a
single row that does not fit is `rows_apart`'s affair.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from tsalab.migrate.catalogue import quote
from tsalab.migrate.formats import Format
from tsalab.migrate.login import Connection
from tsalab.migrate.model import Table
from tsalab.migrate.ranges import Bound, Path, Range
from tsalab.migrate.rows import cut

WEIGHT = 4 << 20  # bytes that a block should have
_FIRST_ROWS = 500  # of a table about whose rows nothing is known
_LESS = 8  # by how much fewer rows are tried when they did not fit
_MOST_GROWTH = 8


@dataclass(frozen=True)
class Block:
    """Rows of one piece, as text.

    Attributes
    ----------
    piece
        Where they are from.
    rows
        How many.
    data
        Their lines; None when one row is too large for the server to write down.
    """

    piece: Range
    rows: int
    data: bytes | None

    @property
    def digest(self) -> str:
        """SHA-256 of the lines."""
        return hashlib.sha256(self.data or b"").hexdigest()


class Blocks:
    """Reads one table along a key.

    Parameters
    ----------
    connection
        Within its snapshot.
    table, path, form
        What, along which key, and how rows are written.
    weight
        Bytes that a block should have.
    """

    def __init__(
        self, connection: Connection, table: Table, path: Path, form: Format, weight: int = WEIGHT
    ) -> None:
        self._connection = connection
        self._name = quote(table.name)
        self._path = path
        self._line = form.line
        # Along any key but the clustered one, and in partitions, rows come in no order.
        scattered = table.partitioned or path.key.name != "PRIMARY"
        order = f" ORDER BY {path.order}" if scattered else ""
        self._together = f"{self._line}{order} SEPARATOR ''"
        self._weight = weight
        known = table.bytes // table.rows if table.rows else 0
        self._rows = max(1, weight // (2 * known)) if known else _FIRST_ROWS

    def read(self, piece: Range) -> Iterator[Block]:
        """Blocks that are the piece together, in order; the last one ends where it ends."""
        after = piece.after
        while True:
            upto = self._step(after, piece.upto)
            here = Range(after, upto if upto is not None else piece.upto)
            block = self.one(here)
            if block.data is None and block.rows > 1:
                self._rows = max(1, min(self._rows, block.rows) // _LESS)
                continue
            yield block
            if upto is None:
                return
            after = upto
            self._adapt(block)

    def _adapt(self, block: Block) -> None:
        if not block.data:
            return
        wanted = block.rows * self._weight // len(block.data)
        self._rows = max(1, min(wanted, block.rows * _MOST_GROWTH))

    def _step(self, after: Bound | None, end: Bound | None) -> Bound | None:
        """The key of the row so many rows on; None when there are not so many."""
        where = self._path.where(Range(after, end))
        with self._connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {self._path.bounds} FROM {self._name} {self._path.hint}{where}"  # noqa: S608 - names are quoted
                f" ORDER BY {self._path.order} LIMIT 1 OFFSET {self._rows - 1}"
            )
            found = cursor.fetchone()
        return None if found is None else tuple(_text(value) for value in found)

    def one(self, piece: Range) -> Block:
        """All rows of a piece as one block."""
        with self._connection.cursor() as cursor:
            cursor.execute(self.query(f"COUNT(*),GROUP_CONCAT({self._together})", piece))
            row = cursor.fetchone()
            assert row is not None  # noqa: S101 - an aggregate has one row
            rows, data = int(row[0]), row[1]
            if cut(cursor) or (rows and data is None):
                return Block(piece, rows, None)
        return Block(piece, rows, data.encode() if isinstance(data, str) else data or b"")

    def digest(self, piece: Range) -> tuple[int, str | None]:
        """Rows of a piece and the digest of their lines, made by the server; None where it cannot."""
        text = f"COALESCE(GROUP_CONCAT({self._together}),'')"
        with self._connection.cursor() as cursor:
            cursor.execute(self.query(f"COUNT(*),SHA2({text},256)", piece))
            row = cursor.fetchone()
            assert row is not None  # noqa: S101 - an aggregate has one row
            return int(row[0]), None if cut(cursor) else _text(row[1])

    def query(self, what: str, piece: Range) -> str:
        """A SELECT over a piece."""
        return f"SELECT {what} FROM {self._name} {self._path.hint}{self._path.where(piece)}"  # noqa: S608 - names are quoted


def _text(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
