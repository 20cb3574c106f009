"""Take tables out of a database again: what going back to before a copy needs, or a copy anew."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from pymysql.cursors import Cursor

from tsalab.messages import say
from tsalab.migrate import checkpoints
from tsalab.migrate.catalogue import PRIVATE_PREFIX, quote
from tsalab.migrate.login import Connection, Login, named, opened

_WHAT = "SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = DATABASE()"


def drop_tables(login: Login) -> list[str]:
    """Drop every table and view, our own notes among them; returns their names.

    Again is harmless, and so is one that was interrupted.

    Raises
    ------
    MigrationError
        When the database cannot be reached or refuses.
    """
    with _dropping(login) as cursor:
        cursor.execute(_WHAT)
        found = [(str(name), str(kind)) for name, kind in cursor.fetchall()]
        # They go in any order: which refers to which does not matter when all of them go.
        cursor.execute("SET SESSION foreign_key_checks = 0")
        for name, kind in found:
            cursor.execute(f"DROP {'VIEW' if kind == 'VIEW' else 'TABLE'} IF EXISTS {quote(name)}")
    return [name for name, _ in found]


def empty_tables(login: Login, names: Sequence[str], *, drop: bool) -> None:
    """Empty tables, or drop them, with what an earlier copy noted of them; those not there are no error.

    Parameters
    ----------
    login
        The database.
    names
        Of tables.
    drop
        Drop them rather than empty them.

    Raises
    ------
    MigrationError
        When the database cannot be reached or refuses.
    """
    with _dropping(login) as cursor:
        connection: Connection = cursor.connection
        cursor.execute(_WHAT)
        found = {str(name) for name, kind in cursor.fetchall() if kind == "BASE TABLE"}
        cursor.execute("SET SESSION foreign_key_checks = 0")
        checkpoints.create(connection)
        for name in names:
            # The notes first, also of a table that somebody else dropped: a copy begins anew only without.
            checkpoints.forget_all(connection, name)
            if name in found:
                cursor.execute(f"{'DROP' if drop else 'TRUNCATE'} TABLE {quote(name)}")


def drop_database(login: Login, name: str) -> None:
    """Drop a database on a login's server; one that is not there is no error.

    Raises
    ------
    MigrationError
        When the server cannot be reached or refuses.
    """
    with _dropping(login) as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {quote(name)}")


def drop_notes(login: Login) -> list[str]:
    """Drop our own notes alone, where nothing will be resumed any more; returns their names.

    Raises
    ------
    MigrationError
        When the database cannot be reached or refuses.
    """
    with _dropping(login) as cursor:
        cursor.execute(_WHAT)
        found = [str(name) for name, _ in cursor.fetchall() if str(name).startswith(PRIVATE_PREFIX)]
        for name in found:
            cursor.execute(f"DROP TABLE IF EXISTS {quote(name)}")
    return found


@contextmanager
def _dropping(login: Login) -> Iterator[Cursor]:
    """A cursor on a connection of its own; what goes wrong is told as of one who drops."""
    with (
        opened(login) as connection,
        named(login, say("migration.doing.dropping")),
        connection.cursor() as cursor,
    ):
        yield cursor
