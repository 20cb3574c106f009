"""Evidence from elsewhere than the notebook: a signed ledger, a live look, a trail."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol, runtime_checkable

from tsalab.grade.examining import Examined
from tsalab.grade.shipped import StepId


@dataclass(frozen=True)
class Evidence:
    """What a witness says about one step.

    Parameters
    ----------
    tier
        Of the witness: 2 a signed ledger, 3 a live look, 4 a trail.
    passed
        Whether the step was done; None when the witness cannot tell, and the lower tiers decide.
    reason
        Why it says so, in words.
    at
        Since when the step has been done, where the witness knows.
    """

    tier: int
    passed: bool | None
    reason: str
    at: datetime | None = None


class Witness(Protocol):
    """Something that knows what happened without asking the notebook."""

    def of(self, examined: Examined) -> dict[StepId, Evidence]:
        """What it knows of a submission's steps; empty when it knows nothing of that learner's run.

        Raises
        ------
        GradeError
            When what it should go by cannot be trusted.
        """


@runtime_checkable
class Knowing(Witness, Protocol):
    """A witness that knows whose the work is, also where no notebook says so."""

    def named(self, examined: Examined) -> Examined:
        """The same, with its learner where the notebook names none."""

    def alone(self, paths: Iterable[Path], seen: Collection[str]) -> Iterator[Examined]:
        """Those of the learners in ``paths`` of whom there is no notebook."""
