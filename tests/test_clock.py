"""The clock that a profile may name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tsalab.clock import Clock, Times
from tsalab.errors import SandboxError


def test_what_was_never_set_stays_with_who_keeps_the_clock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TSALAB_RESUME_SECONDS", "7")
    path = tmp_path / "clock.json"
    clock, keeper = Clock(path), Clock(path)
    assert keeper.times == Times(1.0, 7.0)
    assert clock.set(rate=600) == Times(600.0, 7.0)
    assert json.loads(path.read_text()) == {"rate": 600}
    monkeypatch.setenv("TSALAB_RESUME_SECONDS", "8")
    assert Clock(path).times == Times(600.0, 8.0)


def test_a_borrowed_clock_is_put_back_however_the_block_ends(tmp_path: Path) -> None:
    clock = Clock(tmp_path / "clock.json")
    clock.set(rate=2, resume_seconds=3)

    def interrupted() -> None:
        with clock.borrowed():
            clock.set(rate=14_400, resume_seconds=1)
            assert clock.times == Times(14_400, 1)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert clock.times == Times(2, 3)


@pytest.mark.parametrize("wrong", [{"rate": 0}, {"rate": float("nan")}, {"resume_seconds": -1}])
def test_a_clock_that_cannot_run_is_not_written(tmp_path: Path, wrong: dict[str, float]) -> None:
    with pytest.raises(SandboxError, match="clock cannot run"):
        Clock(tmp_path / "clock.json").set(**wrong)
    assert not (tmp_path / "clock.json").exists()
