"""What step 9 shows while it waits: stages, stack events as they come, and the new resources."""

from __future__ import annotations

from datetime import datetime

from tsalab.cloud.pipeline import Execution
from tsalab.messages import say
from tsalab.show import StepView
from tsalab.steps import overview
from tsalab.steps.following import Follower
from tsalab.steps.step import Check, Finding
from tsalab.steps.world import World
from tsalab.template import Template, read_package

_ENDED = {"Succeeded", "Failed"}


class Watch:
    """The pipeline and the stack, looked at again and again.

    Parameters
    ----------
    world
        As it was before the pipeline ran, with something uploaded.
    view
        Where everything is shown.
    check
        The check of step 9.
    """

    def __init__(self, world: World, view: StepView, check: Check) -> None:
        self._world, self._view, self._check = world, view, check
        self._follower = Follower(world, view)
        assert world.uploaded is not None  # noqa: S101 - step 8 has been checked
        self._version = world.uploaded.version
        self._wanted = Template(read_package(world.uploaded.body)).resources
        self._known = set(world.resources) if world.stack.state() is not None else set()
        self._seen: set[str] = set()
        self._state: dict[str, str] = {}

    def running(self) -> Execution | None:
        """The execution of the uploaded version, once there is one; shows what is on its way meanwhile."""
        runs = self._world.place.pipeline.executions()
        run = next((run for run in runs if run.revision == self._version), None)
        if run is None:
            # Until its Source stage has ended, an execution does not tell what it takes.
            newest = next(iter(runs), None)
            beginning = newest and newest.status == "InProgress" and not newest.revision
            self._show_stages(newest if beginning else None)
        return run

    def look(self) -> Finding:
        """Check again, and show what is new."""
        finding = self._check(self._world.again())
        run = self.running()  # after the check: what ended it is among what is shown
        with self._view.at_once():
            self._follower.part(overview.of_run(run.status if run else ""))
            self._show_stages(run)
            if run is not None and run.started is not None:
                self._show_events(run.started)
        return finding

    def end(self) -> None:
        """Look at the whole architecture once more: the picture that stays."""
        self._follower.end()

    def _show_stages(self, run: Execution | None) -> None:
        """Each stage of this execution, with its time by AWS's own clock: one begins as the last one ends."""
        since = run.started if run else None
        stages = self._world.place.pipeline.state()
        mine = [stage for stage in stages if run and stage.execution == run.execution_id]
        for stage in stages:
            if stage not in mine:  # an earlier execution's
                self._view.stage(stage.name, "NotStarted")
                continue
            seconds = _between(since, stage.changed) if stage.status in _ENDED else None
            self._view.stage(stage.name, stage.status, stage.reason, seconds=seconds)
            since = stage.changed
        done = sum(stage.status == "Succeeded" for stage in mine)
        self._progress(say("infrastructure.pipeline"), done, len(stages), say("units.stages"))

    def _show_events(self, started: datetime) -> None:
        """The stack's events of this execution, also those from before anybody looked."""
        for event in reversed(self._world.stack.events()):
            if event.event_id in self._seen or datetime.fromisoformat(event.time) < started:
                continue
            self._seen.add(event.event_id)
            self._view.event(event)
            self._follower.event(event, self._world.stack.name)
            if event.resource != self._world.stack.name:
                self._state[event.resource] = event.status
        # What is new is known at once; what else changes, only as it begins to.
        touched = self._state.keys() | (set(self._wanted) - self._known)
        done = sum(status.endswith("_COMPLETE") for status in self._state.values())
        self._progress(say("infrastructure.stack"), done, len(touched), say("units.resources"))

    def _progress(self, label: str, done: int, total: int, unit: str) -> None:
        # A cluster takes a hundred times as long as a subnet: there is no rate to tell.
        self._view.progress(label, done, total, unit, steady=False)


def _between(since: datetime | None, until: datetime | None) -> float | None:
    return (until - since).total_seconds() if since and until else None
