"""Visits while something else goes on: every one counts, and those that fail are told."""

from __future__ import annotations

import itertools
import threading

from tsalab.edge import Probe, Visits
from tsalab.errors import SiteError

ENOUGH = 20


def test_good_slow_wrong_and_failed_visits() -> None:
    seen = threading.Event()
    numbers = itertools.count(1)

    def ask() -> Probe:
        number = next(numbers)
        if number > ENOUGH:
            seen.set()
        if number == 1:
            raise SiteError.no_answer("http://site", 1)
        slow = number == 3
        return Probe("api", "http://site", 200, 900.0 if slow else 10.0, None, None, number != 2, "", 0.0)

    with Visits(ask) as visits:
        assert seen.wait(20)
    met = visits.latency()
    assert met.failed == 2
    assert met.visits > ENOUGH
    assert met.median == 0.01
    assert met.p95 in (0.01, 0.9)
    assert visits.recent() == 0.01


def test_nobody_was_served() -> None:
    asked = threading.Event()

    def ask() -> Probe:
        asked.set()
        raise SiteError.no_answer("http://site", 1)

    with Visits(ask) as visits:
        assert asked.wait(20)
    met = visits.latency()
    assert met.visits == met.failed > 0
    assert (met.median, met.p95, visits.recent()) == (None, None, 0.0)
