"""Which rows were written since? Each row's mark then, held against the marks now.

A mark is eight bytes of a hash over the row's values: enough to tell rows apart, and
nothing that the values could be read from.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing

from tsalab.messages import say
from tsalab.migrate.catalogue import columns, tables
from tsalab.migrate.digests import row_hash
from tsalab.migrate.login import Login, named, opened
from tsalab.migrate.rows import exact, read

_BYTES = 8

Marks = Mapping[str, Sequence[str]]
"""Marks of the rows, by table, sorted."""


def marks(login: Login) -> dict[str, list[str]]:
    """The mark of every row of every table.

    Raises
    ------
    MigrationError
        When the database cannot be reached or refuses.
    """
    with opened(login) as connection:
        with named(login, say("migration.doing.reading_tables")):
            names = tables(connection)
        found = {}
        for name in names:
            with named(login, say("migration.doing.reading_table", table=name), name):
                stored = tuple(column for column in columns(connection, name) if not column.generated)
                with exact(connection), closing(read(connection, name, stored)) as rows:
                    found[name] = sorted(row_hash(stored, row)[:_BYTES].hex() for row in rows)
    return found


def written(now: Marks, then: Marks) -> dict[str, int]:
    """How many rows each table holds now that it did not hold then; tables without one are left out.

    A row that was changed counts: it is another row now.
    """
    counts = {name: (Counter(found) - Counter(then.get(name, ()))).total() for name, found in now.items()}
    return {name: count for name, count in counts.items() if count}
