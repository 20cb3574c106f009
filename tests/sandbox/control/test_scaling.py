"""The simulated rule of capacity: grows at once, shrinks late, never leaves its bounds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tsalab.sandbox.control.aurora_rules import CAPACITIES
from tsalab.sandbox.control.scaling import PROCESSORS_PER_ACU, Scaler, steps


def test_the_steps_of_either_version():
    assert steps(1, 2, 16, CAPACITIES) == [2, 4, 8, 16]
    assert steps(2, 0, 2, CAPACITIES) == [0.5, 1, 1.5, 2]
    assert steps(2, 1.5, 3, CAPACITIES) == [1.5, 2, 2.5, 3]


def test_it_grows_at_once_and_shrinks_a_step_at_a_time():
    allowed = steps(1, 2, 16, CAPACITIES)
    scaler = Scaler(1)
    assert scaler.next(allowed, 0.0, 0) == 2
    assert scaler.next(allowed, 8 * PROCESSORS_PER_ACU * 0.7, 60) == 8
    assert scaler.next(allowed, 0.0, 120) == 8
    assert scaler.next(allowed, 0.0, 299) == 8
    assert scaler.next(allowed, 0.0, 300) == 4
    assert scaler.next(allowed, 100.0, 360) == 16
    scaler.wake()
    assert scaler.next(allowed, 0.0, 420) == 2


@given(
    st.sampled_from([1, 2]),
    st.lists(st.tuples(st.floats(0, 100), st.floats(0, 1000)), max_size=30),
)
def test_it_stays_within_what_was_configured(version, looks):
    allowed = steps(version, 2, 16, CAPACITIES)
    scaler, now = Scaler(version), 0.0
    for processors, passed in looks:
        now += passed
        assert scaler.next(allowed, processors, now) in allowed
