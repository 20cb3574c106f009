"""Tables of a database, as the server itself tells them: columns, keys, engine, estimates."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tsalab.errors import MigrationError
from tsalab.messages import say
from tsalab.migrate.catalogue.asking import ask, quote, readable
from tsalab.migrate.login import Connection
from tsalab.migrate.model import Column, Key, Table

# Our own notes in a target (see `ledger`); never part of what is copied or compared.
PRIVATE_PREFIX = "_tsalab_"

# Kinds of table that are not copied, as they are called under migration.unsupported.because.
UNSUPPORTED = {"SEQUENCE": "sequence", "SYSTEM VERSIONED": "system_versioned"}

_KEYS = (
    "SELECT TABLE_NAME, INDEX_NAME, COLUMN_NAME, NON_UNIQUE, INDEX_TYPE, SUB_PART, COLLATION"
    " FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE(){}"
    " ORDER BY TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX"
)
_COLUMNS = (
    "SELECT TABLE_NAME, COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, IS_NULLABLE, CHARACTER_SET_NAME,"
    " COLLATION_NAME, EXTRA"
    " FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE(){}"
    " ORDER BY TABLE_NAME, ORDINAL_POSITION"
)
# MariaDB counts it to the type; it is how the column is stored.
_COMPRESSED = re.compile(r" /\*M?!\d+ COMPRESSED\*/$")
_ONE = " AND TABLE_NAME = %s"


@dataclass(frozen=True)
class Entry:
    """A table or view in the dictionary, without its columns.

    Attributes
    ----------
    name, kind
        Its name, and what the dictionary calls it, e.g. ``BASE TABLE``.
    engine
        Of a table.
    rows, bytes
        Estimates.
    partitioned
        Whether it is in partitions.
    """

    name: str
    kind: str
    engine: str = ""
    rows: int = 0
    bytes: int = 0
    partitioned: bool = False


def entries(connection: Connection) -> list[Entry]:
    """Everything in the database that looks like a table, sorted by name; our own notes left out."""
    found = ask(
        connection,
        "SELECT TABLE_NAME, TABLE_TYPE, ENGINE, TABLE_ROWS, DATA_LENGTH, CREATE_OPTIONS"
        " FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE()",
    )
    return sorted(
        (
            Entry(name, kind, engine, int(rows or 0), int(size or 0), "partitioned" in options)
            for name, kind, engine, rows, size, options in found
            if not name.startswith(PRIVATE_PREFIX)
        ),
        key=lambda entry: entry.name,
    )


def tables(connection: Connection) -> list[str]:
    """Names of the tables in the connection's database, sorted.

    Raises
    ------
    MigrationError
        When there is a kind of table that cannot be copied.
    """
    found = entries(connection)
    for entry in found:
        if entry.kind in UNSUPPORTED:
            raise MigrationError.unsupported(
                f"{entry.kind.lower()} {entry.name}",
                say(f"migration.unsupported.because.{UNSUPPORTED[entry.kind]}"),
            )
    return [entry.name for entry in found if entry.kind == "BASE TABLE"]


def columns(connection: Connection, table: str) -> tuple[Column, ...]:
    """Columns of a table, invisible ones included.

    Raises
    ------
    MigrationError
        When there is no such table.
    """
    found = _columns(connection, table).get(table, ())
    if not found:
        raise MigrationError.no_table(table)
    return found


def keys(connection: Connection, table: str) -> tuple[Key, ...]:
    """Every index of a table, the primary key first."""
    return _keys(connection, table).get(table, ())


def foreign_key_names(connection: Connection, table: str) -> set[str]:
    """Names of the foreign keys that a table has now."""
    return {
        row[0]
        for row in ask(
            connection,
            "SELECT CONSTRAINT_NAME FROM information_schema.TABLE_CONSTRAINTS WHERE TABLE_SCHEMA = DATABASE()"
            " AND TABLE_NAME = %s AND CONSTRAINT_TYPE = 'FOREIGN KEY'",
            table,
        )
    }


def read_table(connection: Connection, name: str) -> Table:
    """One table as the source has it: `Table.create` is the source's own statement."""
    with readable(connection):
        return read_tables(connection, [entry for entry in entries(connection) if entry.name == name])[0]


def read_tables(connection: Connection, chosen: list[Entry]) -> list[Table]:
    """Tables as the source has them; within `readable`."""
    if not chosen:
        return []
    # Every table's at once, where more than one is wanted: a dictionary answers slowly.
    only = chosen[0].name if len(chosen) == 1 else ""
    all_columns, all_keys = _columns(connection, only), _keys(connection, only)
    return [
        Table(
            entry.name,
            all_columns.get(entry.name, ()),
            ask(connection, f"SHOW CREATE TABLE {quote(entry.name)}")[0][1],
            keys=all_keys.get(entry.name, ()),
            engine=entry.engine,
            partitioned=entry.partitioned,
            rows=entry.rows,
            bytes=entry.bytes,
        )
        for entry in chosen
    ]


def columns_of(connection: Connection, names: list[str]) -> dict[str, tuple[Column, ...]]:
    """Columns of several tables."""
    found = _columns(connection, "") if names else {}
    return {name: found.get(name, ()) for name in names}


def keys_of(connection: Connection, names: list[str]) -> dict[str, tuple[Key, ...]]:
    """Keys of several tables."""
    found = _keys(connection, "") if names else {}
    return {name: found.get(name, ()) for name in names}


def _columns(connection: Connection, table: str) -> dict[str, tuple[Column, ...]]:
    found: dict[str, list[Column]] = {}
    for name, column, kind, definition, nullable, charset, collation, extra in _ask(
        connection, _COLUMNS, table
    ):
        said = extra.upper()
        found.setdefault(name, []).append(
            Column(
                column,
                kind.lower(),
                # MySQL calls a default that is an expression DEFAULT_GENERATED.
                "GENERATED" in said.replace("DEFAULT_GENERATED", ""),
                _COMPRESSED.sub("", definition),
                nullable.upper() == "YES",
                "AUTO_INCREMENT" in said,
                charset,
                collation,
                "INVISIBLE" in said,
            )
        )
    return {name: tuple(value) for name, value in found.items()}


def _keys(connection: Connection, table: str) -> dict[str, tuple[Key, ...]]:
    parts: dict[str, dict[str, list[tuple[str, ...]]]] = {}
    for name, *part in _ask(connection, _KEYS, table):
        parts.setdefault(name, {}).setdefault(part[0], []).append(tuple(part))
    return {
        name: tuple(
            Key(
                key,
                tuple(row[1] for row in rows),
                rows[0][2] == "0",
                rows[0][3],
                all(row[1] and not row[4] and row[5] == "A" for row in rows),
            )
            for key, rows in sorted(of.items(), key=lambda item: item[0] != "PRIMARY")
        )
        for name, of in parts.items()
    }


def _ask(connection: Connection, query: str, table: str) -> list[tuple[str, ...]]:
    if table:
        return ask(connection, query.format(_ONE), table)
    return ask(connection, query.format(""))
