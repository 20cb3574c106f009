"""Do two databases hold the same? Every table, every row, every byte."""

from __future__ import annotations

from dataclasses import dataclass

from tsalab.messages import say
from tsalab.migrate.catalogue import tables
from tsalab.migrate.digests import digest
from tsalab.migrate.login import Connection, Login, named, opened


@dataclass(frozen=True)
class TableComparison:
    """One table on both sides; a side that lacks it has None rows, and `digest` is the target's."""

    table: str
    source_rows: int | None
    target_rows: int | None
    equal: bool
    digest: str = ""


@dataclass(frozen=True)
class Comparison:
    """Both databases, by table."""

    rows: tuple[TableComparison, ...]

    @property
    def equal(self) -> bool:
        """Whether every table of the source is on the target, with the same rows."""
        return all(row.equal for row in self.rows if row.source_rows is not None)

    @property
    def only_in_target(self) -> tuple[str, ...]:
        """Tables that the source does not have."""
        return tuple(row.table for row in self.rows if row.source_rows is None)


def compare(source: Login, target: Login) -> Comparison:
    """Compare every table by its digest, each side in one snapshot.

    Raises
    ------
    MigrationError
        When a side cannot be read.
    """
    with opened(source) as here, opened(target) as there:
        with named(source, say("migration.doing.reading_tables")):
            ours = _names(here)
        with named(target, say("migration.doing.reading_tables")):
            theirs = _names(there)
        return Comparison(
            tuple(
                _compare_table(name, (here, source, name in ours), (there, target, name in theirs))
                for name in sorted(ours | theirs)
            )
        )


def _names(connection: Connection) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        cursor.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
    return set(tables(connection))


_Side = tuple[Connection, Login, bool]


def _compare_table(name: str, ours: _Side, theirs: _Side) -> TableComparison:
    found = []
    for connection, login, present in (ours, theirs):
        with named(login, say("migration.doing.reading_table", table=name), name):
            found.append(digest(connection, name) if present else None)
    here, there = found
    return TableComparison(
        name,
        here.rows if here else None,
        there.rows if there else None,
        here is not None and here == there,
        there.digest if there else "",
    )
