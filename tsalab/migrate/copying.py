"""Copy one table in pieces: each one transaction with its rows, its checkpoint and its proof.

The reader takes the pieces one after the other from the source's snapshot; the pool's
connections write and prove them, several at once. A piece that an earlier run finished is
proven equal on both sides and left, or taken back and copied again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from functools import partial

import pymysql

from tsalab.errors import MigrationError
from tsalab.messages import say
from tsalab.migrate import checkpoints
from tsalab.migrate.apart import Apart
from tsalab.migrate.blocks import Block, Blocks
from tsalab.migrate.catalogue import quote
from tsalab.migrate.checkpoints import Checkpoint
from tsalab.migrate.digests import count
from tsalab.migrate.events import Event, Phase
from tsalab.migrate.formats import Format, format_of
from tsalab.migrate.loading import load
from tsalab.migrate.login import Connection, Login, named, number_of
from tsalab.migrate.model import Table
from tsalab.migrate.pool import Pool
from tsalab.migrate.ranges import Path, Range, gaps
from tsalab.migrate.sessions import Facts, limit
from tsalab.migrate.throttle import Throttle
from tsalab.migrate.verification import Verify, arrived

_AGAIN = {1205, 1213}  # lock wait, deadlock: the transaction was rolled back, try once more
_TRIES = 5

Found = tuple[int, str | None]  # rows and digest of a piece; None where the server cannot tell


@dataclass(frozen=True)
class Sides:
    """What all tables of a run share.

    Attributes
    ----------
    source, target
        The logins, for messages.
    reader, there
        Connection with the snapshot; one to the target, outside of the pool.
    ours, theirs
        What matters of the servers.
    pool
        Writes.
    throttle
        Makes the reader wait.
    verify
        How much is proven.
    replace
        Whether rows that somebody else wrote are thrown away.
    tell
        Takes events, from any thread.
    """

    source: Login
    target: Login
    reader: Connection
    there: Connection
    ours: Facts
    theirs: Facts
    pool: Pool
    throttle: Throttle
    verify: Verify
    replace: bool
    tell: Callable[[Event], None]

    @contextmanager
    def reading(self, table: str) -> Iterator[None]:
        """Name the source in errors."""
        with named(self.source, say("migration.doing.reading_table", table=table), table):
            yield

    @contextmanager
    def writing(self, table: str) -> Iterator[None]:
        """Name the target in errors."""
        with named(self.target, say("migration.doing.writing_table", table=table), table):
            yield


def unlike(form: Format, sides: Sides) -> tuple[int, ...]:
    """Positions of the columns that the two servers print differently."""
    return () if sides.ours.vendor is sides.theirs.vendor else form.approximate


def forms(table: Table, sides: Sides) -> tuple[Format, Format]:
    """How rows are written by the source, and how the target writes and reads them."""
    vendor = sides.theirs.vendor
    return format_of(table.stored, vendor), format_of(table.stored_there, vendor)


@dataclass(frozen=True)
class Done:
    """A piece that is on the target: rows, bytes, and its digest on either side."""

    rows: int
    bytes: int
    ours: str
    theirs: str
    proven: bool = False


class TableCopy:
    """One table that has a key to walk along."""

    def __init__(self, table: Table, sides: Sides, full: Callable[[Connection], None]) -> None:
        assert table.path is not None  # noqa: S101 - whoever has none is `streaming`'s
        self.table, self._sides, self._full = table, sides, full
        self._path = Path(table.path, table.columns)
        self._form, self._there_form = forms(table, sides)
        self._unlike = unlike(self._form, sides)
        self._mark = checkpoints.fingerprint(
            self._form.line, self._there_form.line, self._path.order, sides.ours.vendor, sides.theirs.vendor
        )
        size = limit(sides.ours, sides.theirs)
        self._blocks = Blocks(sides.reader, table, self._path, self._form, size // 4)
        self._lock = threading.Lock()
        self._open = 1  # the reader's own
        self.done: dict[Fraction, Done] = {}
        self._rows = self._bytes = 0
        self._occupied = False
        self.started = time.monotonic()
        self.ended = self.started

    def run(self) -> None:
        """Read all of it and have it written; returns when the last piece is handed over."""
        stored = self._stored()
        kept = self._prove(stored) if stored else []
        for place, piece in _places(kept):
            self._copy(place, piece)
        self._finish_one(None)

    # --- what an earlier run left -------------------------------------------------------

    def _stored(self) -> list[Checkpoint]:
        with self._sides.writing(self.table.name):
            stored = checkpoints.read(self._sides.there, self.table.name)
            # Rows without our notes came another way (a dump): they are held against the source.
            self._occupied = not stored and count(self._sides.there, self.table.name) > 0
        return stored

    def _prove(self, stored: list[Checkpoint]) -> list[Checkpoint]:
        """Pieces that may stay; what is not proven is taken back."""
        kept: list[Checkpoint] = []
        self._sides.tell(Event(self.table.name, Phase.PROVE, 0, self.table.rows))
        for checkpoint in stored:
            self._sides.throttle.wait(self._sides.pool.check)
            ours: Found = (0, None)
            if checkpoint.form == self._mark:
                with self._sides.reading(self.table.name):
                    ours = self._blocks.digest(checkpoint.piece)
            self._sides.pool.put(partial(self._judge, checkpoint, ours, kept))
        self._sides.pool.wait()
        return sorted(kept, key=lambda checkpoint: checkpoint.place)

    def _judge(self, it: Checkpoint, ours: Found, kept: list[Checkpoint], link: Connection) -> None:
        with self._sides.writing(self.table.name):
            theirs = self._reader_of(link).digest(it.piece)
            as_noted = ours == (it.rows, it.digest) and theirs == (it.rows, it.there)
            if ours[1] is not None and (ours == theirs or as_noted):
                self._note(it.place, Done(ours[0], it.bytes, ours[1], ours[1], proven=True))
                kept.append(it)
                return
            comparable = it.form == self._mark and theirs[1] is not None and bool(it.there)
            touched = theirs[0] != it.rows or (comparable and theirs[1] != it.there)
            if touched and not self._sides.replace:
                # Somebody else's rows are not thrown away unasked.
                raise MigrationError.other_data(self.table.name, theirs[0])
            self._take_back(link, it)

    def _take_back(self, link: Connection, it: Checkpoint) -> None:
        link.begin()
        self._clear(link, it.piece)
        checkpoints.forget(link, it)
        link.commit()

    def _clear(self, link: Connection, piece: Range) -> None:
        with link.cursor() as cursor:
            cursor.execute(f"DELETE FROM {quote(self.table.name)}{self._path.where(piece)}")  # noqa: S608 - names are quoted

    # --- copying ------------------------------------------------------------------------

    def _copy(self, place: Callable[[], Fraction], piece: Range) -> None:
        blocks = self._blocks.read(piece)
        while True:
            self._sides.throttle.wait(self._sides.pool.check)
            with self._sides.reading(self.table.name):
                block = next(blocks, None)
            if block is None:
                return
            if block.data is None:
                self._apart(place(), block)
                continue
            self._sides.throttle.spent(len(block.data))
            with self._lock:
                self._open += 1
            self._sides.pool.put(partial(self._write, place(), block))

    def _write(self, place: Fraction, block: Block, link: Connection) -> None:
        with self._sides.writing(self.table.name):
            for attempt in range(1, _TRIES + 1):
                try:
                    self._write_once(link, place, block)
                    break
                except pymysql.err.MySQLError as error:
                    if number_of(error) not in _AGAIN or attempt == _TRIES:
                        raise
                    link.rollback()  # a lock wait alone undoes only its statement
        self._finish_one(link)

    def _write_once(self, link: Connection, place: Fraction, block: Block) -> None:
        assert block.data is not None  # noqa: S101 - `_copy` sends the others another way
        digest = block.digest
        link.begin()
        there = self._is_there(link, block)
        if block.rows and not there:
            taken = load(link, self.table.name, self._there_form.loading, (block.data,)).rows
            if taken != block.rows:
                self._refuse(link, block.rows, taken)
        theirs = self._verify(link, block) if block.rows else digest
        expected = theirs or ("" if self._unlike else digest)
        made = Checkpoint(
            self.table.name, place, block.piece, block.rows, len(block.data), digest, expected, self._mark
        )
        checkpoints.write(link, made)
        link.commit()
        # What the target holds is equal to it; only its text may be another.
        self._note(place, Done(block.rows, len(block.data), digest, theirs and digest, proven=there))

    def _is_there(self, link: Connection, block: Block) -> bool:
        """Whether the target has exactly these rows already; others in their place go if asked."""
        if not self._occupied:
            return False
        there = self._reader_of(link)
        if arrived(block, there, self._unlike) is not None:
            return True
        rows, _ = there.digest(block.piece)
        if rows and not self._sides.replace:
            raise MigrationError.other_data(self.table.name, rows)
        if rows:
            self._clear(link, block.piece)
        return False

    def _verify(self, link: Connection, block: Block) -> str:
        if self._sides.verify is not Verify.FULL:
            return ""
        found = arrived(block, self._reader_of(link), self._unlike)
        if found is None:
            self._refuse(link, block.rows, block.rows)
        return found or ""

    def _refuse(self, link: Connection, sent: int, taken: int) -> None:
        link.rollback()
        raise MigrationError.not_equal(self.table.name, sent, taken)

    def _apart(self, place: Fraction, block: Block) -> None:
        """Copy one row that no server writes down as one value."""
        link = self._sides.there
        row = Apart(
            (self._sides.reader, self._blocks),
            (link, self._reader_of(link)),
            self.table,
            limit(self._sides.ours, self._sides.theirs),
        )
        with self._sides.writing(self.table.name):
            link.begin()
            if self._occupied:
                self._clear_one(link, block.piece)
            taken = row.copy(block.piece, self._there_form.loading)
            if taken != 1:
                self._refuse(link, 1, taken)
            ours, theirs = row.digests(block.piece)
            if ours != theirs:
                self._refuse(link, 1, 1)
            # Its form is its own: no digest of a whole piece can prove it later.
            checkpoints.write(
                link, Checkpoint(self.table.name, place, block.piece, 1, row.bytes, ours, theirs, "apart")
            )
            link.commit()
        self._sides.throttle.spent(row.bytes)
        self._note(place, Done(1, row.bytes, ours, theirs))

    def _clear_one(self, link: Connection, piece: Range) -> None:
        """Make room for a row that no digest of a piece can be compared by."""
        rows, _ = self._reader_of(link).digest(piece)
        if rows and not self._sides.replace:
            raise MigrationError.other_data(self.table.name, rows)
        self._clear(link, piece)

    # --- what both need -----------------------------------------------------------------

    def _reader_of(self, link: Connection) -> Blocks:
        return Blocks(link, self.table, self._path, self._there_form)

    def _note(self, place: Fraction, done: Done) -> None:
        with self._lock:
            self.done[place] = done
            self._rows += done.rows
            self._bytes += done.bytes
            rows, size = self._rows, self._bytes
        self._sides.tell(Event(self.table.name, Phase.COPY, rows, max(rows, self.table.rows), size))

    def _finish_one(self, link: Connection | None) -> None:
        with self._lock:
            self._open -= 1
            full = self._open == 0
        if full and link is not None:
            self._make_keys(link)
        elif full:
            self._sides.pool.put_first(self._make_keys)

    def _make_keys(self, link: Connection) -> None:
        self._full(link)
        self.ended = time.monotonic()


def _places(kept: list[Checkpoint]) -> Iterator[tuple[Callable[[], Fraction], Range]]:
    """The gaps between pieces, each with what numbers the pieces that fill it."""
    ends = {checkpoint.piece.upto: checkpoint.place for checkpoint in kept}
    begins = {checkpoint.piece.after: checkpoint.place for checkpoint in kept}
    for gap in gaps([checkpoint.piece for checkpoint in kept]):
        low = ends[gap.after] if gap.after is not None else Fraction(0)
        high = begins[gap.upto] if gap.upto is not None else None
        yield _numbering(low, high), gap


def _numbering(low: Fraction, high: Fraction | None) -> Callable[[], Fraction]:
    """Numbers above one and below another, each above the one before: there is always one more."""
    count = 0

    def next_one() -> Fraction:
        nonlocal count
        count += 1
        return low + count if high is None else low + (high - low) * Fraction(count, count + 1)

    return next_one
