"""How a visitor is served meanwhile: the site is asked again and again while something else goes on."""

from __future__ import annotations

import statistics
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from tsalab.edge.probe import Probe
from tsalab.errors import SiteError

_EVERY = 0.05  # seconds between the end of one visit and the next


@dataclass(frozen=True)
class Latency:
    """What visitors met.

    Attributes
    ----------
    visits, failed
        How many, and how many of them got no good answer.
    median, p95
        Seconds to the end of the answer, of those that got one; None without any.
    """

    visits: int
    failed: int
    median: float | None
    p95: float | None


class Visits:
    """Visits a site on a thread while the ``with`` block runs.

    Parameters
    ----------
    ask
        One visit, e.g. `Site.api_answers`.
    """

    def __init__(self, ask: Callable[[], Probe]) -> None:
        self._ask = ask
        self._seconds: list[float] = []
        self._failed = 0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._visit, name="visitor", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        self._thread.join()

    def _visit(self) -> None:
        while not self._end.is_set():
            try:
                probe = self._ask()
            except SiteError:
                self._failed += 1
            else:
                self._failed += not probe.ok
                if probe.ok:
                    self._seconds.append(probe.milliseconds / 1000)
            self._end.wait(_EVERY)

    def recent(self) -> float:
        """Seconds of the last visit that was served; 0 before the first."""
        return self._seconds[-1] if self._seconds else 0.0

    def latency(self) -> Latency:
        """What visitors met so far."""
        served = sorted(self._seconds)
        if not served:
            return Latency(self._failed, self._failed, None, None)
        p95 = served[min(len(served) - 1, int(0.95 * len(served)))]
        return Latency(len(served) + self._failed, self._failed, statistics.median(served), p95)
