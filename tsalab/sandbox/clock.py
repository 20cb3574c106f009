"""How fast time passes for what a sandbox would otherwise wait hours for: a file that may change meanwhile.

AWS pauses a cluster after five minutes without a connection at the least, the lab's after two
hours. With a rate of 600, that is half a second and twelve. What a person measures (how long a
request takes) is never sped up.
"""

from __future__ import annotations

from dataclasses import dataclass

from tsalab import settings
from tsalab.errors import SandboxError
from tsalab.sandbox.folder import Folder, read_json, write_json

FILE = "clock.json"
MOST = 100_000.0


@dataclass(frozen=True)
class Times:
    """What a clock says.

    Parameters
    ----------
    rate
        Seconds of the sandbox in each real one, while it waits for an idle cluster to pause.
    resume_seconds
        Real seconds that a paused cluster takes to wake.
    """

    rate: float
    resume_seconds: float


class Clock:
    """The clock of one sandbox.

    Parameters
    ----------
    folder
        The sandbox.
    """

    def __init__(self, folder: Folder) -> None:
        self._path = folder.path(FILE)
        self._read: tuple[int, Times] | None = None

    @property
    def times(self) -> Times:
        """As they are now: the file's, where there is none the settings'."""
        try:
            written = self._path.stat().st_mtime_ns
        except FileNotFoundError:
            return Times(1.0, float(settings.get("resume_seconds")))
        if self._read is None or self._read[0] != written:
            found = read_json(self._path)
            self._read = written, Times(found["rate"], found["resume_seconds"])
        return self._read[1]

    def set(self, rate: float | None = None, resume_seconds: float | None = None) -> Times:
        """Change what is given; the rest stays.

        Raises
        ------
        SandboxError
            When a clock cannot run so.
        """
        now = self.times
        wanted = Times(
            now.rate if rate is None else rate,
            now.resume_seconds if resume_seconds is None else resume_seconds,
        )
        if not 0 < wanted.rate <= MOST or not 0 <= wanted.resume_seconds <= 3600:  # NaN is neither
            raise SandboxError.bad_clock(wanted.rate, wanted.resume_seconds)
        write_json(self._path, {"rate": wanted.rate, "resume_seconds": wanted.resume_seconds})
        return wanted
