"""What speaks against a submission: each doubt is named, and says how far it reaches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tsalab.messages import say

Reach = Literal["worthless", "capped"]
"""A worthless record gives no points; a capped one is worth no more than the notebook alone (tier 0)."""

_REACH: dict[str, Reach] = {
    "altered": "worthless",
    "malformed": "worthless",
    "other_learner": "worthless",
    "other_run": "worthless",
    "no_record": "worthless",
    "too_early": "worthless",
    "other_cell": "capped",
    "source_changed": "capped",
    "text_differs": "capped",
    "name_twice": "capped",
    "cell_missing": "capped",
    "cell_twice": "capped",
    "reordered": "capped",
    "chain_broken": "capped",
    "chain_incomplete": "capped",
    "clock": "capped",
    "journal_broken": "capped",
    "other_account": "capped",
    "shared_run": "capped",
}
KINDS = tuple(_REACH)


@dataclass(frozen=True)
class Doubt:
    """One thing that is not as in a notebook that was simply run.

    Parameters
    ----------
    kind
        One of `KINDS`.
    step
        The step it is about; None for the whole notebook.
    detail
        What was seen, as it goes into the sentence.
    """

    kind: str
    step: int | str | None = None
    detail: str = ""

    @property
    def reach(self) -> Reach:
        """How far it reaches."""
        return _REACH[self.kind]

    @property
    def words(self) -> str:
        """The doubt as a sentence."""
        return say(f"grade.doubt.{self.kind}", detail=self.detail)


def about(doubts: Sequence[Doubt], step: int | str) -> list[Doubt]:
    """Doubts that touch a step: its own, and those about the whole notebook."""
    return [doubt for doubt in doubts if doubt.step in (None, step)]
