"""One go at following: connections to both sides, until it is stopped or a connection breaks."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import pymysql

from tsalab.errors import CaptureError
from tsalab.messages import say
from tsalab.migrate.capture import notes
from tsalab.migrate.capture.altering import Altering
from tsalab.migrate.capture.feed import Commit, Feed, Idle, Item
from tsalab.migrate.capture.notes import Counts, Note, Pending
from tsalab.migrate.capture.position import Position, log_sizes, position_of
from tsalab.migrate.capture.queries import Query
from tsalab.migrate.capture.requirements import require_log, require_source, require_target
from tsalab.migrate.capture.rows import Rows
from tsalab.migrate.capture.statements import Change, RefusedError, understood
from tsalab.migrate.capture.stream import Stream
from tsalab.migrate.capture.writing import Writer
from tsalab.migrate.catalogue import ask
from tsalab.migrate.login import Connection, Login, connect, kill, named
from tsalab.migrate.model import Vendor

_TURN = 0.05  # seconds until a stop is noticed while nothing happens
_ASK = 1.0  # seconds between two looks at the source's position
_KEEP = 1.0  # seconds after which a position is written though nothing was changed
# A transaction of the target holds whole ones of the source, until one of these is reached.
_BYTES, _ROWS, _SECONDS = 4 << 20, 5000, 0.5
_SHOWN = 500  # signs of a statement
_PATIENCE = 10  # seconds for the lock of a connection that broke just now
_COUNTED = {"insert": "inserts", "update": "updates", "delete": "deletes"}


@dataclass(frozen=True)
class Sides:
    """From where to where, and which tables.

    Attributes
    ----------
    source, target
        Databases.
    follows
        Whether a table of the source is followed.
    """

    source: Login
    target: Login
    follows: Callable[[str], bool]


@dataclass
class Reached:
    """What a go tells while it runs; written by its thread alone.

    Attributes
    ----------
    note
        What the target holds for good, as it is written there.
    position
        Up to where nothing is missing in it; later than the note's where nothing of ours was changed.
    end, sizes
        Of the source's log, when it was last asked.
    ahead
        Seconds by which the source's clock is ahead of ours.
    idle
        Whether the source has nothing more, as far as it said.
    """

    note: Note
    position: Position
    end: Position
    sizes: dict[str, int]
    ahead: float
    idle: bool = False


class Following:
    """A go. Use it as a context manager: at its end nothing of it runs any more.

    Parameters
    ----------
    sides
        From where to where.
    start
        Where to begin when the target is not as far; None to go on where it is.
    stopped
        Whether to end; asked all the time.
    tell
        Called when it came further, and once a second.

    Raises
    ------
    MigrationError
        When a side cannot be reached or is not set up for it.
    """

    def __init__(
        self,
        sides: Sides,
        start: Position | None,
        stopped: Callable[[], bool],
        tell: Callable[[Reached], None],
    ) -> None:
        self._sides, self._stopped, self._tell = sides, stopped, tell
        self._open = ExitStack()
        try:
            self._link = self._connected(sides.target)
            self._probe = self._connected(sides.source)
            require_source(self._probe, sides.source, sides.follows)
            require_target(self._link, sides.target, sides.follows)
            self._maker = self._connected(sides.target)
            self._lock(self._link, "rows")
            self._lock(self._maker, "tables")  # held for as long as its statement runs, whoever was killed
            self.reached = self._found(start)
            at = self.reached.note.position
            require_log(self._probe, sides.source, at)
            self._writer = Writer(self._link, sides.target, self._charsets())
            self._altering = Altering(self._maker, sides.target, self._writer.vendor)
            events = Stream(sides.source, at)
            self._feed = Feed(events, at, sides.source.database, sides.follows)
            self._open.callback(self._feed.close)
        except BaseException:
            self._open.close()
            raise
        self._position = at  # up to where everything is in the transaction at hand
        self._time = self.reached.note.time
        self._transactions = 0
        self._counts: dict[str, dict[str, int]] = {}
        self._dirty = self._inside = False
        self._bytes = self._rows = 0
        self._begun = self._asked = self._kept = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None and not issubclass(kind, Exception):
            # Interrupted in the middle of a statement: the server would go on with it.
            for connection in (self._link, self._maker):
                kill(self._sides.target, int(connection.thread_id()))  # type: ignore[no-untyped-call]
        self._open.close()

    def _connected(self, login: Login) -> Connection:
        connection = connect(login)

        def close() -> None:
            with suppress(pymysql.err.Error, OSError):  # it may have broken
                if connection.open:
                    connection.close()

        self._open.callback(close)
        return connection

    def _lock(self, connection: Connection, what: str) -> None:
        """Be the only one that applies changes to the target, as long as the connection lives."""
        target = self._sides.target
        name = "tsalab_" + hashlib.sha256(f"{target.database} {what}".encode()).hexdigest()[:40]
        with named(target, say("migration.doing.applying")):
            if ask(connection, "SELECT GET_LOCK(%s, %s)", name, _PATIENCE)[0][0] != "1":
                raise CaptureError.another_capture(target.where)

    def _found(self, start: Position | None) -> Reached:
        source, target = self._sides.source, self._sides.target
        with named(target, say("migration.doing.applying")):
            notes.create(self._link)
            note = notes.read(self._link)
            if note is not None and note.source != source.database:
                raise CaptureError.other_source(target.where, note.source, source.database)
            # A copy that was made again began later than what was applied to the one before.
            if note is None or (start is not None and note.position < start):
                if start is None:
                    raise CaptureError.no_start(target.where)
                note = Note(source.database, start)
                notes.begin(self._link, note)
        before = time.time()
        with named(source, say("migration.doing.asking_position")):
            (now,) = ask(self._probe, "SELECT UNIX_TIMESTAMP(NOW(6))")[0]
            end, sizes = position_of(self._probe, source), log_sizes(self._probe)
        return Reached(note, note.position, end, sizes, float(now) - (before + time.time()) / 2)

    @cached_property
    def _collation(self) -> str:
        """Of the source's database."""
        with named(self._sides.source, say("migration.doing.reading_tables")):
            return ask(self._probe, "SELECT @@collation_database")[0][0]

    def _charsets(self) -> dict[int, str]:
        with named(self._sides.source, say("migration.doing.reading_tables")):
            columns = ask(
                self._probe,
                "SELECT COLUMN_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = 'information_schema'"
                " AND TABLE_NAME = 'COLLATION_CHARACTER_SET_APPLICABILITY' AND COLUMN_NAME = 'ID'",
            )
            # Since 10.10 one name stands for collations of several character sets, each with its number.
            table = "COLLATION_CHARACTER_SET_APPLICABILITY" if columns else "COLLATIONS"
            query = f"SELECT ID, CHARACTER_SET_NAME FROM information_schema.{table}"  # noqa: S608 - our own names
            return {int(number): name for number, name in ask(self._probe, query) if number}

    # --- following ----------------------------------------------------------------------

    def run(self) -> None:
        """Follow, until it is to end.

        Raises
        ------
        MigrationError
            When it cannot go on.
        TryAgainError
            When another transaction of the target was in the way.
        """
        self._feed.start()
        self._tell(self.reached)
        while not self._stopped():
            # Between transactions whatever is done is committed as soon as nothing waits.
            waiting = self._dirty and not self._inside
            item = self._feed.get(0 if waiting else _TURN)
            if item is not None:
                self._take(item)
            elif waiting:
                self._commit()
            self._now_and_then()
        if self._dirty and not self._inside:
            self._commit()
        elif not self._inside:
            self._keep()

    def _take(self, item: Item) -> None:
        if isinstance(item, Idle):
            if self._dirty:
                self._commit()
            self.reached.idle = True
            self._settle(item.end)
            return
        self.reached.idle = False
        if isinstance(item, Rows):
            self._inside = True
            self._begin()
            self._writer.add(item)
            self._count(item.of.table, _COUNTED[item.kind], len(item.after or item.before))
            self._bytes += item.size
            self._rows += len(item.after or item.before)
        elif isinstance(item, Query):
            self._statement(item)
        else:
            self._end(item)

    def _statement(self, query: Query) -> None:
        """DDL: everything before it is committed first."""
        if self._dirty:
            self._commit()
        try:
            change = understood(
                query,
                self._sides.source.database,
                self._sides.follows,
                collation=self._collation,
                crossing=self._writer.vendor is not Vendor.MARIADB,
            )
            if change is not None:
                self._alter(change, query)
        except RefusedError as refused:
            self._write(self.reached.note.moved(pending=Pending(query.text, query.end, refused=True)))
            shown = " ".join(query.text.split())[:_SHOWN]
            raise CaptureError.unsupported_ddl(
                shown, str(query.start), str(query.end), str(refused)
            ) from None

    def _alter(self, change: Change, query: Query) -> None:
        begun, looks = self.reached.note.pending, self._altering.looks(change.tables)
        if begun is None or begun.end != query.end or begun.refused:
            begun = Pending(query.text, query.end, looks)
            self._write(self.reached.note.moved(pending=begun))
        if begun.before == looks:
            self._altering.run(change, query)
        self._writer.forget()
        self._count(change.tables[0], "ddls", 1)
        self._position, self._time = query.end, query.time
        self._transactions = 1
        after = self._made()
        self._write(after)
        self._done(after)

    def _write(self, after: Note) -> None:
        with self._writer.writing():
            notes.write(self._link, self.reached.note, after)
        self.reached.note = after

    def _end(self, item: Commit) -> None:
        self._inside = False
        self._position = item.end
        if not self._dirty:
            self._settle(item.end)
            return
        self._time = item.time
        self._transactions += 1
        if self._bytes >= _BYTES or self._rows >= _ROWS or time.monotonic() - self._begun >= _SECONDS:
            self._commit()

    def _begin(self) -> None:
        if not self._dirty:
            with self._writer.writing():
                self._link.begin()
            self._dirty, self._begun = True, time.monotonic()
            self._bytes = self._rows = 0

    def _commit(self) -> None:
        self._writer.flush()
        after = self._made()
        with self._writer.writing():
            notes.write(self._link, self.reached.note, after)
            self._link.commit()
        self._done(after)

    def _made(self) -> Note:
        """The note of what is in the transaction at hand."""
        note = self.reached.note
        tables = dict(note.tables)
        for table, more in self._counts.items():
            was = tables.get(table, Counts())
            tables[table] = replace(was, **{name: getattr(was, name) + count for name, count in more.items()})
        return note.moved(
            position=self._position,
            transactions=note.transactions + self._transactions,
            time=self._time,
            tables=tables,
            pending=None,
        )

    def _done(self, note: Note) -> None:
        self._counts, self._transactions, self._dirty = {}, 0, False
        self.reached.note, self.reached.position = note, note.position
        self._kept = time.monotonic()
        self._tell(self.reached)

    def _count(self, table: str, what: str, count: int) -> None:
        counts = self._counts.setdefault(table, {})
        counts[what] = counts.get(what, 0) + count

    def _settle(self, end: Position) -> None:
        """All before a position is in the target for good, or not ours."""
        self._position = self.reached.position = end
        if time.monotonic() - self._kept >= _KEEP:
            self._keep()
        self._tell(self.reached)

    def _keep(self) -> None:
        """Write down a position that was reached without a change."""
        self._kept = time.monotonic()
        note = self.reached.note
        if note.position == self._position:
            return
        after = note.moved(position=self._position)
        with self._writer.writing():
            notes.write(self._link, note, after)
        self.reached.note = after

    def _now_and_then(self) -> None:
        if time.monotonic() - self._asked < _ASK:
            return
        with named(self._sides.source, say("migration.doing.asking_position")):
            self.reached.end = position_of(self._probe, self._sides.source)
            self.reached.sizes = log_sizes(self._probe)
        self._asked = time.monotonic()
        self._tell(self.reached)
