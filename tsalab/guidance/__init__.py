"""What helps a learner who is stuck or curious: hints, why-notes, and how to do a step by hand.

The texts are the course's; here the step is found at which the learner is, names are
filled in from the real state, and a hint is recorded. Nothing here changes the lab.
"""

from __future__ import annotations

from tsalab.guidance.hints import hint
from tsalab.guidance.pages import by_hand, why
from tsalab.guidance.place import Guided

__all__ = ["Guided", "by_hand", "hint", "why"]
