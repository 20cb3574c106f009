"""Progress: counts, rates, the time left, and one bar for all."""

from __future__ import annotations

import pytest

from tests.show.sanitizer import sanitized
from tsalab.show import BYTES
from tsalab.show.amounts import amount, duration
from tsalab.show.bars import Bars


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.04, "0.0 s"), (3.24, "3.2 s"), (42.4, "42 s"), (185, "3 min 05 s"), (3720, "1 h 02 min")],
)
def test_times_read_like_times(seconds: float, said: str) -> None:
    assert duration(seconds) == said


def test_amounts_have_their_units() -> None:
    assert amount(1234, "rows") == "1,234 rows"
    assert amount(3, "") == "3"
    assert [amount(size, BYTES) for size in (999, 4_100, 11_300_000)] == ["999 B", "4.1 kB", "11.3 MB"]


def test_a_bar_tells_rate_and_time_left() -> None:
    bars = Bars()
    bars.report("users", 0, 1000, "rows", 0)
    bars.report("users", 0, 1000, "rows", 100)  # it waited until now
    bars.report("users", 400, 1000, "rows", 102)
    shown = bars.html(102)
    assert "400 of 1,000 rows · 200 rows/s · about 3.0 s left" in sanitized(shown)
    assert 'value="400" max="1000"' in shown
    assert "◐ users" in shown
    bars.report("users", 1000, 1000, "rows", 105)
    assert "✓ users1,000 of 1,000 rows · 5.0 s" in sanitized(bars.html(500))  # it stands still
    assert bars.part(500).text.splitlines()[-1].split("  ") == [
        "✓ users",
        "1,000 of 1,000 rows",
        "5.0 s",
        "200 rows/s",
    ]


def test_what_goes_in_leaps_has_no_rate() -> None:
    bars = Bars()
    bars.report("Stack", 3, 4, "resources", 0, steady=False)
    bars.report("Stack", 3, 4, "resources", 60, steady=False)
    assert sanitized(bars.html(60)) == "◐ Stack3 of 4 resources"
    assert "Speed" not in bars.part(60).text


def test_a_bar_of_nothing_is_full_and_one_without_a_total_never() -> None:
    bars = Bars()
    bars.report("tags", 0, 0, "rows", 0)
    bars.report("dump.sql", 5_000_000, None, BYTES, 0)
    shown = bars.html(2)
    assert 'title="tags" value="1" max="1"' in shown
    assert "✓ tags" in shown
    assert '<progress title="dump.sql"></progress>' in shown
    assert "5.0 MB" in sanitized(shown)
    assert "left" not in sanitized(shown)


def test_bars_of_one_unit_have_one_for_all() -> None:
    bars = Bars()
    bars.report("users", 10, 10, "rows", 0)
    assert bars.overall() is None
    bars.report("images", 0, 30, "rows", 0)
    bars.report("images", 10, 30, "rows", 2)
    overall = bars.overall()
    assert overall is not None
    assert (overall.done, overall.total, overall.status.icon) == (20, 40, "◐")
    bars.report("images", 30, 30, "rows", 4)
    overall = bars.overall()
    assert overall is not None
    assert overall.seconds(99) == 4
    bars.report("dump.sql", 1, 2, BYTES, 0)
    assert bars.overall() is None
