"""The plan: what a migration will create, convert and refuse, before anything is written."""

from __future__ import annotations

from tsalab.messages import say
from tsalab.migrate.catalogue import read_server, readable
from tsalab.migrate.ddl import Findings
from tsalab.migrate.login import Connection, Login, named
from tsalab.migrate.model import Plan, StoredObject
from tsalab.migrate.planning.choosing import planned_tables
from tsalab.migrate.planning.objects import planned_grants, planned_objects, say_unwanted, without_present
from tsalab.migrate.planning.obstacles import look_for_obstacles, reachable_references, refuse_itself
from tsalab.migrate.planning.presence import present_tables


def make_plan(
    source_connection: Connection,
    target_connection: Connection,
    *,
    source: Login,
    target: Login,
    tables: tuple[str, ...] = (),
    objects: bool = True,
    grants: bool = False,
) -> Plan:
    """Read both sides and say what is to be done; writes nothing.

    Parameters
    ----------
    source_connection, target_connection
        Open, in whatever transaction they have: only information_schema and SHOW are asked.
    source, target
        Whose they are, for messages.
    tables
        Names of tables; none for all of them.
    objects
        Whether views, triggers, routines and events belong to it.
    grants
        Whether grants are to be made; else they are only reported.

    Raises
    ------
    MigrationError
        When a table is not there, or a side does not answer. What cannot be moved is no error
        here: it is among `Plan.refusals`, all of it.
    """
    findings = Findings()
    with named(target, say("migration.doing.reading_tables")), readable(target_connection):
        there = read_server(target_connection)
        refuse_itself(source_connection, target_connection, findings)
    with named(source, say("migration.doing.reading_tables")), readable(source_connection):
        here = read_server(source_connection)
        found = planned_tables(source_connection, here, there, tables, findings)
        made: tuple[StoredObject, ...] = ()
        if objects:
            made = planned_objects(source_connection, here, there, target, tables, findings)
        else:
            say_unwanted(source_connection, findings)
        made += planned_grants(source_connection, there, findings, copied=grants)
    with named(target, say("migration.doing.reading_tables")), readable(target_connection):
        present = present_tables(target_connection, found, there, findings)
        found = reachable_references(target_connection, found, there, findings)
        made = without_present(target_connection, made, here, there, findings)
        look_for_obstacles(target_connection, found, made, here, there, findings)
    return Plan(
        here.vendor,
        there.vendor,
        found,
        present,
        made,
        tuple(findings.conversions),
        tuple(findings.refusals),
        tuple(findings.notes),
    )
