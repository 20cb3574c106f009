"""How fast and how long yet, without a terminal and without a database."""

from __future__ import annotations

import pytest

from tsalab.migrate import Event, Phase, Plan
from tsalab.migrate.model import Table, Vendor
from tsalab.migrate.pace import Pace, Rate


def pace(**sizes: int) -> Pace:
    """Tables of so many rows of ten bytes."""
    tables = tuple(Table(name, (), "", rows=rows, bytes=rows * 10) for name, rows in sizes.items())
    return Pace(Plan(Vendor.MARIADB, Vendor.MARIADB, tables))


def copied(table: str, rows: int, total: int, seconds: float) -> Event:
    return Event(table, Phase.COPY, rows, total, rows * 10, seconds)


def test_a_table_at_a_steady_rate() -> None:
    all_of_it = pace(images=1000)
    for second in range(1, 5):
        table = all_of_it.take(copied("images", second * 100, 1000, second))
    assert table is not None
    assert (table.rate, table.left, table.fraction) == (100, 6, 0.4)
    assert (all_of_it.rate, all_of_it.left, all_of_it.fraction) == (100, 6, 0.4)
    assert (all_of_it.rows, all_of_it.bytes) == (400, 4000)


def test_nothing_is_said_before_it_is_known() -> None:
    all_of_it = pace(images=1000)
    assert (all_of_it.rate, all_of_it.left, all_of_it.fraction) == (None, None, 0)
    table = all_of_it.take(copied("images", 10, 1000, 0.1))
    assert table is not None
    assert (table.rate, table.left) == (None, None)
    assert all_of_it.left is None
    table = all_of_it.take(copied("images", 10, 1000, 3))
    assert table is not None
    assert (table.rate, table.left) == (0, None), "at a standstill nobody knows"


def test_a_rate_is_that_of_late() -> None:
    rate = Rate()
    for second in range(100):
        rate.note(second, min(second, 50) * 1000)
    assert rate.value == 0
    for second in range(100, 111):
        rate.note(second, 50_000 + (second - 99) * 10)
    assert rate.value == 10
    assert rate.left(100) == 10


def test_an_estimate_that_was_too_small_grows() -> None:
    all_of_it = pace(images=100)
    table = all_of_it.take(copied("images", 400, 400, 4))
    assert table is not None
    assert (table.total, table.fraction) == (400, 1)
    assert not table.full


def test_a_full_table_has_its_rows_and_no_rate() -> None:
    all_of_it = pace(images=1000, tags=1000)
    all_of_it.take(copied("images", 200, 1000, 1))
    all_of_it.take(copied("images", 900, 1000, 2))
    table = all_of_it.take(Event("images", Phase.KEYS, seconds=3))
    assert table is not None
    assert table.full
    assert (table.rows, table.total, table.fraction) == (900, 900, 1), "the estimate was too large"
    assert (table.rate, table.left) == (None, None)
    assert all_of_it.fraction == 0.5
    assert all_of_it.left == pytest.approx(3)
    all_of_it.take(Event("tags", Phase.DONE, 7, 7, 70, 4))
    assert all_of_it.full
    assert (all_of_it.rate, all_of_it.left, all_of_it.fraction) == (None, None, 1)
    assert all_of_it.rows == 907


def test_large_tables_count_for_more() -> None:
    all_of_it = pace(images=9000, tags=1000)
    all_of_it.take(Event("tags", Phase.KEYS, seconds=1))
    assert all_of_it.fraction == pytest.approx(0.1)


def test_what_is_about_no_table_and_no_tables_at_all() -> None:
    all_of_it = pace()
    assert all_of_it.take(Event("", Phase.OBJECTS)) is None
    assert (all_of_it.fraction, all_of_it.left) == (1, None)
