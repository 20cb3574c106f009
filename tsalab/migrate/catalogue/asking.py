"""How the dictionary is asked: names quoted, answers as text, the session left as it was."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pymysql.cursors import Cursor

from tsalab.migrate.login import Connection

# What SHOW CREATE prints depends on these: how names and texts are quoted, and in which characters.
_READABLE = {
    "character_set_client": "utf8mb4",
    "character_set_connection": "utf8mb4",
    "character_set_results": "utf8mb4",
    "sql_mode": "NO_AUTO_VALUE_ON_ZERO",
    "sql_quote_show_create": 1,
}


def quote(name: str) -> str:
    """The name as an SQL identifier."""
    return "`" + name.replace("`", "``") + "`"


def ask(connection: Connection, query: str, *values: object) -> list[tuple[str, ...]]:
    """The rows that answer a question, every value as text; NULL is the empty text."""
    # A cursor of our own kind: whoever opened the connection may have chosen a streaming one.
    with connection.cursor(Cursor) as cursor:
        cursor.execute(query, values or None)
        return [tuple(map(_text, row)) for row in cursor.fetchall()]


def ask_pairs(connection: Connection, query: str, *values: object) -> dict[str, str]:
    """The answer to a question whose rows are names with values."""
    return {row[0]: row[1] for row in ask(connection, query, *values)}


@contextmanager
def readable(connection: Connection) -> Iterator[None]:
    """Have the dictionary's answers as text within the block.

    Sets nothing but session variables, so a transaction and its snapshot go on, and sets them
    back at the end.
    """
    names = list(_READABLE)
    with connection.cursor(Cursor) as cursor:
        cursor.execute("SELECT " + ", ".join(f"@@SESSION.{name}" for name in names))
        before = dict(zip(names, cursor.fetchone() or (), strict=True))
    _set(connection, _READABLE)
    try:
        yield
    finally:
        if connection.open:
            _set(connection, before)


def _set(connection: Connection, values: dict[str, Any]) -> None:
    with connection.cursor(Cursor) as cursor:
        assigned = ", ".join(f"SESSION {name} = %s" for name in values)
        cursor.execute("SET " + assigned, list(map(_value, values.values())))


def _value(value: object) -> object:
    # As read without the driver's conversions, a switch is text, which SET does not take.
    said = value.decode() if isinstance(value, bytes) else value
    return int(said) if isinstance(said, str) and said.isdecimal() else said


def _text(value: object) -> str:
    # MySQL 8 gives some dictionary columns as binary strings.
    if value is None:
        return ""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
