"""Read a table's rows exactly: as the server's own text or bytes, never through a lossy type.

Character data arrives in the column's own character set (results are asked for in
``binary``), so latin1 or utf16 columns keep their bytes. FLOAT is read as a double,
because its own text has six digits only.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any

from pymysql.cursors import SSCursor

from tsalab.migrate.catalogue import quote
from tsalab.migrate.login import Connection
from tsalab.migrate.model import Column

Value = bytes | str | None
Row = tuple[Value, ...]

# MariaDB's own types are raw bytes when results are binary; their text fits any target.
_AS_TEXT = {"uuid", "inet4", "inet6"}


def expression(column: Column) -> str:
    """SQL that gives the column's value without loss."""
    name = quote(column.name)
    if column.kind == "float":
        return f"{name}+0e0"
    if column.kind in _AS_TEXT:
        return f"CAST({name} AS CHAR)"
    return name


@contextmanager
def exact(connection: Connection) -> Iterator[None]:
    """Have results raw within the block: no conversion by server or driver."""
    decoders = connection.decoders
    _set_results(connection, "binary")
    connection.decoders = {}
    try:
        yield
    finally:
        connection.decoders = decoders
        if connection.open:
            _set_results(connection, "utf8mb4")


def _set_results(connection: Connection, charset: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET character_set_results = {charset}")


def read(connection: Connection, table: str, columns: tuple[Column, ...]) -> Generator[Row, None, None]:
    """Stream a table's rows; use within `exact`. Memory holds one row at a time.

    Left before the end, it closes the connection: to use it again, all the rest of the
    rows would have to be fetched.
    """
    chosen = ", ".join(expression(column) for column in columns) or "1"
    return stream(connection, f"SELECT {chosen} FROM {quote(table)}")  # noqa: S608 - names are quoted


def stream(connection: Connection, query: str, warned: list[int] | None = None) -> Generator[Row, None, None]:
    """The rows of a query, one at a time; left before the end, it closes the connection.

    At the end, how often the server warned is added to `warned`.
    """
    cursor = connection.cursor(SSCursor)
    try:
        cursor.execute(query)
        # `yield from cursor` would close the cursor when left early, fetching all the rest.
        for row in cursor:  # noqa: UP028
            yield row
        if warned is not None:
            warned.append(cut(cursor))
    except BaseException:
        _abandon(connection, cursor)
        raise
    cursor.close()


def cut(cursor: Any) -> int:
    """How often the server warned: a value was larger than it writes down."""
    return int(cursor._result.warning_count)


def _abandon(connection: Connection, cursor: Any) -> None:
    result = cursor._result
    if result is not None and result.unbuffered_active:
        result.unbuffered_active = False  # else its destructor would read from the closed socket
        if connection.open:
            connection.close()
    cursor.close()
