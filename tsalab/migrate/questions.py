"""Small questions to a database, each on a connection of its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tsalab.messages import say
from tsalab.migrate.catalogue import tables
from tsalab.migrate.digests import count
from tsalab.migrate.login import Login, named, opened


def server_version(login: Login) -> str:
    """The server's own word for its version.

    Raises
    ------
    MigrationError
        When it cannot be reached or refuses the login.
    """
    return str(_ask(login, say("migration.doing.version"), "SELECT VERSION()")[0][0])


def encryption(login: Login) -> str:
    """How a connection of this login is encrypted, e.g. ``TLSv1.3``; empty when it is not.

    Raises
    ------
    MigrationError
        When it cannot be reached or refuses the login.
    """
    rows = _ask(login, say("migration.doing.version"), "SHOW SESSION STATUS LIKE 'Ssl_version'")
    return str(rows[0][1]) if rows else ""


def row_counts(login: Login) -> dict[str, int]:
    """Rows by table.

    Raises
    ------
    MigrationError
        When it cannot be reached or refuses the login.
    """
    with opened(login) as connection, named(login, say("migration.doing.counting")):
        return {name: count(connection, name) for name in tables(connection)}


def databases_with(login: Login, names: Sequence[str]) -> list[str]:
    """Other databases on the server that have all of these tables, as far as the login may see them.

    Parameters
    ----------
    login
        Whose own database is left out.
    names
        Of the tables.

    Raises
    ------
    MigrationError
        When it cannot be reached or refuses the login.
    """
    query = "SELECT table_schema, table_name FROM information_schema.tables WHERE table_schema <> %s"
    found: dict[str, set[str]] = {}
    for schema, table in _ask(login, "looking for its tables elsewhere", query, login.database):
        found.setdefault(str(schema), set()).add(str(table))
    return sorted(schema for schema, has in found.items() if has.issuperset(names))


def connections_of(login: Login) -> int:
    """How many connections, other than the one that asks, the login's user holds.

    A user without the privilege PROCESS sees its own connections, and so all of the
    app's when it asks as the app's user.

    Raises
    ------
    MigrationError
        When it cannot be reached or refuses the login.
    """
    query = "SELECT COUNT(*) FROM information_schema.processlist WHERE user = %s AND id <> CONNECTION_ID()"
    return int(_ask(login, say("migration.doing.connections"), query, login.user)[0][0])


def _ask(login: Login, doing: str, query: str, *values: object) -> list[tuple[Any, ...]]:
    with opened(login) as connection, named(login, doing), connection.cursor() as cursor:
        cursor.execute(query, values)
        return list(cursor.fetchall())
