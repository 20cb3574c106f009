"""AWS on a bad day: a proxy before a sandbox's control plane that throttles, delays, drops and forgets.

What it does to a request is drawn from a seeded generator, so that a day can be repeated.
"""

from __future__ import annotations

import random
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

_HOP = {"connection", "transfer-encoding", "content-length", "keep-alive", "date", "server"}
_READ = re.compile(r"(Describe|List|Get|BatchGet|Lookup)")


@dataclass(frozen=True)
class Day:
    """How bad it is.

    Attributes
    ----------
    seed
        Of everything that is left to chance.
    throttled, dropped, unheard, stale
        Shares of the requests that are refused for their rate; lost on the way; done, but the
        answer lost; answered as they would have been up to `memory` seconds before.
    delay
        Seconds that an answer is held back at most.
    memory
        Seconds that an old answer may live.
    expires
        After how many requests the credentials expire, once.
    """

    seed: int
    throttled: float = 0.2
    dropped: float = 0.02
    unheard: float = 0.02
    stale: float = 0.3
    delay: float = 0.05
    memory: float = 5.0
    expires: int | None = None


@dataclass
class Hostile:
    """The proxy while it runs: its port, and what it did."""

    day: Day
    target: int
    port: int = 0
    done: Counter[str] = field(default_factory=Counter)
    expired: bool = False
    _chance: random.Random = field(default_factory=random.Random)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _answers: dict[tuple[str, ...], tuple[float, tuple[int, list[tuple[str, str]], bytes]]] = field(
        default_factory=dict
    )

    def __post_init__(self) -> None:
        self._chance.seed(self.day.seed)

    def log_in(self) -> None:
        """What a learner does when the credentials have expired."""
        self.expired = False

    def fate(self, *, read: bool) -> tuple[str, float]:
        """What becomes of the next request, and the seconds it is held back."""
        with self._lock:
            self.done["requests"] += 1
            if self.day.expires is not None and self.done["requests"] == self.day.expires:
                self.expired = True
            if self.expired:
                return "expired", 0.0
            drawn, delay = self._chance.random(), self._chance.random() * self.day.delay
            for name in ("throttled", "dropped", "unheard", "stale"):
                share = float(getattr(self.day, name))
                if drawn < share and (name != "stale" or read):
                    return name, delay
                drawn -= share
            return "served", delay

    def note(self, what: str) -> None:
        """Count what was done."""
        with self._lock:
            self.done[what] += 1

    def remembered(self, key: tuple[str, ...]) -> tuple[int, list[tuple[str, str]], bytes] | None:
        """An answer to the same question that is not too old."""
        with self._lock:
            found = self._answers.get(key)
        return found[1] if found and time.monotonic() - found[0] < self.day.memory else None

    def remember(self, key: tuple[str, ...], answer: tuple[int, list[tuple[str, str]], bytes]) -> None:
        """Keep an answer, unless a young one is there: a replica that lags does not catch up at once."""
        with self._lock:
            found = self._answers.get(key)
            if found is None or time.monotonic() - found[0] >= self.day.memory:
                self._answers[key] = time.monotonic(), answer


@contextmanager
def before(target: int, day: Day) -> Iterator[Hostile]:
    """Stand before the control plane at a loopback port while the block runs."""
    hostile = Hostile(day, target)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bad", (_Handler,), {"hostile": hostile}))
    server.daemon_threads = True
    hostile.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield hostile
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    hostile: Hostile
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _body(self) -> bytes:
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            parts = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)
        if self.headers.get("Expect", "").lower() == "100-continue":
            self.send_response_only(100)
            self.end_headers()
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _any(self) -> None:
        body = self._body()
        operation, s3 = self._operation(body)
        # S3 has been consistent since 2020; nothing else promises it.
        fate, delay = self.hostile.fate(read=not s3 and bool(_READ.match(operation)))
        time.sleep(delay)  # the network's own time
        key = (self.command, self.path, operation, body.decode("latin-1"))
        if fate in {"throttled", "expired"}:
            self.hostile.note(fate)
            return self._refuse(fate, s3=s3)
        if fate == "dropped":
            self.hostile.note(fate)
            return self._hang_up()
        if fate == "stale" and (old := self.hostile.remembered(key)) is not None:
            self.hostile.note(fate)
            return self._answer(old)
        answer = self._ask(body)
        if _READ.match(operation) and not s3:
            self.hostile.remember(key, answer)
        if fate == "unheard":
            self.hostile.note(fate)
            return self._hang_up()
        return self._answer(answer)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _any  # noqa: N815 - http.server's names

    def _operation(self, body: bytes) -> tuple[str, bool]:
        if target := self.headers.get("X-Amz-Target"):
            return target.rpartition(".")[2], False
        if "form-urlencoded" in self.headers.get("Content-Type", ""):
            return parse_qs(body.decode()).get("Action", [""])[0], False
        return self.command, "/s3/" in self.headers.get("Authorization", "")

    def _ask(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        connection = HTTPConnection("127.0.0.1", self.hostile.target, timeout=120)
        headers = {k: v for k, v in self.headers.items() if k.lower() not in {"transfer-encoding", "expect"}}
        if body:
            headers["Content-Length"] = str(len(body))
        connection.request(self.command, self.path, body, headers)
        found = connection.getresponse()
        data = found.read()
        kept = [(name, value) for name, value in found.getheaders() if name.lower() not in _HOP]
        length = [v for n, v in found.getheaders() if n.lower() == "content-length"]
        if self.command == "HEAD" and length:
            kept.append(("Content-Length", length[0]))
        connection.close()
        return found.status, kept, data

    def _answer(self, answer: tuple[int, list[tuple[str, str]], bytes]) -> None:
        status, headers, data = answer
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        if not any(name.lower() == "content-length" for name, _ in headers):
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.close()

    def _refuse(self, why: str, *, s3: bool) -> None:
        if why == "expired":
            code, message = "ExpiredToken", "The security token included in the request is expired"
        else:
            code, message = ("SlowDown" if s3 else "Throttling"), "Rate exceeded"
        if self.headers.get("X-Amz-Target"):
            word = code + "Exception"
            text = f'{{"__type": "{word}", "message": "{message}"}}'
            return self._answer((400, [("Content-Type", "application/x-amz-json-1.1")], text.encode()))
        error = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
        if "/ec2/" in self.headers.get("Authorization", ""):
            error = f"<Response><Errors>{error}</Errors><RequestID>r</RequestID></Response>"
        elif not s3:
            error = f"<ErrorResponse>{error}<RequestId>r</RequestId></ErrorResponse>"
        status = 503 if s3 and why == "throttled" else 400
        return self._answer((status, [("Content-Type", "text/xml")], error.encode()))
