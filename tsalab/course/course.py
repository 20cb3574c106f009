"""Read the course files beside this module."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

StepId = int | str


@dataclass(frozen=True)
class Step:
    """One step, as the learner meets it.

    Parameters
    ----------
    id
        The number the lab's author gave it; ``"cleanup-1"`` and so on in the clean-up.
    section
        Heading it stands under.
    title
        What it does, in a few words.
    call
        The notebook cell that performs it.
    patience
        Seconds that its outcome may take to appear.
    by_hand
        The same with the console, ``aws``, ``ssh`` or an editor.
    """

    id: StepId
    section: str
    title: str
    call: str
    patience: float
    by_hand: str


@dataclass(frozen=True)
class Course:
    """A notebook's worth of steps, in order."""

    title: str
    notebook: str
    steps: tuple[Step, ...]

    def step(self, step_id: StepId) -> Step:
        """The step of that number.

        Raises
        ------
        KeyError
            When the course has none.
        """
        for step in self.steps:
            if step.id == step_id:
                return step
        raise KeyError(step_id)

    @property
    def sections(self) -> tuple[str, ...]:
        """Headings, in order."""
        return tuple(dict.fromkeys(step.section for step in self.steps))


@cache
def _read(name: str) -> Course:
    text = (Path(__file__).parent / f"{name}.yml").read_text(encoding="utf-8")
    data = yaml.load(text, Loader=yaml.CSafeLoader)
    steps = [
        Step(
            id=row["id"],
            section=section["title"],
            title=row["title"],
            call=row["call"],
            patience=float(row.get("patience", 0)),
            by_hand=row["by_hand"].strip(),
        )
        for section in data["sections"]
        for row in section["steps"]
    ]
    return Course(data["title"], data["notebook"], tuple(steps))


LAB = _read("lab4")
CLEANUP = _read("cleanup")
