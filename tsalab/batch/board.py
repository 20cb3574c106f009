"""How far a batch is: learners by sections, done, failed, and what time is left. No drawing."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tsalab import course
from tsalab.batch.job import Job, Result


@dataclass
class Row:
    """A learner on the board.

    Parameters
    ----------
    learner
        The name.
    state
        ``waiting``, ``sandbox`` or ``lab``, then the result's status.
    steps
        Status of each step that ended, by number.
    reason
        Why not passed.
    kept
        Whether an earlier run's result was kept.
    """

    learner: str
    sections: tuple[tuple[str, ...], ...]
    state: str = "waiting"
    steps: dict[str, str] = field(default_factory=dict)
    reason: str = ""
    kept: bool = False

    def section(self, index: int) -> tuple[int, int, bool]:
        """Steps passed, steps in all, and whether one did not pass."""
        steps = self.sections[index]
        states = [self.steps.get(step) for step in steps]
        return states.count("passed"), len(steps), any(s not in (None, "passed") for s in states)

    @property
    def ended(self) -> bool:
        """Whether there is a result."""
        return self.state not in {"waiting", "sandbox", "lab"}


class Board:
    """All learners. Events come from many threads; whoever draws reads it at any time.

    Parameters
    ----------
    jobs
        Of the batch, in the order of the roster.
    workers
        Says how many run at a time.
    clock
        Seconds.
    """

    def __init__(
        self, jobs: Sequence[Job], workers: Callable[[], int], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.rows = {job.folder: Row(job.learner, sections_of(job.notebook)) for job in jobs}
        self._workers = workers
        self._clock = clock
        self._lock = threading.Lock()
        self._began: dict[str, float] = {}
        self._took: list[float] = []

    def event(self, folder: str, said: dict[str, Any]) -> None:
        """Note what a learner's process told."""
        with self._lock:
            row = self.rows[folder]
            if state := said.get("state"):
                if folder not in self._began or state == "sandbox":
                    row.steps.clear()  # a second try
                    self._began[folder] = self._clock()
                row.state = str(state)
            if step := said.get("step"):
                row.steps[str(step)] = str(said["status"])

    def result(self, result: Result, *, kept: bool = False) -> None:
        """Note how a learner's run ended."""
        with self._lock:
            row = self.rows[result.folder]
            row.state, row.reason, row.kept = result.status, result.reason, kept
            row.steps = {number: step.status for number, step in result.steps.items()}
            if not kept:
                self._took.append(result.seconds)

    @property
    def passed(self) -> int:
        """Learners that passed."""
        return sum(row.state == "passed" for row in self.rows.values())

    @property
    def failed(self) -> int:
        """Learners that ended otherwise."""
        return sum(row.ended for row in self.rows.values()) - self.passed

    def left(self) -> float | None:
        """Seconds that the rest takes, as the ended ones took; None before one has ended."""
        with self._lock:
            rows = [(folder, row.ended) for folder, row in self.rows.items()]
            if not self._took:
                return None
            each = sum(self._took) / len(self._took)
            now = self._clock()
            work = sum(
                max(0.0, each - (now - self._began[folder])) if folder in self._began else each
                for folder, ended in rows
                if not ended
            )
        return work / max(1, self._workers())


def sections_of(notebook: str) -> tuple[tuple[str, ...], ...]:
    """Numbers of a notebook's steps, by section; the lab's for a notebook that no course names."""
    found = course_of(notebook)
    return tuple(
        tuple(str(step.id) for step in found.steps if step.section == section) for section in found.sections
    )


def course_of(notebook: str) -> course.Course:
    """The course that a notebook belongs to, by the name of its file."""
    return course.CLEANUP if notebook == course.CLEANUP.notebook else course.LAB
