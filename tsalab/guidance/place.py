"""Where the learner is: the first step whose check does not pass."""

from __future__ import annotations

from typing import Protocol

from tsalab.course import CLEANUP, LAB, Step
from tsalab.course.course import StepId
from tsalab.errors import StepError
from tsalab.records import Journal, Mode
from tsalab.steps import STEPS, Finding, Place, World
from tsalab.steps.performing import safely


class Guided(Protocol):
    """Who asks: the lab."""

    place: Place
    journal: Journal
    learner: str
    mode: Mode

    @property
    def run(self) -> str:
        """Nonce of the run."""


def step_of(step_id: StepId) -> Step:
    """The step that a learner names.

    Raises
    ------
    StepError
        When there is none.
    """
    try:
        return (CLEANUP if isinstance(step_id, str) else LAB).step(step_id)
    except KeyError as error:
        raise StepError.unknown_step(step_id) from error


def asked(lab: Guided, step_id: StepId | None, world: World) -> tuple[Step, Finding] | None:
    """The step in question and what its check sees.

    Parameters
    ----------
    lab
        Who asks.
    step_id
        A step that was named; the one where the learner is when None.
    world
        The look to take.

    Returns
    -------
    tuple or None
        None when no step was named and every check passes.

    Raises
    ------
    StepError
        When there is no step of that name.
    """
    if step_id is not None:
        return step_of(step_id), safely(STEPS[step_id].check, world)
    for step in _course(lab):
        finding = safely(STEPS[step.id].check, world)
        if not finding.passed:
            return step, finding
    return None


def _course(lab: Guided) -> tuple[Step, ...]:
    """The steps to look through: whoever has begun to clean up is not sent back to the lab."""
    outcomes = lab.journal.of_kind("step")
    return (CLEANUP if outcomes and isinstance(outcomes[-1].step, str) else LAB).steps
