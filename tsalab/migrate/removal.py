"""Take every table out of a database again: what going back to before a copy needs."""

from __future__ import annotations

from tsalab.messages import say
from tsalab.migrate.catalogue import quote
from tsalab.migrate.login import Login, named, opened

_WHAT = "SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = DATABASE()"


def drop_tables(login: Login) -> list[str]:
    """Drop every table and view, our own notes among them; returns their names.

    Again is harmless, and so is one that was interrupted.

    Raises
    ------
    MigrationError
        When the database cannot be reached or refuses.
    """
    with (
        opened(login) as connection,
        named(login, say("migration.doing.dropping")),
        connection.cursor() as cursor,
    ):
        cursor.execute(_WHAT)
        found = [(str(name), str(kind)) for name, kind in cursor.fetchall()]
        # They go in any order: which refers to which does not matter when all of them go.
        cursor.execute("SET SESSION foreign_key_checks = 0")
        for name, kind in found:
            cursor.execute(f"DROP {'VIEW' if kind == 'VIEW' else 'TABLE'} IF EXISTS {quote(name)}")
    return [name for name, _ in found]
