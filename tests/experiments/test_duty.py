"""The estimate of what a month costs."""

from __future__ import annotations

import pytest

from tsalab.cost import ACU_HOUR
from tsalab.experiments import duty


def test_a_week_is_counted_night_by_night() -> None:
    assert duty.awake_share(0) * 168 == pytest.approx(5 * 8)
    assert duty.awake_share(2) * 168 == pytest.approx(5 * (8 + 2))
    # Ten hours: four nights and a weekend, all longer than that.
    assert duty.awake_share(10) * 168 == pytest.approx(5 * (8 + 10))
    # Twenty hours are more than a night; only the weekend is longer.
    assert duty.awake_share(20) * 168 == pytest.approx(4 * 24 + 8 + 20)
    assert duty.awake_share(1000) == pytest.approx(1)


def test_a_month_has_730_hours_of_acus() -> None:
    assert duty.monthly(1, 2) == pytest.approx(730 * 2 * ACU_HOUR)
    assert duty.monthly(0.5, 2) == pytest.approx(duty.monthly(1, 1))
    assert duty.hours(0.25) == pytest.approx(182.5)
