"""What a person tells a capture that has ended: where to go on, or that it is over."""

from __future__ import annotations

from tsalab.errors import CaptureError
from tsalab.messages import say
from tsalab.migrate.capture import notes
from tsalab.migrate.capture.notes import Note
from tsalab.migrate.capture.position import Position
from tsalab.migrate.login import Connection, Login, named, opened


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
