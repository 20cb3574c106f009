"""How many rows a database has, and a digest of them, asked of the server itself over its socket."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pymysql
import pymysql.converters
import pymysql.cursors

from tsalab.sandbox import news

_TABLES = """
SELECT table_schema, table_name FROM information_schema.tables
WHERE table_type = 'BASE TABLE'
AND table_schema NOT IN ('information_schema', 'mysql', 'performance_schema', 'sys')
ORDER BY 1, 2
"""
_MOST = 200_000  # rows that are hashed; of a larger table only the count is told
_SECONDS = 10
_AS_WRITTEN: Any = dict(pymysql.converters.encoders)  # and no decoders: values as the server writes them


def tell(server: str, socket: Path, user: str, password: str) -> None:
    """Tell every table's rows and digest; a server that does not answer is told, too.

    Parameters
    ----------
    server
        What the server is called in the ledger.
    socket, user, password
        Where and as whom to ask.
    """
    try:
        tables = dict(_tables(socket, user, password))
    except (pymysql.MySQLError, OSError, UnicodeDecodeError) as error:
        news.tell("rows", server=server, unread=type(error).__name__)
        return
    news.tell("rows", server=server, tables=tables)


def _tables(socket: Path, user: str, password: str) -> Iterator[tuple[str, dict[str, Any]]]:
    connection = pymysql.connect(
        unix_socket=str(socket),
        user=user,
        password=password,
        charset="utf8mb4",
        read_timeout=_SECONDS,
        cursorclass=pymysql.cursors.SSCursor,
        conv=_AS_WRITTEN,
    )
    with connection, connection.cursor() as cursor:
        cursor.execute(_TABLES)
        for schema, table in [tuple(map(_text, row)) for row in cursor.fetchall()]:
            yield f"{schema}.{table}", _table(cursor, f"{_name(schema)}.{_name(table)}")


def _table(cursor: Any, name: str) -> dict[str, Any]:
    cursor.execute(f"SELECT COUNT(*) FROM {name}")  # noqa: S608 - a quoted name from the server itself
    ((count,),) = cursor.fetchall()
    rows = int(count)
    if rows > _MOST:
        return {"rows": rows}
    cursor.execute(f"SELECT * FROM {name}")  # noqa: S608 - as above
    # Two servers give rows in no order that either promises: each is hashed, and the hashes are sorted.
    hashes = sorted(hashlib.sha256(repr(row).encode()).digest() for row in cursor.fetchall_unbuffered())
    return {"rows": rows, "digest": hashlib.sha256(b"".join(hashes)).hexdigest()}


def _text(value: object) -> str:
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)


def _name(text: str) -> str:
    return "`" + text.replace("`", "``") + "`"
