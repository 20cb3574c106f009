"""What a cut-over remembers: in a file, never less far than it came."""

from __future__ import annotations

from pathlib import Path

import pytest

from tsalab.cutover.state import RESTING, WAY, Phase, State, Store


def test_nothing_has_begun_in_a_new_folder(tmp_path: Path) -> None:
    assert Store(tmp_path).read() == State()
    assert State().phase in RESTING
    assert not State().is_past(Phase.PREPARE)


def test_a_phase_and_what_it_found_are_read_again(tmp_path: Path) -> None:
    Store(tmp_path).enter(Phase.COPY, 12.5, commit="abc", served=("x1",))
    found = Store(tmp_path).read()
    assert (found.phase, found.commit, found.served, found.times) == (
        Phase.COPY,
        "abc",
        ("x1",),
        {"copy": 12.5},
    )


@pytest.mark.parametrize("phase", WAY[1:])
def test_who_goes_on_does_phases_again_and_forgets_none(tmp_path: Path, phase: Phase) -> None:
    store = Store(tmp_path)
    store.enter(phase, 1.0)
    store.enter(WAY[0], 2.0)
    assert store.read().phase is phase
    assert store.read().is_past(WAY[0])
    store.enter(Phase.RETURN, 3.0)
    assert store.read().phase is Phase.RETURN
    store.enter(Phase.BACK, 4.0)
    store.enter(WAY[0], 5.0)
    assert store.read().phase is WAY[0]
