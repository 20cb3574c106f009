"""Rows whose parent is not there: copied as they are, and said."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tsalab.messages import say
from tsalab.migrate import Login
from tsalab.migrate.migration import Migration

TABLES = (
    "CREATE TABLE p (a INT, b VARCHAR(9), PRIMARY KEY (a, b)) CHARSET utf8mb4",
    (
        "CREATE TABLE c (id INT PRIMARY KEY, a INT, b VARCHAR(9), KEY (a, b),"
        " CONSTRAINT fk FOREIGN KEY (a, b) REFERENCES p (a, b)) CHARSET utf8mb4"
    ),
    "INSERT INTO p VALUES (1, 'x')",
    "INSERT INTO c VALUES (1, 1, 'x'), (2, 1, NULL), (3, NULL, 'y'), (4, NULL, NULL)",
)
ORPHANS = ("SET foreign_key_checks = 0", "INSERT INTO c VALUES (5, 1, 'y'), (6, 1, 'y'), (7, 2, 'x')")


@pytest.mark.parametrize("count", [0, 3])
def test_rows_without_a_parent_are_counted(
    pair: tuple[Login, Login], here: Callable[..., None], count: int
) -> None:
    here(*TABLES, *(ORPHANS if count else ()))
    report = Migration(*pair).run()
    said = [say("migration.note.orphans", key="fk", table="c", count=count)] if count else []
    assert [note for note in report.notes if "fk" in note] == said
