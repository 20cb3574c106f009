"""What of a plan the target has already, and whether it is the same."""

from __future__ import annotations

import re

from tsalab.messages import say
from tsalab.migrate.catalogue import Server, columns, entries, keys
from tsalab.migrate.ddl import Findings
from tsalab.migrate.login import Connection
from tsalab.migrate.model import Column, Table

# MySQL 8 no longer tells the width that a whole number is displayed with.
_WIDTH = re.compile(r"^(tinyint|smallint|mediumint|int|bigint|year)\(\d+\)")
# The same kind under two names.
_ALIKE = {"geomcollection": "geometrycollection"}


def present_tables(
    connection: Connection, planned: tuple[Table, ...], target: Server, findings: Findings
) -> tuple[str, ...]:
    """Names of the planned tables that are there; within `readable`.

    One that differs from what the plan would make is refused, for its rows would not fit.
    """
    there = {entry.name: entry for entry in entries(connection)}
    present = []
    for table in planned:
        entry = there.get(table.name)
        if entry is None:
            continue
        subject = say("migration.subject.table", table=table.name)
        if entry.kind != "BASE TABLE":
            findings.refuse(subject, say("migration.refusal.other_kind", kind=entry.kind.lower()))
            continue
        present.append(table.name)
        differing = differences(table, columns(connection, table.name))
        if differing:
            findings.refuse(subject, say("migration.refusal.other_columns", columns=", ".join(differing)))
        elif table.path is not None and not _has(connection, table):
            findings.refuse(subject, say("migration.refusal.other_key", key=table.path.name))
    _fold(planned, target, findings)
    return tuple(present)


def differences(table: Table, there: tuple[Column, ...]) -> list[str]:
    """Names of the columns that differ from what the plan would make, sorted."""
    wanted = {column.name: column for column in table.target_columns or table.columns}
    found = {column.name: column for column in there}
    return sorted(
        name
        for name in wanted.keys() | found.keys()
        if name not in wanted or name not in found or not _alike(wanted[name], found[name])
    )


def _alike(wanted: Column, found: Column) -> bool:
    return _shape(wanted) == _shape(found)


def _shape(column: Column) -> tuple[object, ...]:
    definition = (
        _WIDTH.sub(r"\1", column.definition) if "zerofill" not in column.definition else column.definition
    )
    charset = column.charset.replace("utf8mb3", "utf8")
    kind = _ALIKE.get(column.kind, column.kind)
    return (
        kind,
        _ALIKE.get(definition, definition),
        column.nullable,
        column.generated,
        column.auto_increment,
        charset,
    )


def _has(connection: Connection, table: Table) -> bool:
    path = table.path
    return path is not None and any(
        key.unique and key.whole and key.columns == path.columns for key in keys(connection, table.name)
    )


def _fold(planned: tuple[Table, ...], target: Server, findings: Findings) -> None:
    """A server that keeps names in small letters cannot have two that differ in capitals alone."""
    if target.variables.get("lower_case_table_names", "0") == "0":
        return
    seen: dict[str, str] = {}
    for table in planned:
        other = seen.setdefault(table.name.lower(), table.name)
        if other != table.name:
            findings.refuse(
                say("migration.subject.table", table=table.name),
                say("migration.refusal.capitals", other=other),
            )
