"""Copy a table that no key leads through: one stream, one transaction, proven before its commit.

Rows have no place of their own, so neither can a part of them be proven or resumed: after a
crash nothing of the table is there. Both sides are compared by a sum over the rows' hashes,
which no order matters to and which counts duplicates.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from fractions import Fraction

from tsalab.errors import MigrationError
from tsalab.migrate import checkpoints
from tsalab.migrate.catalogue import quote
from tsalab.migrate.checkpoints import Checkpoint
from tsalab.migrate.copying import Done, Sides, forms, unlike
from tsalab.migrate.digests import count
from tsalab.migrate.events import Event, Phase
from tsalab.migrate.formats import canonical
from tsalab.migrate.lines import Lines, Sum, TooLargeError
from tsalab.migrate.loading import load
from tsalab.migrate.login import Connection
from tsalab.migrate.model import Table
from tsalab.migrate.ranges import Range
from tsalab.migrate.verification import Verify

_CHUNK = 1 << 20  # bytes handed over at a time
_WAITING = 4  # chunks that may wait
_TURN = 0.05  # seconds


class StreamCopy:
    """One table without a key to walk along."""

    def __init__(self, table: Table, sides: Sides, full: Callable[[Connection], None]) -> None:
        self.table, self._sides, self._full = table, sides, full
        self._form, self._there_form = forms(table, sides)
        self._unlike = unlike(self._form, sides)
        self._mark = checkpoints.fingerprint(self._form.line, self._there_form.line, "stream")
        self.done: dict[Fraction, Done] = {}
        self.started = self.ended = time.monotonic()

    def run(self) -> None:
        """Copy all of it; returns when it is there, but for its late keys."""
        name = self.table.name
        there = self._sides.there
        with self._sides.writing(name):
            stored = checkpoints.read(there, name)
            rows = count(there, name)
        if (rows or stored) and self._stays(stored[0] if stored else None):
            self._sides.pool.put_first(self._make_keys)
            return
        if not self._attempt(large=False):
            # A row that the server cannot write down as one value: all are read value by value.
            self._attempt(large=True)

    def _stays(self, it: Checkpoint | None) -> bool:
        """Whether what the target holds is the same as the source's."""
        name = self.table.name
        with self._sides.reading(name):
            ours = Lines(self._sides.reader, self.table, self._form, self.table.stored).sum(self._unlike)
        with self._sides.writing(name):
            theirs = self._sum(self._sides.there)
        if ours == theirs:
            size = it.bytes if it is not None else 0
            self.done[Fraction(1)] = Done(ours.rows, size, ours.digest, theirs.digest, proven=True)
            return True
        written_by_us = it is not None and theirs.digest == it.digest
        if theirs.rows and not written_by_us and not self._sides.replace:
            raise MigrationError.other_data(name, theirs.rows)
        return False

    def _attempt(self, *, large: bool) -> bool:
        """Copy the table; False when a row is too large and nothing was changed."""
        rows = Lines(self._sides.reader, self.table, self._form, self.table.stored)
        relay = _Relay(self._sides)
        sent = Sum()
        self._sides.pool.put(lambda link: self._write(link, relay, sent))
        try:
            with closing(rows.read(by_value=large)) as lines:
                while True:
                    with self._sides.reading(self.table.name):
                        line = next(lines, None)
                    if line is None:
                        break
                    sent.add(canonical(line, self._unlike))
                    relay.add(line)
        except TooLargeError:
            relay.give_up()
            self._sides.pool.wait()
            return False
        relay.end()
        self._sides.pool.wait()
        return True

    def _write(self, link: Connection, relay: _Relay, sent: Sum) -> None:
        name = self.table.name
        with self._sides.writing(name):
            link.begin()
            with link.cursor() as cursor:
                cursor.execute(f"DELETE FROM {quote(name)}")  # noqa: S608 - the name is quoted
            for it in checkpoints.read(link, name):
                checkpoints.forget(link, it)
            taken = load(link, name, self._there_form.loading, self._counted(relay, sent)).rows
            if relay.given_up:
                link.rollback()
                return
            found = self._proof(link, sent)
            if taken != sent.rows or found != sent:
                link.rollback()
                raise MigrationError.not_equal(name, sent.rows, min(taken, found.rows))
            ours, theirs = sent.digest, found.digest
            made = Checkpoint(name, Fraction(1), Range(), sent.rows, relay.bytes, ours, theirs, self._mark)
            checkpoints.write(link, made)
            link.commit()
            verified = theirs if self._sides.verify is Verify.FULL else ""
            self.done[Fraction(1)] = Done(sent.rows, relay.bytes, ours, verified)
        self._make_keys(link)

    def _counted(self, relay: _Relay, sent: Sum) -> Iterator[bytes]:
        for chunk in relay:
            yield chunk
            rows = sent.rows
            self._sides.tell(
                Event(self.table.name, Phase.COPY, rows, max(rows, self.table.rows), relay.bytes)
            )

    def _proof(self, link: Connection, sent: Sum) -> Sum:
        if self._sides.verify is not Verify.FULL:
            return sent
        return self._sum(link)

    def _sum(self, link: Connection) -> Sum:
        return Lines(link, self.table, self._there_form, self.table.stored_there).sum(self._unlike)

    def _make_keys(self, link: Connection) -> None:
        self._full(link)
        self.ended = time.monotonic()


class _Relay:
    """Lines on their way from the reader's thread to a writer's; few of them at a time."""

    def __init__(self, sides: Sides) -> None:
        self._sides = sides
        self._chunks: queue.Queue[bytes | None] = queue.Queue(_WAITING)
        self._lines: list[bytes] = []
        self._size = 0
        self._gave_up = threading.Event()
        self.bytes = 0

    @property
    def given_up(self) -> bool:
        """Whether the reader ended before the table did."""
        return self._gave_up.is_set()

    def add(self, line: bytes) -> None:
        """Hand a line over."""
        self._lines.append(line)
        self._size += len(line)
        if self._size >= _CHUNK:
            self._flush()

    def end(self) -> None:
        """Say that this was all."""
        self._flush()
        self._put(None)

    def give_up(self) -> None:
        """Say that it was not all, and that nothing of it counts."""
        self._gave_up.set()
        self._put(None)

    def __iter__(self) -> Iterator[bytes]:
        while (chunk := self._next()) is not None:
            yield chunk

    def _next(self) -> bytes | None:
        while True:
            try:
                return self._chunks.get(timeout=_TURN)
            except queue.Empty:
                if self._sides.pool.closed:  # the reader failed: what came is no table
                    self._gave_up.set()
                    return None

    def _flush(self) -> None:
        if self._lines:
            self._sides.throttle.wait(self._sides.pool.check)
            self._put(b"".join(self._lines))
            self._sides.throttle.spent(self._size)
            self.bytes += self._size
            self._lines, self._size = [], 0

    def _put(self, chunk: bytes | None) -> None:
        while True:
            self._sides.pool.check()
            try:
                self._chunks.put(chunk, timeout=_TURN)
            except queue.Full:
                continue
            return
