"""Reads the binary log in a thread of its own, and hands on what concerns the tables that are followed."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from tsalab.errors import CaptureError
from tsalab.migrate.capture import rows, stream
from tsalab.migrate.capture.position import Position
from tsalab.migrate.capture.queries import Query, read_query
from tsalab.migrate.capture.rows import Rows, TableMap
from tsalab.migrate.capture.stream import RawEvent, Stream

_ROOM = 32 << 20  # bytes of events that may wait for the target
_STANDALONE, _PREPARED = 1, 64  # flags of a group: one statement alone, and the first half of an XA one
_ENDS = {"COMMIT", "ROLLBACK"}
_BEGINS = {"BEGIN", "START TRANSACTION"}
_NO_TABLE = 0xFFFFFF  # an event of rows that only says that a statement ends


@dataclass(frozen=True)
class Commit:
    """A transaction of the source ended.

    Attributes
    ----------
    end
        After it.
    time
        When, seconds since 1970 by the source's clock.
    ours
        Whether anything of it was handed on.
    """

    end: Position
    time: int
    ours: bool


@dataclass(frozen=True)
class Idle:
    """The source has nothing more at the moment: its log ends here."""

    end: Position


Item = Rows | Query | Commit | Idle


class Feed:
    """What happened on the source, in its order.

    Parameters
    ----------
    events
        From a position on.
    start
        That position.
    database
        Whose tables.
    follows
        Whether a table of it is followed.
    """

    def __init__(
        self, events: Stream, start: Position, database: str, follows: Callable[[str], bool]
    ) -> None:
        self._events, self._at = events, start
        self._database, self._follows = database, follows
        self._maps: dict[int, TableMap | None] = {}
        self._bodies: dict[int, bytes] = {}  # of the events that the maps were read from
        self._alone = self._ours = self._prepared = self._inside = False
        self._group = start  # where the group at hand begins
        self._items: deque[tuple[Item, int]] = deque()
        self._room = _ROOM
        self._changed = threading.Condition()
        self._closed = False
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="binary log", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def get(self, seconds: float) -> Item | None:
        """The next that happened; None when there was none for some seconds.

        Raises
        ------
        MigrationError
            When the log cannot be read on, once what was read before is handed on.
        """
        with self._changed:
            if not self._items and self._error is None and seconds > 0:
                self._changed.wait(seconds)
            if self._items:
                item, size = self._items.popleft()
                self._room += size
                self._changed.notify_all()
                return item
            if self._error is not None:
                raise self._error
            return None

    def close(self) -> None:
        """End the reading; returns when it has ended."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._events.close()
        if self._thread.ident is not None:
            self._thread.join()

    def _work(self) -> None:
        try:
            for event in self._events:
                if self._closed:
                    return
                self._take(event)
        except BaseException as error:  # noqa: BLE001 - raised again in the thread that asks
            with self._changed:
                self._error = error
                self._changed.notify_all()

    def _put(self, item: Item, size: int = 0) -> None:
        with self._changed:
            # One that is larger than all the room waits until it is alone.
            while self._room < min(size, _ROOM) and not self._closed:
                self._changed.wait()
            self._room -= size
            self._items.append((item, size))
            self._changed.notify_all()

    def _take(self, event: RawEvent) -> None:
        kind = event.kind
        if kind == stream.HEARTBEAT:
            if not self._inside:  # else the source only takes its time
                self._put(Idle(self._at))
        elif kind == stream.ROTATE:
            self._at = max(self._at, event.end)
        elif kind == stream.INCIDENT:
            raise CaptureError.incident(str(event.end))
        elif event.time:
            self._take_logged(kind, event)
            self._at = max(self._at, event.end)

    def _take_logged(self, kind: int, event: RawEvent) -> None:
        if kind == stream.TABLE_MAP:
            self._take_map(bytes(event.body))
        elif kind in stream.ROWS:
            self._take_rows(kind, bytes(event.body), squeezed=False)
        elif kind in stream.ROWS_COMPRESSED:
            self._take_rows(stream.ROWS_COMPRESSED[kind], bytes(event.body), squeezed=True)
        elif kind == stream.GTID:
            flags = event.body[12]
            self._alone, self._prepared = bool(flags & _STANDALONE), bool(flags & _PREPARED)
            self._group, self._ours, self._inside = self._at, False, True
        elif kind in {stream.XID, stream.XA_PREPARE}:
            self._end(event)
        elif kind in {stream.QUERY, stream.QUERY_COMPRESSED}:
            self._take_query(kind == stream.QUERY_COMPRESSED, event)

    def _take_map(self, body: bytes) -> None:
        database, table = rows.names_of(body)
        ours = database == self._database and self._follows(table)
        number = rows.table_id(body)
        if not ours:
            self._maps[number] = None
        # The same object as before, so that what was worked out about it holds on. What reads a
        # column is no value, so two maps that say the same are told by their bytes.
        elif self._maps.get(number) is None or self._bodies.get(number) != body:
            self._maps[number] = rows.read_map(body)
        self._bodies[number] = body

    def _take_rows(self, kind: int, body: bytes, *, squeezed: bool) -> None:
        number = rows.table_id(body)
        of = self._maps.get(number)
        if of is None or number == _NO_TABLE:
            return
        if self._prepared:
            raise CaptureError.distributed_transaction(of.table, str(self._group))
        made = rows.read_rows(stream.ROWS[kind], body, of, second=kind >= 30, squeezed=squeezed)
        self._ours = self._inside = True
        self._put(made, len(body))

    def _take_query(self, squeezed: bool, event: RawEvent) -> None:
        query = read_query(bytes(event.body), self._group, event.end, event.time, squeezed=squeezed)
        word = query.text.strip().upper()
        if not self._alone and word in _BEGINS:
            return
        if not self._alone and word in _ENDS:
            if word == "ROLLBACK" and self._ours:
                raise CaptureError.rolled_back(str(self._group))
            self._end(event)
            return
        self._ours = True
        self._put(query, len(query.text))
        if self._alone:
            self._end(event)

    def _end(self, event: RawEvent) -> None:
        self._put(Commit(event.end, event.time, self._ours))
        self._group, self._ours, self._alone, self._inside = event.end, False, False, False
