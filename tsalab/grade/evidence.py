"""Evidence from elsewhere than the notebook: a signed ledger, a live look, a trail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

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
    """

    tier: int
    passed: bool | None
    reason: str


class Witness(Protocol):
    """Something that knows what happened without asking the notebook."""

    def of(self, examined: Examined) -> dict[StepId, Evidence]:
        """What it knows of a submission's steps; empty when it knows nothing of that learner's run.

        Raises
        ------
        GradeError
            When what it should go by cannot be trusted.
        """
