"""The visitors of a `Load`, in a process of their own: ``python -m tsalab.edge.visitors``.

The first line of standard input says where and how often, in JSON. The first of standard
output says when they began, the second, when standard input has ended, what they met. They
end then, or when their time is over, whatever became of who started them.
"""

from __future__ import annotations

import http.client
import itertools
import json
import os
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from tsalab.edge.load import Kind, Request
from tsalab.edge.site import ADMIN, trusted

_WRITERS, _READERS = 16, 2
_READS = 40.0  # a second, of all readers
_TIMEOUT = 10.0  # seconds for an answer
_AGAIN = 0.05  # seconds until a request that failed is sent again
_CAUGHT_UP = 1.0  # seconds whose missed turns are made up for
_LONGEST = 900.0  # seconds after which it ends by itself
_LATE = 15.0  # seconds in which a write under way at the end may still be acknowledged
_CREATED, _TAKEN = 201, 409


class _Visitors:
    """All of them, and what they met."""

    def __init__(self, url: str, rate: float, prefix: str) -> None:
        parts = urlsplit(url)
        self._secure, self._host, self._base = parts.scheme == "https", parts.netloc, parts.path.rstrip("/")
        self._rate, self._prefix = rate, prefix
        self._met: list[Request] = []  # appended to by every thread, which is atomic
        self._end = threading.Event()
        self._numbers = itertools.count()
        self._cookie = ""

    def log_in(self) -> str:
        """Log in, where something is to be written; why it did not work, or nothing."""
        if not self._rate:
            return ""
        link = self._link()
        body = json.dumps(dict(zip(("username", "password"), ADMIN, strict=True)))
        try:
            link.request("POST", f"{self._base}/api/login", body, {"Content-Type": "application/json"})
            answer = link.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException) as error:
            return str(error) or type(error).__name__
        finally:
            link.close()
        self._cookie = (answer.headers["Set-Cookie"] or "").split(";")[0]
        return "" if answer.status == 200 and self._cookie else f"HTTP {answer.status}"

    def visit(self, longest: float) -> dict[str, Any]:
        """Visit until standard input ends."""
        threads = [threading.Thread(target=self._read, args=(n,)) for n in range(_READERS)]
        if self._rate:
            threads += [threading.Thread(target=self._write, args=(n,)) for n in range(_WRITERS)]
        threading.Thread(target=self._listen, daemon=True).start()
        for thread in threads:
            thread.start()
        self._end.wait(longest)
        self._end.set()
        ended = time.monotonic()
        for thread in threads:
            thread.join()
        rows = sorted(self._met, key=lambda each: each.ended)
        return {
            "ended": ended,
            "requests": [(r.kind, r.began, r.ended, r.status, r.ok, r.mark) for r in rows],
        }

    def _listen(self) -> None:
        sys.stdin.read()
        self._end.set()

    def _link(self) -> http.client.HTTPConnection:
        if self._secure:
            return http.client.HTTPSConnection(self._host, timeout=_TIMEOUT, context=trusted())
        return http.client.HTTPConnection(self._host, timeout=_TIMEOUT)

    def _read(self, number: int) -> None:
        """Ask for the newest photo, at an address that nobody asked for before.

        CloudFront keeps an error for ten seconds for the address that got it: one reader's bad
        luck is not to count as everybody's outage.
        """
        link = self._link()
        for _ in turns(self._end, _READERS / _READS, number / _READS):
            mark = f"{self._prefix}{next(self._numbers)}"
            path = f"{self._base}/api/images?pageSize=1&visit={mark}"
            self._ask(link, "read", "GET", path, (200,), mark)
        link.close()

    def _write(self, number: int) -> None:
        """Make categories, each again until it is acknowledged."""
        link = self._link()
        for _ in turns(self._end, _WRITERS / self._rate, number / self._rate):
            mark = f"{self._prefix}{next(self._numbers)}"
            body = json.dumps({"name": mark, "description": "written while the gallery moved"})
            good: Sequence[int] = (_CREATED,)
            latest = None
            while not self._ask(link, "write", "POST", f"{self._base}/api/categories", good, mark, body):
                # That it is there already acknowledges one that nobody got an answer to.
                good = (_CREATED, _TAKEN)
                if self._end.is_set():
                    latest = latest or time.monotonic() + _LATE
                    if time.monotonic() > latest:
                        break
                threading.Event().wait(_AGAIN)
        link.close()

    def _ask(
        self,
        link: http.client.HTTPConnection,
        kind: Kind,
        method: str,
        path: str,
        good: Sequence[int],
        mark: str,
        body: str | None = None,
    ) -> bool:
        headers = {"Cookie": self._cookie} if body is not None else {}
        if body is not None:
            headers["Content-Type"] = "application/json"
        began = time.monotonic()
        try:
            link.request(method, path, body, headers)
            answer = link.getresponse()
            answer.read()
            status = answer.status
        except (OSError, http.client.HTTPException):
            link.close()  # the next request connects again
            status = 0
        ok = status in good
        self._met.append(Request(kind, began, time.monotonic(), status, ok, mark))
        return ok


def turns(end: threading.Event, gap: float, first: float) -> Iterator[None]:
    """One visitor's turns, evenly; those missed are caught up, but of the last moment alone.

    Who comes does not come less often because the gallery is slow; but after an outage not
    everybody who was turned away comes back at once.

    Parameters
    ----------
    end
        Is set when there are no more.
    gap, first
        Seconds between two turns, and from now to the first.
    """
    due = time.monotonic() + first
    while not end.wait(max(0.0, due - time.monotonic())):
        yield
        due = max(due + gap, time.monotonic() - _CAUGHT_UP)


def _main() -> None:
    asked = json.loads(sys.stdin.readline())
    visitors = _Visitors(asked["url"], asked["rate"], asked["prefix"])
    if problem := visitors.log_in():
        sys.stdout.write(json.dumps({"error": problem}) + "\n")
        return
    sys.stdout.write(json.dumps({"began": time.monotonic()}) + "\n")
    sys.stdout.flush()
    said = json.dumps(visitors.visit(_LONGEST))
    try:
        sys.stdout.write(said + "\n")
        sys.stdout.flush()
    except BrokenPipeError:
        os._exit(0)  # whoever started us was killed: nobody is left to be told


if __name__ == "__main__":
    _main()
