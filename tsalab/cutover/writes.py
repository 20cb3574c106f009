"""The load's writes, looked for in a database: each acknowledged one is to be there, and once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from tsalab.edge import Met
from tsalab.errors import CutoverError
from tsalab.messages import say
from tsalab.migrate.login import Login, named, opened

# What the load writes: a category of its own a write (`edge.load`).
_TABLE, _COLUMN = "categories", "name"


def found(login: Login, prefix: str) -> Counter[str]:
    """How often each id of a load is in a database."""
    query = f"SELECT {_COLUMN} FROM {_TABLE} WHERE {_COLUMN} LIKE %s"  # noqa: S608 - constants
    doing = say("migration.doing.counting")
    with opened(login) as connection, named(login, doing), connection.cursor() as cursor:
        cursor.execute(query, (f"{prefix}%",))
        return Counter(str(name) for (name,) in cursor.fetchall())


def proven(login: Login, prefix: str, met: Met) -> int:
    """How many writes were acknowledged, each of which is there exactly once.

    Parameters
    ----------
    login
        The database that serves.
    prefix
        Of the load's ids.
    met
        What its visitors were told.

    Raises
    ------
    CutoverError
        When one is missing, or is there twice.
    """
    there = found(login, prefix)
    lost = len(met.acknowledged - there.keys())
    doubled = sum(times > 1 for times in there.values())
    if lost or doubled:
        raise CutoverError.writes_amiss(lost, doubled)
    return len(met.acknowledged)


def forget(login: Login, prefixes: Iterable[str]) -> None:
    """Remove what loads wrote."""
    doing = say("migration.doing.marking")
    with opened(login) as connection, named(login, doing), connection.cursor() as cursor:
        for prefix in prefixes:
            cursor.execute(f"DELETE FROM {_TABLE} WHERE {_COLUMN} LIKE %s", (f"{prefix}%",))  # noqa: S608
