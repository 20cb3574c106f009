"""The picture of the architecture while a step changes it: events arrive, parts change."""

from __future__ import annotations

from tsalab.architecture import Overview, Part
from tsalab.cloud.stacks import StackEvent
from tsalab.show import StepView, diagram
from tsalab.steps import overview
from tsalab.steps.world import World


class Follower:
    """Follows a stack's events from the last look on, and takes a fresh look at the end.

    The view shows each picture in place of the one before, and keeps the last of them.

    Parameters
    ----------
    world
        Where the step takes place.
    view
        The step's view.
    """

    def __init__(self, world: World, view: StepView) -> None:
        self._world, self._view = world, view
        self._seen = world.place.overview or overview.look(world)
        self._show()

    def event(self, event: StackEvent, stack: str) -> None:
        """Take in an event of a stack, the oldest first."""
        self._change(overview.follow(self._seen, event, stack))

    def part(self, part: Part) -> None:
        """Take in how one part is now."""
        self._change(self._seen.with_part(part))

    def end(self) -> None:
        """Look at everything afresh: the picture that stays."""
        self._change(overview.look(self._world.again()))

    def _change(self, seen: Overview) -> None:
        if seen is not self._seen:
            self._seen = seen
            self._world.place.saw(seen)
            self._show()

    def _show(self) -> None:
        self._view.picture(diagram.svg(self._seen), self._seen.sentence())


def look_again(world: World) -> None:
    """After a change that no event tells of: look, if anybody shows the architecture."""
    if world.place.on_overview:
        world.place.saw(overview.look(world.again()))
