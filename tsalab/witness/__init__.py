"""Witnesses for grading that look at the world themselves: an account now, its trail, work done again.

They give `tsalab.grade` evidence of the higher tiers. What they look at is only read, with
the grader's own profile; nothing that a learner wrote is run here.
"""

from __future__ import annotations

from tsalab.witness.live import Live
from tsalab.witness.whose import Whose, whose

__all__ = ["Live", "Whose", "whose"]
