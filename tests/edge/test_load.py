"""Visitors who write: against a gallery that fails on purpose, nothing is told that is not so."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import pytest

from tsalab.edge import Load, Met, Request, visitors
from tsalab.errors import SiteError


class Gallery:
    """Takes categories; can be away, and can lose its answer to a write that it did."""

    def __init__(self) -> None:
        self.written: Counter[str] = Counter()
        self.away = self.mute = self.closed = False
        self.lock = threading.Lock()
        gallery = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self, status: int) -> None:
                self.send_response(status)
                self.send_header("Set-Cookie", "tsagallery_session=1.2.3; Path=/")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def do_GET(self) -> None:
                self.answer(503 if gallery.away else 200)

            def do_POST(self) -> None:
                body: dict[str, Any] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if self.path.endswith("/login"):
                    self.answer(401 if gallery.closed else 200)
                    return
                if gallery.away:
                    self.answer(503)
                    return
                with gallery.lock:
                    taken = body["name"] in gallery.written
                    gallery.written[body["name"]] += not taken
                if gallery.mute:
                    self.close_connection = True  # done, and nobody is told
                    return
                self.answer(409 if taken else 201)

            def log_message(self, *args: object) -> None:
                """Keep quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()


@pytest.fixture
def gallery() -> Iterator[Gallery]:
    made = Gallery()
    yield made
    made.server.shutdown()
    made.thread.join()
    made.server.server_close()


def test_what_is_acknowledged_was_written_and_once(gallery: Gallery) -> None:
    with Load(gallery.url, 200) as load:
        time.sleep(0.5)
        gallery.mute = True
        time.sleep(0.2)
        gallery.mute = False
        gallery.away, since = True, time.monotonic()
        time.sleep(0.5)
        gallery.away, until = False, time.monotonic()
        time.sleep(0.5)
        met = load.stop()
    assert met.acknowledged == gallery.written.keys()  # also those whose answer was lost at first
    assert set(gallery.written.values()) == {1}
    assert all(mark.startswith(load.prefix) for mark in met.acknowledged)
    assert met.rate(met.began, since - 0.2) > 30  # of 200: tests share the machine
    for kind in ("read", "write"):
        assert until - since - 0.2 < met.outage(kind) < until - since + 2.0
    assert {each.status for each in met.requests if not each.ok} == {0, 503}


def test_visitors_that_nobody_lets_in_are_told(gallery: Gallery) -> None:
    gallery.closed = True
    with pytest.raises(SiteError, match="HTTP 401"), Load(gallery.url):
        pass
    with Load(gallery.url, 0) as load:  # who only looks needs no login
        time.sleep(0.2)
    assert load.met is not None
    assert {each.kind for each in load.met.requests} == {"read"}


def test_an_outage_reaches_from_the_first_to_the_last_moment() -> None:
    def met(*ends: float) -> Met:
        return Met(tuple(Request("read", end - 0.01, end, 200, ok=True) for end in ends), 0.0, 10.0)

    assert met().outage("read") == 10.0
    assert met(1.0, 9.5).outage("read") == 8.5
    assert met(4.0).outage("read") == 6.0
    assert met(4.0).outage("read", 3.0, 5.0) == 1.0
    failed = Met((Request("read", 0.0, 5.0, 503, ok=False),), 0.0, 10.0)
    assert failed.outage("read") == 10.0


class Clock:
    """Waits by moving the time on, and has ended when the time has come."""

    def __init__(self, end: float) -> None:
        self.now, self.end = 0.0, end

    def wait(self, seconds: float) -> bool:
        self.now += seconds
        return self.now > self.end


@pytest.mark.parametrize(("away", "caught_up"), [(0.0, 0), (0.5, 4), (1.0, 8), (60.0, 9)])
def test_turns_missed_are_caught_up_those_of_the_last_second_alone(
    monkeypatch: pytest.MonkeyPatch, away: float, caught_up: int
) -> None:
    clock = Clock(end=2.45 + away)
    monkeypatch.setattr(visitors, "time", SimpleNamespace(monotonic=lambda: clock.now))
    came = []
    for _ in visitors.turns(clock, gap=0.125, first=0.0625):
        came.append(clock.now)
        if len(came) == 10:
            clock.now += away
    assert len([at for at in came[10:] if at <= came[9] + away]) == caught_up
    assert len(came) == 20 + caught_up
