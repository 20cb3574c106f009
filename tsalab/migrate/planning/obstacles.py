"""What stands in a target's way before the first statement: its settings, and what its login may not do."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import replace

from tsalab.messages import say
from tsalab.migrate.catalogue import Server, ask, entries, keys
from tsalab.migrate.catalogue.privileges import Privileges, read_privileges
from tsalab.migrate.ddl import Findings
from tsalab.migrate.login import Connection
from tsalab.migrate.model import Key, ObjectKind, StoredObject, Table

_FOR_TABLES = {"SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "DROP", "ALTER", "INDEX"}
_FOR_OBJECTS = {
    ObjectKind.VIEW: "CREATE VIEW",
    ObjectKind.TRIGGER: "TRIGGER",
    ObjectKind.PROCEDURE: "CREATE ROUTINE",
    ObjectKind.FUNCTION: "CREATE ROUTINE",
    ObjectKind.EVENT: "EVENT",
    ObjectKind.GRANT: "GRANT OPTION",
}
# Who may make functions and triggers while the binary log is on.
_TRUSTED = {"SUPER", "BINLOG ADMIN", "ALL PRIVILEGES"}
_LOGGED = {ObjectKind.FUNCTION, ObjectKind.TRIGGER}

# Below this, rows that most databases have need several tries (MariaDB's default is 16 MiB).
SMALL_PACKET = 16 << 20


def refuse_itself(here: Connection, there: Connection, findings: Findings) -> None:
    """Refuse a target that is the source: its rows would be taken for a copy, and our notes written to it.

    Addresses tell nothing (a forwarded port, another name). A lock that one connection holds is
    seen by the other only on the same server.
    """
    word = f"tsalab {secrets.token_hex(16)}"
    ((name, _),) = ask(here, "SELECT DATABASE(), GET_LOCK(%s, 0)", word)
    ((other, holder),) = ask(there, "SELECT DATABASE(), IS_USED_LOCK(%s)", word)
    ask(here, "SELECT RELEASE_LOCK(%s)", word)
    if holder and name == other:
        findings.refuse(say("migration.subject.target"), say("migration.refusal.itself"))


def look_for_obstacles(
    connection: Connection,
    planned: tuple[Table, ...],
    made: tuple[StoredObject, ...],
    source: Server,
    target: Server,
    findings: Findings,
) -> None:
    """Refuse what would fail later, and note what may; `connection` is the target's, within `readable`."""
    held = read_privileges(connection, target.database)
    made = tuple(one for one in made if one.copied)
    _privileges(held, planned, made, target, findings)
    if "local_infile" in target.variables and not target.on("local_infile"):
        findings.refuse(
            say("migration.subject.setting", name="local_infile"), say("migration.refusal.local_infile")
        )
    _binary_log(held, made, target, findings)
    _primary_keys(planned, target, findings)
    for server in (source, target):
        size = int(server.variables.get("max_allowed_packet", 0))
        if 0 < size < SMALL_PACKET:
            findings.note(
                say(
                    "migration.note.small_packet",
                    server=server.named,
                    database=server.database,
                    size=size / (1 << 20),
                    usual=SMALL_PACKET >> 20,
                )
            )


def _privileges(
    held: Privileges,
    planned: tuple[Table, ...],
    made: tuple[StoredObject, ...],
    target: Server,
    findings: Findings,
) -> None:
    wanted = set(_FOR_TABLES) if planned else set()
    if any(table.foreign_keys for table in planned):
        wanted.add("REFERENCES")
    wanted |= {_FOR_OBJECTS[one.kind] for one in made}
    lacking = ", ".join(held.lacking(wanted))
    if not lacking:
        return
    if held.certain:
        findings.refuse(
            say("migration.subject.login", database=target.database),
            say("migration.refusal.privileges", privileges=lacking),
        )
    else:
        findings.note(say("migration.note.privileges", privileges=lacking, database=target.database))


def _binary_log(held: Privileges, made: tuple[StoredObject, ...], target: Server, findings: Findings) -> None:
    """Error 1419: with the binary log on, only the trusted make functions and triggers."""
    if (
        target.on("log_bin")
        and not target.on("log_bin_trust_function_creators")
        and not held.everywhere & _TRUSTED
        and any(one.kind in _LOGGED for one in made)
    ):
        findings.refuse(
            say("migration.subject.setting", name="log_bin_trust_function_creators"),
            say("migration.refusal.binary_log"),
        )


def _primary_keys(planned: tuple[Table, ...], target: Server, findings: Findings) -> None:
    for setting in ("sql_require_primary_key", "innodb_force_primary_key"):
        if target.on(setting):
            for table in planned:
                if not any(key.name == "PRIMARY" for key in table.keys):
                    findings.refuse(
                        say("migration.subject.table", table=table.name),
                        say("migration.refusal.primary_key", setting=setting),
                    )


def reachable_references(
    connection: Connection, planned: tuple[Table, ...], target: Server, findings: Findings
) -> tuple[Table, ...]:
    """Tables without the foreign keys whose other end will not be there; `connection` is the target's."""
    names = {table.name for table in planned} | {entry.name for entry in entries(connection)}
    found = []
    for table in planned:
        lost = {name for name, to in table.references.items() if to.parent not in names}
        for name in sorted(lost):
            findings.convert(
                say("migration.subject.key", table=table.name, key=name),
                table.foreign_keys[name],
                "",
                say("migration.conversion.foreign_key", parent=table.references[name].parent),
            )
        found.append(
            replace(
                table,
                foreign_keys={name: key for name, key in table.foreign_keys.items() if name not in lost},
                references={name: to for name, to in table.references.items() if name not in lost},
            )
            if lost
            else table
        )
    _to_unique_keys(connection, tuple(found), target, findings)
    return tuple(found)


def _to_unique_keys(
    connection: Connection, planned: tuple[Table, ...], target: Server, findings: Findings
) -> None:
    """MySQL 8.4 lets a foreign key lead to a unique key only (error 6125)."""
    if not target.on("restrict_fk_on_non_standard_key"):
        return
    known = {table.name: table.keys for table in planned}
    for table, name in _references(planned):
        to = table.references[name]
        of = known.get(to.parent) or keys(connection, to.parent)
        if not _covered(of, to.parent_columns):
            findings.refuse(
                say("migration.subject.key", table=table.name, key=name),
                say("migration.refusal.not_unique", parent=to.parent, server=target.named),
            )


def _references(planned: tuple[Table, ...]) -> Iterator[tuple[Table, str]]:
    for table in planned:
        for name in table.references:
            yield table, name


def _covered(of: tuple[Key, ...], columns: tuple[str, ...]) -> bool:
    return any(key.unique and key.whole and set(key.columns) == set(columns) for key in of)
