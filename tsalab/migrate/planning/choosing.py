"""The tables of a plan: read from the source, chosen, rewritten for the target."""

from __future__ import annotations

import difflib

from tsalab.errors import MigrationError
from tsalab.messages import say
from tsalab.migrate.catalogue import Entry, Server, entries, read_tables
from tsalab.migrate.catalogue.tables import UNSUPPORTED
from tsalab.migrate.ddl import Findings, rewrite
from tsalab.migrate.login import Connection
from tsalab.migrate.model import Table


def planned_tables(
    connection: Connection, source: Server, target: Server, chosen: tuple[str, ...], findings: Findings
) -> tuple[Table, ...]:
    """The chosen tables as they are to be on the target; within `readable`.

    Raises
    ------
    MigrationError
        When a name is no table's of the source.
    """
    found = _chosen(connection, source, chosen)
    for entry in found:
        if entry.kind in UNSUPPORTED:
            findings.refuse(
                f"{entry.kind.lower()} {entry.name}",
                say(f"migration.unsupported.because.{UNSUPPORTED[entry.kind]}"),
            )
    ordinary = [entry for entry in found if entry.kind == "BASE TABLE"]
    return tuple(rewrite(table, source, target, findings) for table in read_tables(connection, ordinary))


def _chosen(connection: Connection, source: Server, chosen: tuple[str, ...]) -> list[Entry]:
    found = [entry for entry in entries(connection) if "VIEW" not in entry.kind]
    if not chosen:
        return found
    names = [entry.name for entry in found]
    unknown = sorted(set(chosen) - set(names))
    if unknown:
        near = {name: difflib.get_close_matches(name, names, 3, 0.5) for name in unknown}
        raise MigrationError.unknown_tables(source.database, near, names)
    return [entry for entry in found if entry.name in chosen]
