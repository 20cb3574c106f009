"""What a database holds besides tables: views, triggers, routines, events.

Each with the statement that the source prints, and the session it was made in. One that the
login may not read is there too, without a statement and with the server's reason.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter

import pymysql

from tsalab.migrate.catalogue.asking import ask, quote
from tsalab.migrate.login import Connection, number_of, text_of
from tsalab.migrate.model import ObjectKind

_LOST = {0, 2006, 2013, 2055}  # of the connection; anything else is about the object

_VIEWS = (
    "SELECT TABLE_NAME, DEFINER, VIEW_DEFINITION FROM information_schema.VIEWS"
    " WHERE TABLE_SCHEMA = DATABASE() ORDER BY TABLE_NAME"
)
_TRIGGERS = (
    "SELECT TRIGGER_NAME, DEFINER, EVENT_OBJECT_TABLE FROM information_schema.TRIGGERS"
    " WHERE TRIGGER_SCHEMA = DATABASE()"
    " ORDER BY EVENT_OBJECT_TABLE, ACTION_TIMING, EVENT_MANIPULATION, ACTION_ORDER"
)
_ROUTINES = (
    "SELECT ROUTINE_NAME, DEFINER, LOWER(ROUTINE_TYPE) FROM information_schema.ROUTINES"
    " WHERE ROUTINE_SCHEMA = DATABASE() ORDER BY ROUTINE_TYPE, ROUTINE_NAME"
)
_EVENTS = (
    "SELECT EVENT_NAME, DEFINER, '' FROM information_schema.EVENTS"
    " WHERE EVENT_SCHEMA = DATABASE() ORDER BY EVENT_NAME"
)


@dataclass(frozen=True)
class SourceObject:
    """A stored object as the source has it.

    Attributes
    ----------
    kind, name
        Which; None for a kind that is not copied, e.g. a package.
    called
        The kind, as the dictionary calls it.
    create
        What SHOW CREATE prints; empty when the login may not see it.
    definer
        Whose it is.
    sql_mode, collation, time_zone
        Of its session; the character set of its text is ours.
    table
        A trigger's.
    definition
        A view's query with every name in full, as the dictionary has it.
    reason
        Why there is no statement.
    """

    kind: ObjectKind | None
    name: str
    called: str
    create: str = ""
    definer: str = ""
    sql_mode: str = ""
    collation: str = ""
    time_zone: str = ""
    table: str = ""
    definition: str = ""
    reason: str = ""


def read_objects(connection: Connection) -> list[SourceObject]:
    """Every stored object, in an order in which they can be made; within `readable`.

    Functions and procedures first, for views may call them, then views, each behind those it
    reads, then triggers, then events.
    """
    found = [_routine(connection, *row) for row in ask(connection, _ROUTINES)]
    views = []
    for name, definer, definition in ask(connection, _VIEWS):
        known = SourceObject(ObjectKind.VIEW, name, "view", definer=definer, definition=definition)
        views.append(_read(connection, known))
    found += _by_dependence(connection, views)
    for name, definer, table in ask(connection, _TRIGGERS):
        known = SourceObject(ObjectKind.TRIGGER, name, "trigger", definer=definer, table=table)
        found.append(_read(connection, known))
    for name, definer, _ in ask(connection, _EVENTS):
        found.append(_read(connection, SourceObject(ObjectKind.EVENT, name, "event", definer=definer)))
    return found


def names_of_objects(connection: Connection) -> list[str]:
    """Kind and name of each, as far as the login may see them, sorted."""
    named = (
        (_VIEWS, ObjectKind.VIEW.value),
        (_TRIGGERS, ObjectKind.TRIGGER.value),
        (_ROUTINES, ""),
        (_EVENTS, ObjectKind.EVENT.value),
    )
    return sorted(f"{kind or row[2]} {row[0]}" for query, kind in named for row in ask(connection, query))


def _routine(connection: Connection, name: str, definer: str, called: str) -> SourceObject:
    if called not in set(ObjectKind):
        return SourceObject(None, name, called, definer=definer)
    return _read(connection, SourceObject(ObjectKind(called), name, called, definer=definer))


def _read(connection: Connection, known: SourceObject) -> SourceObject:
    try:
        row = ask(connection, f"SHOW CREATE {known.called.upper()} {quote(known.name)}")[0]
    except pymysql.err.MySQLError as error:
        if number_of(error) in _LOST:
            raise
        return replace(known, reason=text_of(error))
    match known.kind:
        case ObjectKind.VIEW:
            return replace(known, create=row[1], collation=row[3])
        case ObjectKind.EVENT:
            return replace(known, sql_mode=row[1], time_zone=row[2], create=row[3], collation=row[5])
        case _:
            return replace(known, sql_mode=row[1], create=row[2], collation=row[4])


def _by_dependence(connection: Connection, views: list[SourceObject]) -> list[SourceObject]:
    """Views, each behind those that it reads."""
    here = quote(ask(connection, "SELECT DATABASE()")[0][0])
    by_name = {view.name: view for view in views}
    order: TopologicalSorter[str] = TopologicalSorter()
    for view in views:
        read = [name for name in by_name if name != view.name and f"{here}.{quote(name)}" in view.definition]
        order.add(view.name, *read)
    try:
        return [by_name[name] for name in order.static_order()]
    except CycleError:  # a name in a text of a query, taken for a view
        return views
