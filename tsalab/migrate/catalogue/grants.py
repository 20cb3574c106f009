"""Who may do what on the database, as far as the login may see it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tsalab.migrate.catalogue.asking import ask
from tsalab.migrate.login import Connection

# A grant on a database may be one on a pattern; only those that mean this one alone are its own.
_ON_DATABASE = (
    "SELECT GRANTEE, PRIVILEGE_TYPE, IS_GRANTABLE, '', '' FROM information_schema.SCHEMA_PRIVILEGES"
    " WHERE REPLACE(REPLACE(TABLE_SCHEMA, '\\\\_', '_'), '\\\\%', '%') = DATABASE()"
)
_ON_TABLES = (
    "SELECT GRANTEE, PRIVILEGE_TYPE, IS_GRANTABLE, TABLE_NAME, ''"
    " FROM information_schema.TABLE_PRIVILEGES WHERE TABLE_SCHEMA = DATABASE()"
)
_ON_COLUMNS = (
    "SELECT GRANTEE, PRIVILEGE_TYPE, IS_GRANTABLE, TABLE_NAME, COLUMN_NAME"
    " FROM information_schema.COLUMN_PRIVILEGES WHERE TABLE_SCHEMA = DATABASE()"
)


@dataclass(frozen=True)
class Grant:
    """What one account may do on one thing.

    Attributes
    ----------
    grantee
        The account, quoted.
    table
        Of the database; empty for all of it.
    privileges
        Each with its columns; none for the whole table.
    grantable
        Whether the account may hand it on.
    """

    grantee: str
    table: str
    privileges: tuple[tuple[str, tuple[str, ...]], ...]
    grantable: bool


def read_grants(connection: Connection) -> list[Grant]:
    """Grants on the database, its tables and their columns."""
    found: dict[tuple[str, str, bool], dict[str, list[str]]] = {}
    for grantee, privilege, grantable, table, column in _rows(connection):
        of = found.setdefault((grantee, table, grantable.upper() == "YES"), {})
        columns = of.setdefault(privilege.upper(), [])
        if column:
            columns.append(column)
    return [
        Grant(
            grantee,
            table,
            tuple((privilege, tuple(columns)) for privilege, columns in sorted(of.items())),
            grantable,
        )
        for (grantee, table, grantable), of in sorted(found.items())
    ]


def _rows(connection: Connection) -> Iterator[tuple[str, ...]]:
    for query in (_ON_DATABASE, _ON_TABLES, _ON_COLUMNS):
        for row in ask(connection, query):
            if row[1].upper() != "USAGE":
                yield row
