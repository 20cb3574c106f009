"""Executed notebooks, read and judged; nothing in them is ever run.

Here live the reading of submissions, what speaks against them, the rubric, the verdict, and
the forms in which verdicts are handed on. A verdict says of every point which evidence it
rests on: tier 0 the notebook alone, 1 a consistent chain of records, 2 a signed ledger of
the sandbox, 3 a live look, 4 a trail of the account. No AWS, no sandbox, no widgets.
"""

from __future__ import annotations

from tsalab.grade.evidence import Evidence, Witness
from tsalab.grade.grading import grade
from tsalab.grade.ledgers import Ledgers
from tsalab.grade.ledgers import find as find_ledgers
from tsalab.grade.rubric import Rubric
from tsalab.grade.rubric import read as read_rubric
from tsalab.grade.verdict import Mark, Verdict

__all__ = [
    "Evidence",
    "Ledgers",
    "Mark",
    "Rubric",
    "Verdict",
    "Witness",
    "find_ledgers",
    "grade",
    "read_rubric",
]
