"""What a person tells a capture that has ended: where to go on, or that it is over."""

from __future__ import annotations

from tsalab.errors import CaptureError
from tsalab.messages import say
from tsalab.migrate import finishing
from tsalab.migrate.capture import notes
from tsalab.migrate.capture.notes import Note
from tsalab.migrate.capture.position import Position
from tsalab.migrate.login import Connection, Login, named, opened
from tsalab.migrate.migration import accepted
from tsalab.migrate.planning import make_plan


def noted(target: Login) -> Note | None:
    """How far a target is by what it holds itself; None when it never followed anything.

    Raises
    ------
    MigrationError
        When it cannot be reached.
    """
    with opened(target) as connection, named(target, say("migration.doing.applying")):
        return notes.read(connection)


def go_on_after(target: Login, position: Position) -> Note:
    """Have the next run go on after a statement that was refused, once it was done by hand.

    Parameters
    ----------
    target
        Where it was done.
    position
        The end of the statement, as the error names it.

    Raises
    ------
    CaptureError
        When the target holds no position, or a later one.
    """
    with opened(target) as connection, named(target, say("migration.doing.applying")):
        note = _note(connection, target)
        if position < note.position:
            raise CaptureError.not_behind(target.where, str(position), str(note.position))
        after = note.moved(position=position, pending=None)
        notes.write(connection, note, after)
    return after


def make_objects(source: Login, target: Login, tables: tuple[str, ...] = ()) -> tuple[list[str], list[str]]:
    """Make what was left for the cut-over, when nothing is followed any more: triggers would do things twice.

    Parameters
    ----------
    tables
        Names that were followed; none for all of them.

    Returns
    -------
    tuple of list of str
        Views, triggers, routines and events that were made, and such as are left out.

    Raises
    ------
    MigrationError
        When one cannot be made.
    """
    with opened(source) as here, opened(target) as there:
        plan = accepted(make_plan(here, there, source=source, target=target, tables=tables))
        return finishing.make_objects(there, plan.objects, target)


def forget(target: Login) -> None:
    """Drop what the target holds of a capture: it follows nothing any more.

    Raises
    ------
    MigrationError
        When it cannot be reached, or refuses.
    """
    with opened(target) as connection, named(target, say("migration.doing.applying")):
        notes.forget(connection)


def _note(connection: Connection, target: Login) -> Note:
    note = notes.read(connection)
    if note is None:
        raise CaptureError.no_start(target.where)
    return note
