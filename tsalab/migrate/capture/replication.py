"""Follow a database's changes, from a position or from where an earlier run came to."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from tsalab.errors import CaptureError, MigrationError
from tsalab.migrate.capture.figures import Figures, State
from tsalab.migrate.capture.following import Following, Reached, Sides
from tsalab.migrate.capture.position import Position, current_position, distance
from tsalab.migrate.capture.writing import TryAgainError
from tsalab.migrate.catalogue import PRIVATE_PREFIX
from tsalab.migrate.login import Login
from tsalab.migrate.report import Report

_TRIES = 6  # without coming further
_BACK_OFF = 0.5  # seconds, times the number of the try
_OFTEN = 0.1  # seconds between two events at the least


class Replication:
    """The changes of one database on their way into another.

    Every transaction of the source is applied as a whole and in its order; several may share one
    transaction of the target, none is spread over two. The position is written in that same
    transaction, so after any crash nothing is lost and nothing applied twice.

    Parameters
    ----------
    source
        A MariaDB (10.5 or later) that logs its rows; see `requirements`. Only ever read.
    target
        A copy of it as of `start`, which nothing else writes to, without triggers.
    start
        Where the copy's snapshot was taken (`Position.of_snapshot`); None to go on from where an
        earlier run came to. Where the target is further already, it goes on from there.
    tables
        Names; all of them when empty, also those that are created later.

    Examples
    --------
    >>> report = Migration(source, target, Options(objects=False)).run()
    >>> replication = Replication.after(report, source, target)
    >>> with replication.running():
    ...     replication.catch_up(timeout=60)
    """

    def __init__(
        self,
        source: Login,
        target: Login,
        *,
        start: Position | None = None,
        tables: tuple[str, ...] = (),
    ) -> None:
        self.source, self.target, self.start = source, target, start
        self._tables = frozenset(tables)
        self._changed = threading.Condition()
        self._stop = threading.Event()
        self._reached: Reached | None = None
        self._state = State.STARTING
        self._error: BaseException | None = None
        self._running = False

    @classmethod
    def after(
        cls, report: Report, source: Login, target: Login, *, tables: tuple[str, ...] = ()
    ) -> Replication:
        """What follows a copy, from its snapshot on.

        Raises
        ------
        CaptureError
            When the source did not say where its log stood: it has none, or is no MariaDB.
        """
        start = Position.of_snapshot(report.snapshot)
        if start is None:
            raise CaptureError.no_snapshot(source.where)
        return cls(source, target, start=start, tables=tables)

    def follows(self, table: str) -> bool:
        """Whether a table of the source is followed."""
        return not table.startswith(PRIVATE_PREFIX) and (not self._tables or table in self._tables)

    @property
    def figures(self) -> Figures:
        """How far it is now; from any thread, also after its end."""
        with self._changed:
            reached, state = self._reached, self._state
        if reached is None:
            return Figures(state)
        note, position, end, idle = reached.note, reached.position, reached.end, reached.idle
        if state is State.FOLLOWING and idle:
            state = State.CAUGHT_UP
        lag = 0.0 if idle or position >= end else None
        if lag is None and note.time:
            # The log's times are whole seconds.
            lag = max(0.0, time.time() + reached.ahead - note.time - 1)
        return Figures(
            state,
            position,
            max(end, position),
            lag,
            distance(reached.sizes, position, end),
            note.transactions,
            dict(note.tables),
        )

    def run(
        self,
        on_event: Callable[[Figures], None] = lambda _: None,
        *,
        until: Position | None = None,
    ) -> Figures:
        """Follow, until `stop`, or until a position is reached; a broken connection is made again.

        Parameters
        ----------
        on_event
            Called in this thread, ten times a second at the most, and at the end.
        until
            Where to end; None to follow until `stop` is called.

        Returns
        -------
        Figures
            How far it came. All that is before its position is in the target for good.

        Raises
        ------
        MigrationError
            When it cannot go on. What was applied stays, and another run goes on behind it.
        """
        told = 0.0

        def tell(reached: Reached) -> None:
            nonlocal told
            with self._changed:
                self._reached, self._state = replace(reached), State.FOLLOWING
                self._changed.notify_all()
            if time.monotonic() - told >= _OFTEN:
                told = time.monotonic()
                on_event(self.figures)

        def stopped() -> bool:
            reached = self._reached
            there = until is not None and reached is not None and reached.position >= until
            return there or self._stop.is_set()

        with self._changed:
            self._error, self._running = None, True
        try:
            self._try(stopped, tell, on_event)
        except BaseException as error:
            self._end(State.FAILED, error)
            raise
        self._end(State.STOPPED, None)
        on_event(self.figures)
        return self.figures

    def _try(
        self,
        stopped: Callable[[], bool],
        tell: Callable[[Reached], None],
        on_event: Callable[[Figures], None],
    ) -> None:
        attempt = 0
        while not stopped():
            before = self._reached and self._reached.position
            try:
                with Following(
                    Sides(self.source, self.target, self.follows), self.start, stopped, tell
                ) as go:
                    go.run()
            except (MigrationError, TryAgainError) as error:
                after = self._reached and self._reached.position
                attempt = 1 if before != after else attempt + 1
                if attempt > _TRIES or not _may_pass(error):
                    raise
                with self._changed:
                    self._state = State.WAITING
                on_event(self.figures)
                self._stop.wait(_BACK_OFF * attempt)

    def _end(self, state: State, error: BaseException | None) -> None:
        with self._changed:
            self._state, self._error, self._running = state, error, False
            self._changed.notify_all()

    def stop(self) -> None:
        """Have it end at the next transaction's end; from any thread, returns at once."""
        self._stop.set()

    @contextmanager
    def running(self, on_event: Callable[[Figures], None] = lambda _: None) -> Iterator[None]:
        """Run in a thread of its own within a block; stopped and joined at its end, however it ends.

        Raises
        ------
        MigrationError
            At the end, when it could not go on.
        """
        failed: list[BaseException] = []

        def work() -> None:
            try:
                self.run(on_event)
            except BaseException as error:  # noqa: BLE001 - raised again at the end of the block
                failed.append(error)

        self._stop.clear()
        with self._changed:
            self._error, self._running = None, True
        thread = threading.Thread(target=work, name="replication")
        thread.start()
        try:
            yield
        finally:
            self.stop()
            thread.join()
        if failed:
            raise failed[0]

    def drain_to(self, position: Position, timeout: float) -> None:
        """Wait until everything before a position is in the target; from another thread.

        Parameters
        ----------
        position
            Of the source's log, e.g. `current_position` after its writes were ended.
        timeout
            Seconds.

        Raises
        ------
        MigrationError
            The one that it ended with; or when it is not running, or did not come so far in time.
        """
        deadline = time.monotonic() + timeout
        with self._changed:
            while True:
                reached = self._reached.position if self._reached is not None else None
                if reached is not None and reached >= position:
                    return
                if self._error is not None:
                    raise self._error
                if not self._running:
                    raise CaptureError.not_running(str(position))
                left = deadline - time.monotonic()
                if left <= 0:
                    raise CaptureError.not_drained(str(position), str(reached), timeout)
                self._changed.wait(left)

    def catch_up(self, timeout: float) -> Position:
        """Wait until all is in the target that the source has logged by now; returns where that was.

        Raises
        ------
        MigrationError
            As `drain_to`, and when the source cannot be asked.
        """
        position = current_position(self.source)
        self.drain_to(position, timeout)
        return position


def _may_pass(error: BaseException) -> bool:
    """Whether another try may help."""
    return isinstance(error, TryAgainError) or (isinstance(error, MigrationError) and error.passing)
