"""Go no faster than others can bear: by megabytes a second, and by how slowly somebody else is served."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from tsalab.migrate.login import Connection

_LOOK_AGAIN = 0.1  # seconds
_MB = 1_000_000


def answer_time(connection: Connection) -> float:
    """How long a server takes for a trivial question, in seconds."""
    started = time.monotonic()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return time.monotonic() - started


class Throttle:
    """Makes the reader wait.

    Parameters
    ----------
    max_mb_s
        Megabytes of text a second; None for as many as come.
    max_lag
        Seconds of lag that are borne; None for any.
    lag
        Gives the lag at the moment, in seconds.
    """

    def __init__(
        self,
        max_mb_s: float | None = None,
        max_lag: float | None = None,
        lag: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._rate = max_mb_s * _MB if max_mb_s else None
        self._max_lag, self._lag = max_lag, lag
        self._free_at = time.monotonic()
        self._stopped = threading.Event()
        self.waited = 0.0

    def stop(self) -> None:
        """End every wait, now and later."""
        self._stopped.set()

    def wait(self, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Wait until the next block may be read.

        Parameters
        ----------
        meanwhile
            Called again and again; what it raises ends the wait.
        """
        started = time.monotonic()
        while not self._stopped.is_set() and (turn := self._turn()) > 0:
            self._stopped.wait(turn)
            meanwhile()
        self.waited += time.monotonic() - started

    def _turn(self) -> float:
        """Seconds to wait before the next look; 0 when it may go on."""
        if self._rate is not None and (left := self._free_at - time.monotonic()) > 0:
            return min(left, _LOOK_AGAIN)
        return _LOOK_AGAIN if self._max_lag is not None and self._lag() > self._max_lag else 0.0

    def spent(self, size: int) -> None:
        """Note that so many bytes went through."""
        if self._rate is not None:
            # What was not used is not saved up: after a pause the rate is the same.
            self._free_at = max(self._free_at, time.monotonic()) + size / self._rate
