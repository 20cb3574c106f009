"""What a copy will do, and the first part of doing it: create the empty tables."""

from __future__ import annotations

from dataclasses import dataclass

from tsalab.errors import MigrationError
from tsalab.messages import say
from tsalab.migrate.digests import count
from tsalab.migrate.login import Connection, Login, named, opened
from tsalab.migrate.schema import Column, Table, columns, left_out, read_table, tables

# The same thing under two names: MariaDB's JSON is a longtext with a CHECK.
_ALIKE = {"json": "longtext", "uuid": "char", "inet6": "varchar", "inet4": "varchar"}


@dataclass(frozen=True)
class Plan:
    """What is to be copied.

    Attributes
    ----------
    tables
        Every table of the source.
    rows
        Rows by table, when the plan was made.
    created
        Tables that `prepare` created on the target just now.
    left_out
        Views, triggers, routines, events of the source: not copied.
    """

    tables: tuple[Table, ...]
    rows: dict[str, int]
    created: tuple[str, ...]
    left_out: tuple[str, ...]


def plan(source: Login) -> Plan:
    """Look at the source; changes nothing.

    Raises
    ------
    MigrationError
        Also when the source has something that cannot be copied.
    """
    with opened(source) as connection, named(source, say("migration.doing.reading_tables")):
        return read_plan(connection)


def read_plan(connection: Connection) -> Plan:
    """The plan, as an open connection (and its snapshot) sees the source."""
    found = tuple(read_table(connection, name) for name in tables(connection))
    rows = {table.name: count(connection, table.name) for table in found}
    return Plan(found, rows, (), tuple(left_out(connection)))


def prepare(source: Login, target: Login) -> Plan:
    """Create every missing table on the target, empty and without foreign keys.

    Again is harmless: tables that are there already, and alike, are left alone.

    Raises
    ------
    MigrationError
        When the target has another table of the same name, or refuses one.
    """
    planned = plan(source)
    with opened(target) as connection:
        created = create_missing(connection, planned, target)
    return Plan(planned.tables, planned.rows, created, planned.left_out)


def create_missing(connection: Connection, planned: Plan, target: Login) -> tuple[str, ...]:
    """Create the plan's tables that the target lacks; the names of these."""
    with named(target, say("migration.doing.reading_tables")):
        present = set(tables(connection))
        for table in planned.tables:
            if table.name in present:
                _must_be_alike(table, columns(connection, table.name))
    created = []
    for table in planned.tables:
        if table.name not in present:
            with (
                named(target, say("migration.doing.creating_table", table=table.name)),
                connection.cursor() as cursor,
            ):
                cursor.execute("SET foreign_key_checks = 0")
                cursor.execute(table.create)
                created.append(table.name)
    return tuple(created)


def _must_be_alike(table: Table, there: tuple[Column, ...]) -> None:
    ours = {column.name: _ALIKE.get(column.kind, column.kind) for column in table.stored}
    theirs = {column.name: _ALIKE.get(column.kind, column.kind) for column in there if not column.generated}
    if ours == theirs:
        return
    differing = sorted(name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name))
    raise MigrationError.other_table(
        table.name, say("migration.other_table.columns", columns=", ".join(differing))
    )
