"""The notebook as it is shipped: which cell performs which step, and what it says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from tsalab import resources
from tsalab.course import CLEANUP, LAB, Course

StepId = int | str
_FREE = frozenset({"parameters"})  # cells that are there to be edited


@dataclass(frozen=True)
class Shipped:
    """One of the lab's notebooks.

    Parameters
    ----------
    course
        Its steps.
    sources
        Source of each code cell that is not there to be edited, by cell id, in order.
    """

    course: Course
    sources: Mapping[str, str]

    @property
    def steps(self) -> tuple[StepId, ...]:
        """Numbers of its steps, in order."""
        return tuple(step.id for step in self.course.steps)


def cell_of(step: StepId) -> str:
    """Id of the cell that performs a step."""
    return step if isinstance(step, str) else f"step-{step}"


@cache
def shipped(name: str = LAB.notebook) -> Shipped:
    """A notebook by its file name."""
    book = json.loads((resources.notebooks() / name).read_text(encoding="utf-8"))
    sources = {
        cell["id"]: "".join(cell["source"])
        for cell in book["cells"]
        if cell["cell_type"] == "code" and cell["id"] not in _FREE
    }
    return Shipped(CLEANUP if name == CLEANUP.notebook else LAB, sources)
