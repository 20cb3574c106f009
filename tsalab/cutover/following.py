"""Aurora follows the old database's changes, from the copy's snapshot, until nothing is left to follow."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from tsalab.errors import CutoverError
from tsalab.migrate import Login
from tsalab.migrate.capture import Position as Place
from tsalab.migrate.capture import Replication
from tsalab.server.binlog import Position


class Follower:
    """The capture, in a thread of its own while the ``with`` block runs.

    Parameters
    ----------
    source
        The old database, as a user who may read its log.
    target
        Aurora.
    start
        Where the log stood at the copy's snapshot; where an earlier go came further, that counts.
    """

    def __init__(self, source: Login, target: Login, start: Position) -> None:
        at = Place(start.file, start.offset)
        self._replication = Replication(source, target, start=at)
        self._running = ExitStack()

    def __enter__(self) -> Self:
        self._running.enter_context(self._replication.running())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.__exit__(kind, error, trace)

    def near(self, seconds: float, patience: float, tell: Callable[[float, int], None]) -> None:
        """Return when Aurora is so near behind: what is written now is there so soon.

        Parameters
        ----------
        seconds
            Of lag.
        patience
            Seconds that coming so near may take.
        tell
            Is told the lag, and how many transactions were applied so far.

        Raises
        ------
        CutoverError
            When it does not come near.
        """
        deadline = time.monotonic() + patience
        while True:
            asked = time.monotonic()
            self._replication.catch_up(max(deadline - asked, 1.0))
            lag = time.monotonic() - asked
            tell(lag, self._replication.figures.transactions)
            if lag <= seconds:
                return
            if time.monotonic() > deadline:
                raise CutoverError.never_near(patience, lag)

    def drain(self, at: Position, patience: float) -> None:
        """Return when everything before a position is in Aurora.

        Raises
        ------
        MigrationError
            When it is not in time.
        """
        self._replication.drain_to(Place(at.file, at.offset), patience)
