"""The rows of a table as a stream of lines, and their sum, which no order matters to."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

from tsalab.migrate.catalogue import quote
from tsalab.migrate.formats import LARGE, Format, canonical, value_of
from tsalab.migrate.login import Connection
from tsalab.migrate.model import Column, Table
from tsalab.migrate.rows import cut, stream

_WORD = 1 << 64
# What QUOTE() puts a backslash before, in the order in which that is safe to do.
_ESCAPES = ((b"\\", b"\\\\"), (b"'", b"\\'"), (b"\0", b"\\0"), (b"\x1a", b"\\Z"))


class TooLargeError(Exception):
    """A row is larger than the server writes down as one value."""


@dataclass
class Sum:
    """Sum over the hashes of lines: equal sums mean equal rows, in any order.

    Attributes
    ----------
    rows
        How many lines.
    high, low
        Sums over two 64-bit words of each line's SHA-256.
    """

    rows: int = 0
    high: int = 0
    low: int = 0

    def add(self, line: bytes) -> None:
        """Take one line."""
        digest = hashlib.sha256(line).digest()
        self.rows += 1
        self.high += int.from_bytes(digest[:8], "big")
        self.low += int.from_bytes(digest[8:16], "big")

    @property
    def digest(self) -> str:
        """All of it as 64 hexadecimal digits."""
        return hashlib.sha256(f"{self.rows},{self.high},{self.low}".encode()).hexdigest()


class Lines:
    """Reads one table on one side.

    Parameters
    ----------
    connection
        Set up by `sessions`.
    table
        Which.
    form, columns
        Of its rows, and the stored columns, on this side.
    """

    def __init__(self, connection: Connection, table: Table, form: Format, columns: Sequence[Column]) -> None:
        self._connection, self._form, self._columns = connection, form, columns
        self._name = quote(table.name)

    def read(self, *, by_value: bool = False) -> Generator[bytes, None, None]:
        """Every line.

        Parameters
        ----------
        by_value
            Fetch the values and put the line together here; memory holds one row.

        Raises
        ------
        TooLargeError
            When a line does not fit, and it is not read by value.
        """
        if by_value:
            values = [_raw(column) for column in self._columns] or ["1"]
            with closing(stream(self._connection, f"SELECT {','.join(values)} FROM {self._name}")) as rows:  # noqa: S608 - names are quoted
                for row in rows:
                    yield _line(row, self._columns)
            return
        warned: list[int] = []
        query = f"SELECT {self._form.line} FROM {self._name}"  # noqa: S608 - names are quoted
        with closing(stream(self._connection, query, warned)) as rows:
            too_large = False
            for (line,) in rows:
                too_large = too_large or line is None
                # To the end all the same: left early, the connection is lost and its snapshot with it.
                if not too_large:
                    yield _bytes(line)
        if too_large or any(warned):
            raise TooLargeError

    def sum(self, unlike: Sequence[int] = ()) -> Sum:
        """The sum over all rows: made by the server where it can write every row down.

        Parameters
        ----------
        unlike
            Positions of floating point columns that the other side prints differently: the
            sum is made here then, of their values.
        """
        if unlike:
            try:
                return summed(canonical(line, unlike) for line in self.read())
            except TooLargeError:
                return summed(canonical(line, unlike) for line in self.read(by_value=True))
        words = ",".join(
            f"COALESCE(SUM(CAST(CONV(SUBSTR(h,{start},16),16,10) AS DECIMAL(20,0))),0)" for start in (1, 17)
        )
        with self._connection.cursor() as cursor:
            cursor.execute(
                f"SELECT COUNT(*),COUNT(h),{words} FROM"  # noqa: S608 - names are quoted
                f" (SELECT SHA2({self._form.line},256) AS h FROM {self._name}) AS hashes"
            )
            row = cursor.fetchone()
            warned = cut(cursor)
        assert row is not None  # noqa: S101 - an aggregate has one row
        rows, hashed, high, low = (int(value) for value in row)
        if rows == hashed and not warned:
            return Sum(rows, high, low)
        return summed(self.read(by_value=True))


def summed(lines: Iterable[bytes]) -> Sum:
    """The sum over lines, made here."""
    total = Sum()
    for line in lines:
        total.add(line)
    return total


def _raw(column: Column) -> str:
    # Results are binary (`sessions`): nobody changes a byte. A CAST would make NULL of a large value.
    return quote(column.name) if column.kind in LARGE else value_of(column)


def _line(row: Sequence[object], columns: Sequence[Column]) -> bytes:
    return b",".join(_values(row, columns)) + b"\n"


def _values(row: Sequence[object], columns: Sequence[Column]) -> Iterator[bytes]:
    for value, column in zip(row, columns, strict=False):  # a table without columns gives a bare 1
        if value is None:
            yield b"NULL"
        elif column.kind in LARGE:
            yield b"'" + escaped(_bytes(value)) + b"'"
        else:
            yield _bytes(value)


def escaped(raw: bytes) -> bytes:
    """Bytes as they stand between quotes in a line; exactly as the servers write them."""
    for plain, written in _ESCAPES:
        raw = raw.replace(plain, written)
    return raw


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()
