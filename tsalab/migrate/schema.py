"""What a database consists of, as the server itself tells it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tsalab.errors import MigrationError
from tsalab.messages import say
from tsalab.migrate.login import Connection

# Our own notes in a target (see `ledger`); never part of what is copied or compared.
PRIVATE_PREFIX = "_tsalab_"

_FOREIGN_KEY = re.compile(r"^\s*(CONSTRAINT `(?P<name>(?:[^`]|``)+)` FOREIGN KEY .*?),?$")
_OTHER_SCHEMA = re.compile(r"REFERENCES `(?:[^`]|``)+`\.`")
# Kinds of table that are not copied, as they are called under migration.unsupported.because.
_UNSUPPORTED = {"SEQUENCE": "sequence", "SYSTEM VERSIONED": "system_versioned"}


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes
    ----------
    name
        Its name.
    kind
        Its data type in lower case, e.g. ``varchar``.
    generated
        Whether the server computes it.
    """

    name: str
    kind: str
    generated: bool


@dataclass(frozen=True)
class Table:
    """One table.

    Attributes
    ----------
    name
        Its name.
    columns
        In their order.
    create
        Statement that creates it, without foreign keys.
    foreign_keys
        Name to definition, for ``ALTER TABLE … ADD``.
    """

    name: str
    columns: tuple[Column, ...]
    create: str
    foreign_keys: dict[str, str]

    @property
    def stored(self) -> tuple[Column, ...]:
        """Columns that hold data of their own."""
        return tuple(column for column in self.columns if not column.generated)


def quote(name: str) -> str:
    """The name as an SQL identifier."""
    return "`" + name.replace("`", "``") + "`"


def tables(connection: Connection) -> list[str]:
    """Names of the tables in the connection's database, sorted.

    Raises
    ------
    MigrationError
        When there is a kind of table that cannot be copied.
    """
    names = []
    for name, kind in _ask(
        connection,
        "SELECT TABLE_NAME, TABLE_TYPE FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()",
    ):
        if kind in _UNSUPPORTED:
            raise MigrationError.unsupported(
                f"{kind.lower()} {name}", say(f"migration.unsupported.because.{_UNSUPPORTED[kind]}")
            )
        if kind == "BASE TABLE" and not name.startswith(PRIVATE_PREFIX):
            names.append(name)
    return sorted(names)


def columns(connection: Connection, table: str) -> tuple[Column, ...]:
    """Columns of a table, invisible ones included.

    Raises
    ------
    MigrationError
        When there is no such table.
    """
    found = tuple(
        Column(name, kind.lower(), "GENERATED" in extra.upper() and "DEFAULT_GENERATED" not in extra.upper())
        for name, kind, extra in _ask(
            connection,
            "SELECT COLUMN_NAME, DATA_TYPE, EXTRA FROM information_schema.COLUMNS"
            " WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = %s ORDER BY ORDINAL_POSITION",
            table,
        )
    )
    if not found:
        raise MigrationError.no_table(table)
    return found


def read_table(connection: Connection, name: str) -> Table:
    """Everything about one table.

    Raises
    ------
    MigrationError
        When a foreign key leads into another database.
    """
    create = _ask(connection, f"SHOW CREATE TABLE {quote(name)}")[0][1]
    bare, keys = split_foreign_keys(create)
    for key, definition in keys.items():
        if _OTHER_SCHEMA.search(definition):
            raise MigrationError.unsupported(
                say("migration.unsupported.foreign_key", key=key, table=name),
                say("migration.unsupported.because.other_database"),
            )
    return Table(name, columns(connection, name), bare, keys)


def split_foreign_keys(create: str) -> tuple[str, dict[str, str]]:
    """A CREATE TABLE statement without its foreign keys, and these by name."""
    head, *body = create.split("\n")
    keys: dict[str, str] = {}
    kept: list[str] = []
    for line in body:
        match = _FOREIGN_KEY.match(line)
        if match:
            keys[match["name"].replace("``", "`")] = match[1]
        else:
            kept.append(line)
    # The last line of the list has no comma; which one is last may just have changed.
    if keys and len(kept) >= 2 and kept[-1].startswith(")"):
        kept[-2] = kept[-2].removesuffix(",")
    return "\n".join([head, *kept]), keys


def foreign_key_names(connection: Connection, table: str) -> set[str]:
    """Names of the foreign keys that a table has now."""
    return {
        row[0]
        for row in _ask(
            connection,
            "SELECT CONSTRAINT_NAME FROM information_schema.TABLE_CONSTRAINTS WHERE TABLE_SCHEMA = DATABASE()"
            " AND TABLE_NAME = %s AND CONSTRAINT_TYPE = 'FOREIGN KEY'",
            table,
        )
    }


def left_out(connection: Connection) -> list[str]:
    """What the database holds besides tables: reported, not copied."""
    found = []
    for kind, query in (
        ("view", "SELECT TABLE_NAME FROM information_schema.VIEWS WHERE TABLE_SCHEMA = DATABASE()"),
        ("trigger", "SELECT TRIGGER_NAME FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE()"),
        (
            "",
            (
                "SELECT CONCAT(LOWER(ROUTINE_TYPE), ' ', ROUTINE_NAME) FROM information_schema.ROUTINES"
                " WHERE ROUTINE_SCHEMA = DATABASE()"
            ),
        ),
        ("event", "SELECT EVENT_NAME FROM information_schema.EVENTS WHERE EVENT_SCHEMA = DATABASE()"),
    ):
        found += [f"{kind} {row[0]}".strip() for row in _ask(connection, query)]
    return sorted(found)


def _ask(connection: Connection, query: str, *values: object) -> list[tuple[str, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query, values or None)
        return [tuple(_text(value) for value in row) for row in cursor.fetchall()]


def _text(value: object) -> str:
    # MySQL 8 gives some dictionary columns as binary strings.
    return value.decode() if isinstance(value, bytes) else str(value)
