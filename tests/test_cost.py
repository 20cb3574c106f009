"""The arithmetic of the estimate."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tsalab import cost, resources
from tsalab.architecture import Part, State

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def since(hours: float) -> datetime:
    return NOW - timedelta(hours=hours)


def test_a_cluster_costs_its_capacity_units_by_the_hour() -> None:
    found = cost.estimate([Part("cluster", State.AVAILABLE, since=since(3), units=2)], NOW)
    assert found.dollars == pytest.approx(3 * 2 * 0.12)
    assert found.hourly == pytest.approx(0.24)


def test_a_paused_cluster_has_cost_and_costs_no_more() -> None:
    found = cost.estimate([Part("cluster", State.PAUSED, since=since(3), units=2)], NOW)
    assert found.dollars == pytest.approx(0.72)
    assert found.hourly == 0


def test_a_web_server_costs_with_its_address_and_volume_and_stopped_only_the_volume() -> None:
    volume = 8 * 0.08 / 730
    running = cost.estimate([Part("web-server", State.AVAILABLE, since=since(10))], NOW)
    assert running.dollars == pytest.approx(10 * (0.0416 + 0.005 + volume))
    stopped = cost.estimate([Part("web-server", State.PAUSED, "stopped", since=since(10))], NOW)
    assert stopped.dollars == pytest.approx(10 * volume)
    assert stopped.hourly == pytest.approx(volume)


def test_a_month_of_a_secret_is_forty_cents() -> None:
    found = cost.estimate([Part("secret", State.AVAILABLE, since=since(730))], NOW)
    assert found.dollars == pytest.approx(0.40)


def test_everything_is_added_and_what_is_not_there_or_free_costs_nothing() -> None:
    found = cost.estimate(
        [
            Part("web-server", State.AVAILABLE, since=since(1)),
            Part("cluster", State.CREATING, since=since(1), units=2),
            Part("secret", State.ABSENT, since=since(1)),
            Part("vpc", State.AVAILABLE, since=since(1)),
            Part("mariadb", State.AVAILABLE),
        ],
        NOW,
    )
    assert [item.part for item in found.items] == ["web-server", "cluster"]
    assert found.dollars == pytest.approx(sum(item.dollars for item in found.items))


def test_a_clock_that_is_behind_makes_no_negative_cost() -> None:
    found = cost.estimate([Part("cluster", State.AVAILABLE, since=since(-1), units=2)], NOW)
    assert found.dollars == 0


def test_the_notebooks_page_says_the_same() -> None:
    """Prices for people who do the lab in an account of their own."""
    page = (resources.notebooks() / "README.md").read_text(encoding="utf-8")
    server, cluster = cost.START_STATE_HOUR, 2 * cost.ACU_HOUR
    for price in (
        f"{server:.3f} USD an hour | {2 * server:.2f} USD",
        f"{cluster:.2f} USD an hour while it is awake | {2 * cluster:.2f} USD",
        f"the web server alone is about {server * cost.MONTH_HOURS:.0f} USD a month",
        f"about {cluster * cost.MONTH_HOURS:.0f} USD",
    ):
        assert price in page
