"""Places that a reset takes, and moves side by side; the rest needs a lab (`journeys/test_reset.py`)."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from tsalab.course import LAB
from tsalab.errors import ResetError
from tsalab.reset import place_of
from tsalab.show import StepView
from tsalab.steps import STEPS
from tsalab.steps.undo import Loss, Move, run


@pytest.mark.parametrize(
    ("to", "step"),
    [
        (14, 14),
        ("14", 14),
        ("start", 1),
        ("Move the existing data", 10),
        ("move the existing data", 10),
        ("section-update-the-application-to-use-the-aurora", 15),  # as the notebook's cell is called
        ("updating", 25),
    ],
)
def test_a_place_is_a_step_or_a_section(to: int | str, step: int) -> None:
    assert place_of(to) == step


@pytest.mark.parametrize("to", [0, 31, "", "upd", "nowhere", "-1", "section-"])
def test_another_place_is_refused_and_the_sections_are_named(to: int | str) -> None:
    with pytest.raises(ResetError) as caught:
        place_of(to)
    assert "Updating the server" in caught.value.next_step


def test_every_step_that_changes_something_has_an_undo() -> None:
    shows = {20, 30}  # their dos change nothing
    changing = {int(step.id) for step in LAB.steps if STEPS[step.id].do} - shows
    assert {int(step.id) for step in LAB.steps if STEPS[step.id].undo} == changing


def moves(*rows: tuple[str, Any, tuple[str, ...]]) -> list[Move]:
    return [Move(part, [Loss(part, "", "")], do, after) for part, do, after in rows]


def test_moves_run_side_by_side_and_wait_for_what_they_need() -> None:
    meeting, order = threading.Barrier(2, timeout=20), []

    def meet(_: StepView) -> None:
        meeting.wait()  # passes only when two of them run at the same time

    def last(_: StepView) -> None:
        order.append("last")

    def server(view: StepView) -> None:
        meet(view)
        order.append("server")

    with StepView("reset", "Reset") as view:
        run(moves(("data", last, ("server",)), ("server", server, ()), ("code", meet, ())), view)
    assert order == ["server", "last"]


def test_a_move_that_fails_holds_up_only_what_waits_for_it() -> None:
    done = []

    def fail(_: StepView) -> None:
        raise ResetError.app_silent("web")

    with StepView("reset", "Reset") as view, pytest.raises(ResetError):
        run(
            moves(
                ("server", fail, ()),
                ("data", lambda _: done.append("data"), ("server",)),
                ("rows", lambda _: done.append("rows"), ("data",)),
                ("code", lambda _: done.append("code"), ()),
                ("files", lambda _: done.append("files"), ("not to be moved",)),
            ),
            view,
        )
    assert sorted(done) == ["code", "files"]
