"""The plain engine's first part: look at the source, create the empty tables."""

from __future__ import annotations

from dataclasses import dataclass

from tsalab.errors import MigrationError
from tsalab.messages import say
from tsalab.migrate.catalogue import Server, columns, quote, read_server, readable, tables
from tsalab.migrate.catalogue.objects import names_of_objects
from tsalab.migrate.ddl import Findings
from tsalab.migrate.digests import count
from tsalab.migrate.login import Connection, Login, named, opened
from tsalab.migrate.model import Column, Table
from tsalab.migrate.planning.choosing import planned_tables

# The same thing under two names: MariaDB's JSON is a longtext with a CHECK.
_ALIKE = {"json": "longtext", "uuid": "char", "inet6": "varchar", "inet4": "varchar"}


@dataclass(frozen=True)
class Prepared:
    """What is to be copied.

    Attributes
    ----------
    tables
        Every table of the source.
    rows
        Rows by table, when it was looked at.
    created
        Tables that `prepare` created on the target just now.
    left_out
        Views, triggers, routines, events of the source: not copied.
    """

    tables: tuple[Table, ...]
    rows: dict[str, int]
    created: tuple[str, ...]
    left_out: tuple[str, ...]


def plan(source: Login) -> Prepared:
    """Look at the source; changes nothing.

    Raises
    ------
    MigrationError
        Also when the source has something that cannot be copied.
    """
    with opened(source) as connection, named(source, say("migration.doing.reading_tables")):
        return read_plan(connection)


def read_plan(connection: Connection, target: Server | None = None) -> Prepared:
    """What is to be copied, as an open connection (and its snapshot) sees the source.

    Raises
    ------
    MigrationError
        When the source has something that cannot be copied.
    """
    findings = Findings()
    with readable(connection):
        here = read_server(connection)
        found = planned_tables(connection, here, target or here, (), findings)
        for refusal in findings.refusals:
            raise MigrationError.unsupported(refusal.subject, refusal.reason)
        left_out = names_of_objects(connection)
    rows = {table.name: count(connection, table.name) for table in found}
    return Prepared(found, rows, (), tuple(left_out))


def prepare(source: Login, target: Login) -> Prepared:
    """Create every missing table on the target, empty and without foreign keys.

    Again is harmless: tables that are there already, and alike, are left alone.

    Raises
    ------
    MigrationError
        When the target has another table of the same name, or refuses one.
    """
    with opened(target) as connection:
        with named(target, say("migration.doing.reading_tables")), readable(connection):
            there = read_server(connection)
        with opened(source) as reader, named(source, say("migration.doing.reading_tables")):
            planned = read_plan(reader, there)
        created = create_missing(connection, planned, target)
    return Prepared(planned.tables, planned.rows, created, planned.left_out)


def create_missing(connection: Connection, planned: Prepared, target: Login) -> tuple[str, ...]:
    """Create the tables that the target lacks, with all their keys; the names of these."""
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
                for key in table.late_keys.values():
                    cursor.execute(f"ALTER TABLE {quote(table.name)} ADD {key}")
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
