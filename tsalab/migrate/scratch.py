"""A database for the length of a block: somewhere to try a migration that nobody will miss."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from tsalab.messages import say
from tsalab.migrate.catalogue import PRIVATE_PREFIX, quote
from tsalab.migrate.login import Login, named, opened

_NAME = f"{PRIVATE_PREFIX}scratch"


@contextmanager
def scratch(login: Login) -> Iterator[Login]:
    """An empty database of our own on the login's server; it is dropped when the block ends.

    Raises
    ------
    MigrationError
        When the login may not make one.
    """
    drop = f"DROP DATABASE IF EXISTS {quote(_NAME)}"  # one that a killed run left, too
    _run(login, drop, f"CREATE DATABASE {quote(_NAME)}")
    try:
        yield replace(login, database=_NAME)
    finally:
        _run(login, drop)


def _run(login: Login, *statements: str) -> None:
    with opened(login) as connection, named(login, say("migration.doing.scratch")):
        for statement in statements:
            with connection.cursor() as cursor:
                cursor.execute(statement)
