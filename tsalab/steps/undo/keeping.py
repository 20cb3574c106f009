"""Keep checkpoints while steps are done: a help for going back, never a reason for a step to fail."""

from __future__ import annotations

from tsalab.course.course import StepId
from tsalab.errors import TsalabError
from tsalab.messages import say
from tsalab.show import StepView
from tsalab.steps.undo.checkpoints import Checkpoints
from tsalab.steps.world import World


def keep_before(step_id: StepId, world: World, view: StepView) -> None:
    """Keep what a step is about to change."""
    try:
        Checkpoints(world.place.workdir).before(step_id, world)
    except (TsalabError, OSError) as error:
        view.line(say("reset.no_checkpoint", why=error))


def keep_after(step_id: StepId, world: World, view: StepView, *, passed: bool) -> None:
    """Keep what a step made."""
    try:
        if passed:
            Checkpoints(world.place.workdir).after(step_id, world)
    except (TsalabError, OSError) as error:
        view.line(say("reset.no_checkpoint", why=error))
