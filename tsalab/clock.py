"""How fast time passes for what would otherwise take hours: a file that may change meanwhile.

AWS has no such clock. Where a profile names one (``tsalab_clock``), idle time may pass faster:
AWS pauses a cluster after five minutes without a connection at the least, the lab's after two
hours. With a rate of 600, that is half a second and twelve. What a person measures (how long a
request takes) is never sped up.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tsalab import settings
from tsalab.errors import SandboxError
from tsalab.files import write_private

MOST = 100_000.0


@dataclass(frozen=True)
class Times:
    """What a clock says.

    Parameters
    ----------
    rate
        Seconds of the clock in each real one, while an idle connection is about to be closed,
        or an idle cluster to be paused.
    resume_seconds
        Real seconds that a paused cluster takes to wake.
    """

    rate: float
    resume_seconds: float


class Clock:
    """A clock that a file keeps.

    Parameters
    ----------
    path
        The file; where there is none, or it leaves something out, the settings count.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read: tuple[int, Times] | None = None

    @property
    def times(self) -> Times:
        """As they are now."""
        try:
            written = self._path.stat().st_mtime_ns
        except FileNotFoundError:
            return _times({})
        if self._read is None or self._read[0] != written:
            self._read = written, _times(self._told())
        return self._read[1]

    def set(self, rate: float | None = None, resume_seconds: float | None = None) -> Times:
        """Change what is given; the rest stays.

        Parameters
        ----------
        rate, resume_seconds
            As `Times` has them.

        Raises
        ------
        SandboxError
            When a clock cannot run so.
        """
        given = {"rate": rate, "resume_seconds": resume_seconds}
        told = self._told() | {name: value for name, value in given.items() if value is not None}
        wanted = _times(told)
        if not 0 < wanted.rate <= MOST or not 0 <= wanted.resume_seconds <= 3600:  # NaN is neither
            raise SandboxError.bad_clock(wanted.rate, wanted.resume_seconds)
        self._write(told)
        return wanted

    @contextmanager
    def borrowed(self) -> Iterator[None]:
        """Whatever the block sets, put the clock back to what it was before, however the block ends."""
        before = self._told()
        try:
            yield
        finally:
            self._write(before)

    def _told(self) -> dict[str, Any]:
        """What the file says; what was never set stays with whoever keeps the clock."""
        try:
            told: dict[str, Any] = json.loads(self._path.read_text("utf-8"))
        except FileNotFoundError:
            return {}
        return told

    def _write(self, told: dict[str, Any]) -> None:
        write_private(self._path, json.dumps(told, indent=1, sort_keys=True) + "\n")


def _times(told: dict[str, Any]) -> Times:
    usual = asdict(Times(1.0, float(settings.get("resume_seconds"))))
    return Times(**(usual | told))
