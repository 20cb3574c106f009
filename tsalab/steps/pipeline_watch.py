"""What step 9 shows while it waits: stages, stack events as they come, and the new resources."""

from __future__ import annotations

from datetime import datetime

from tsalab.cloud.pipeline import Execution
from tsalab.messages import say
from tsalab.show import StepView
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
        assert world.uploaded is not None  # noqa: S101 - step 8 has been checked
        self._version = world.uploaded.version
        self._wanted = Template(read_package(world.uploaded.body)).resources
        self._known = set(world.resources) if world.stack.state() is not None else set()
        self._seen: set[str] = set()
        self._created: set[str] = set()
        self._made: set[str] = set()

    def running(self) -> Execution | None:
        """The execution of the uploaded version, once there is one."""
        return self._world.place.pipeline.execution_of(self._version)

    def look(self) -> Finding:
        """Check again, and show what is new."""
        finding = self._check(self._world.again())
        run = self.running()  # after the check: what ended it is among what is shown
        self._show_stages(run)
        if run is not None and run.started is not None:
            self._show_events(run.started)
        return finding

    def _show_stages(self, run: Execution | None) -> None:
        """Each stage of this execution, with its time by AWS's own clock: one begins as the last one ends."""
        since = run.started if run else None
        for stage in self._world.place.pipeline.state():
            if run is None or stage.execution != run.execution_id:  # an earlier execution's
                self._view.stage(stage.name, "NotStarted")
                continue
            seconds = _between(since, stage.changed) if stage.status in _ENDED else None
            self._view.stage(stage.name, stage.status, stage.reason, seconds=seconds)
            since = stage.changed

    def _show_events(self, started: datetime) -> None:
        """The stack's events of this execution, also those from before anybody looked."""
        for event in reversed(self._world.stack.events()):
            if event.event_id in self._seen or datetime.fromisoformat(event.time) < started:
                continue
            self._seen.add(event.event_id)
            self._view.event(event)
            if event.status.startswith("CREATE_"):
                self._created.add(event.resource)
            if event.status == "CREATE_COMPLETE":
                self._made.add(event.resource)
        # What the stack held when we first looked is new all the same if this execution made it.
        new = {name for name in self._wanted if name not in self._known or name in self._created}
        if new:
            self._view.progress(say("infrastructure.new_resources"), len(new & self._made), len(new))


def _between(since: datetime | None, until: datetime | None) -> float | None:
    return (until - since).total_seconds() if since and until else None
