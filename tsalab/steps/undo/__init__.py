"""The undo of each step: bring a part of the world back to before it.

Steps that change the same thing (the template's file, Aurora's tables, the clone, …) share
one undo. It first looks at the real state and plans a *move*: what would be lost, and how
to go back; planning changes nothing, and refuses what cannot be done. A move may run twice,
or after a crash at any point. Checkpoints only make it exact: what they do not hold is
derived from the real state.
"""

from __future__ import annotations

# Each module registers its undo in STEPS when it is read.
from tsalab.steps.undo import code, data, deployment, files, webserver
from tsalab.steps.undo.checkpoints import Checkpoints
from tsalab.steps.undo.keeping import keep_after, keep_before
from tsalab.steps.undo.move import Back, Loss, Move, plan, run

__all__ = [
    "Back",
    "Checkpoints",
    "Loss",
    "Move",
    "code",
    "data",
    "deployment",
    "files",
    "keep_after",
    "keep_before",
    "plan",
    "run",
    "webserver",
]
