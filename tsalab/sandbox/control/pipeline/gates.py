"""One execution a stage: the newest waits in front of it, an older one that waits is superseded."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from tsalab.sandbox.control.pipeline.model import Execution


@dataclass
class _Gate:
    inside: Execution | None = None
    waiting: Execution | None = None


class Gates:
    """The stages of all pipelines.

    Parameters
    ----------
    condition
        Guards the executions; notified when one of them changes.
    """

    def __init__(self, condition: threading.Condition) -> None:
        self._condition = condition
        self._gates: dict[tuple[str, str], _Gate] = {}

    def enter(self, pipeline: str, stage: str, execution: Execution) -> bool:
        """Wait until the stage is free; False when the execution ended meanwhile."""
        with self._condition:
            gate = self._gates.setdefault((pipeline, stage), _Gate())
            if gate.waiting is not None and gate.waiting.status == "InProgress":
                gate.waiting.set("Superseded", f"Superseded by {execution.id}")
                gate.waiting = None
            if gate.inside is not None:
                gate.waiting = execution
                self._condition.notify_all()
                self._condition.wait_for(lambda: gate.inside is None or execution.status != "InProgress")
            if gate.waiting is execution:
                gate.waiting = None
            if execution.status != "InProgress":
                return False
            gate.inside = execution
            execution.stages[stage] = "InProgress"
            return True

    def leave(self, pipeline: str, stage: str) -> None:
        """Let the next one in."""
        with self._condition:
            self._gates[pipeline, stage].inside = None
            self._condition.notify_all()

    def waiting(self, pipeline: str, stage: str) -> Execution | None:
        """The execution in front of a stage."""
        gate = self._gates.get((pipeline, stage))
        return gate.waiting if gate else None
