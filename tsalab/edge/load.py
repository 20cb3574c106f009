"""A load of visitors, and what they met: how long nobody was served.

Every write carries an id of its own, the name of a category, and is sent again until the
gallery has acknowledged it; so it can be told afterwards whether one was lost or doubled.
The visitors are a process of their own (`visitors`): whoever measures must not be slowed by
what is measured.
"""

from __future__ import annotations

import itertools
import json
import secrets
import subprocess
import sys
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, Self

from tsalab.errors import SiteError

Kind = Literal["read", "write"]

RATE = 350.0  # writes a second


@dataclass(frozen=True)
class Request:
    """One request and its end.

    Attributes
    ----------
    kind
        Of a photo's list, or of a category to write.
    began, ended
        Seconds on this computer's monotonic clock.
    status
        HTTP status; 0 without an answer.
    ok
        Whether the visitor got what they wanted.
    mark
        The write's id.
    """

    kind: Kind
    began: float
    ended: float
    status: int
    ok: bool
    mark: str = ""


@dataclass(frozen=True)
class Met:
    """What visitors met.

    Attributes
    ----------
    requests
        All of them, in the order of their ends.
    began, ended
        From when to when the load was applied.
    """

    requests: tuple[Request, ...]
    began: float
    ended: float

    @property
    def acknowledged(self) -> frozenset[str]:
        """Ids of the writes that the gallery said it had done."""
        return frozenset(each.mark for each in self.requests if each.kind == "write" and each.ok)

    @property
    def failed(self) -> int:
        """Requests that did not get what they wanted, of either kind."""
        return sum(not each.ok for each in self.requests)

    def outage(self, kind: Kind, since: float | None = None, until: float | None = None) -> float:
        """Longest time in which no request of a kind was answered well, seconds.

        Parameters
        ----------
        kind
            Which requests.
        since, until
            Only between these; all the time when None.
        """
        first = self.began if since is None else since
        last = self.ended if until is None else until
        good = sorted(
            each.ended
            for each in self.requests
            if each.kind == kind and each.ok and first <= each.ended <= last
        )
        return max(b - a for a, b in itertools.pairwise([first, *good, last]))

    def rate(self, since: float | None = None, until: float | None = None) -> float:
        """Writes a second that were acknowledged between two times."""
        first = self.began if since is None else since
        last = self.ended if until is None else until
        good = sum(each.kind == "write" and each.ok and first <= each.ended <= last for each in self.requests)
        return good / (last - first)


class Load:
    """Visitors who read and write while the ``with`` block runs.

    Parameters
    ----------
    url
        The site, such as the stack's output ``DistributionUrl``.
    rate
        Writes a second; 0 for readers alone.
    """

    def __init__(self, url: str, rate: float = RATE) -> None:
        self._url, self._rate = url, rate
        self.prefix = f"visitor-{secrets.token_hex(4)}-"
        self._process: subprocess.Popen[str] | None = None
        self._began = 0.0
        self.met: Met | None = None

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tsalab.edge.visitors"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._tell({"url": self._url, "rate": self._rate, "prefix": self.prefix})
        said = self._hear()
        if "began" not in said:
            self._process.kill()
            self._reap()
            raise SiteError.no_load(self._url, str(said.get("error", "")))
        self._began = said["began"]
        return self

    def _tell(self, words: dict[str, Any]) -> None:
        assert self._process is not None  # noqa: S101 - within the block
        assert self._process.stdin is not None  # noqa: S101
        self._process.stdin.write(json.dumps(words) + "\n")
        self._process.stdin.flush()

    def _hear(self) -> dict[str, Any]:
        assert self._process is not None  # noqa: S101 - within the block
        assert self._process.stdout is not None  # noqa: S101
        line = self._process.stdout.readline()
        found: dict[str, Any] = json.loads(line) if line else {}
        return found

    def stop(self) -> Met:
        """End the visits; those under way are answered first.

        Raises
        ------
        SiteError
            When the visitors' process is gone.
        """
        if self.met is None:
            assert self._process is not None  # noqa: S101 - within the block
            assert self._process.stdin is not None  # noqa: S101
            self._process.stdin.close()
            said = self._hear()
            self._reap()
            if "requests" not in said:
                raise SiteError.no_load(self._url, "")
            found = tuple(Request(*row) for row in said["requests"])
            self.met = Met(found, self._began, said["ended"])
        return self.met

    def _reap(self) -> None:
        assert self._process is not None  # noqa: S101 - within the block
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.wait()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.met is None and kind is None:
            self.stop()
        elif self.met is None and self._process is not None:
            self._process.kill()
            self._reap()
