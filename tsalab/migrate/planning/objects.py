"""The stored objects of a plan, and who may do what with the database."""

from __future__ import annotations

from dataclasses import replace

from tsalab.messages import say
from tsalab.migrate.catalogue import Server
from tsalab.migrate.catalogue.grants import read_grants
from tsalab.migrate.catalogue.objects import SourceObject, names_of_objects, read_objects
from tsalab.migrate.catalogue.privileges import read_privileges
from tsalab.migrate.ddl import Findings
from tsalab.migrate.ddl.objects import rewrite_grant, rewrite_object
from tsalab.migrate.ddl.tokens import significant, text, tokens
from tsalab.migrate.login import Connection, Login
from tsalab.migrate.model import ObjectKind, StoredObject

# What one must be allowed to see that it is there at all.
_TO_SEE = {"SHOW VIEW", "TRIGGER", "EVENT"}


def planned_objects(
    connection: Connection,
    source: Server,
    target: Server,
    login: Login,
    chosen: tuple[str, ...],
    findings: Findings,
) -> tuple[StoredObject, ...]:
    """Stored objects as they are made on the target, in their order; within `readable`.

    Parameters
    ----------
    connection
        To the source.
    source, target
        The two servers.
    login
        The target's: whose the objects become.
    chosen
        Names of tables, when not all are moved: of the objects, only their triggers go along.
    findings
        Added to.
    """
    hidden = read_privileges(connection, source.database).lacking(_TO_SEE)
    if hidden:
        findings.note(say("migration.note.hidden_objects", privileges=", ".join(hidden)))
    found = read_objects(connection)
    if chosen:
        left_out = [one for one in found if one.table not in chosen]
        found = [one for one in found if one.table in chosen]
        _say_left_out([f"{one.called} {one.name}" for one in left_out], findings)
    made = [rewrite_object(one, source, target, login.user, findings) for one in found]
    _compare_collations(found, source, target, findings)
    if source.vendor is not target.vendor and found:
        findings.note(say("migration.note.bodies", server=target.named))
    return tuple(one for one in made if one is not None)


def say_unwanted(connection: Connection, findings: Findings) -> None:
    """Name the objects that are not wanted; within `readable`."""
    _say_left_out(names_of_objects(connection), findings)


def planned_grants(
    connection: Connection, target: Server, findings: Findings, *, copied: bool
) -> tuple[StoredObject, ...]:
    """Grants as far as the login may see them: reported, or made where that is wanted."""
    found = [rewrite_grant(grant, target, copied=copied) for grant in read_grants(connection)]
    made = tuple(one for one in found if one is not None)
    if made:
        findings.note(
            say("migration.note.accounts") if copied else say("migration.note.grants", count=len(made))
        )
    return made


def without_present(
    connection: Connection, made: tuple[StoredObject, ...], source: Server, target: Server, findings: Findings
) -> tuple[StoredObject, ...]:
    """Objects with those that the target has already marked as not to be made; within `readable`.

    One that is there and is another one stands in the way.
    """
    there = {(one.kind, one.name): one for one in read_objects(connection)}
    found = []
    for one in made:
        present = there.get((one.kind, one.name))
        if present is None:
            found.append(one)
            continue
        subject = say("migration.subject.object", kind=one.kind.value, name=one.name)
        # Vendors print the same view in different ways, so across them the name must do.
        if source.vendor is target.vendor and not _alike(one, present, target):
            findings.refuse(subject, say("migration.refusal.other_object"))
        else:
            findings.note(say("migration.note.present_object", subject=subject))
        found.append(replace(one, copied=False))
    return tuple(found)


def _alike(made: StoredObject, present: SourceObject, target: Server) -> bool:
    as_made = rewrite_object(present, target, target, "", Findings())
    return as_made is not None and _bare(as_made) == _bare(made)


def _bare(one: StoredObject) -> str:
    return text(significant(tokens(one.create, one.session.get("sql_mode", ""))))


def _say_left_out(names: list[str], findings: Findings) -> None:
    if names:
        findings.note(say("migration.note.left_out", names=", ".join(sorted(names))))


def _compare_collations(
    found: list[SourceObject], source: Server, target: Server, findings: Findings
) -> None:
    """A parameter or variable without a character set takes the database's."""
    routines = {ObjectKind.FUNCTION, ObjectKind.PROCEDURE, ObjectKind.TRIGGER, ObjectKind.EVENT}
    here, there = (server.variables.get("collation_database", "") for server in (source, target))
    if here != there and any(one.kind in routines for one in found):
        findings.note(say("migration.note.database_collation", here=here, there=there))
