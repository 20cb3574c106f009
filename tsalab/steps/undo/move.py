"""What an undo plans: a move of one part of the world, and in which order moves run."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tsalab.course import LAB
from tsalab.messages import say
from tsalab.show import StepView
from tsalab.steps.step import STEPS
from tsalab.steps.undo.checkpoints import Checkpoints
from tsalab.steps.world import World


@dataclass(frozen=True)
class Loss:
    """Something that will be removed or changed.

    Parameters
    ----------
    what
        The thing.
    where
        Its place.
    lost
        What is lost, or what it will be.
    """

    what: str
    where: str
    lost: str


@dataclass
class Back:
    """Going back to before a step.

    Parameters
    ----------
    world
        One look at the real state, for planning.
    to
        The step.
    checkpoints
        What the lab kept as steps passed.
    aside
        Where the learner's own work was kept; moves add to it.
    memo
        What one undo read and another needs, too.
    """

    world: World
    to: int
    checkpoints: Checkpoints
    aside: list[str] = field(default_factory=list)
    memo: dict[str, Any] = field(default_factory=dict)

    @property
    def mark(self) -> str:
        """What names the learner's work that is kept aside."""
        return f"before-reset-{self.to}"

    def keep(self, path: Path, name: str = "") -> str:
        """Keep a file or folder of the learner's beside the working files, by moving it; returns its name."""
        folder, name = self.world.place.workdir, name or path.name
        kept = free_name(folder / f"{name}.{self.mark}")
        path.rename(kept)
        self.aside.append(kept.name)
        return kept.name


def free_name(path: Path) -> Path:
    """The path, or the first with a number behind it that is free."""
    number, found = 1, path
    while found.exists():
        number += 1
        found = path.with_name(f"{path.name}-{number}")
    return found


@dataclass(frozen=True)
class Move:
    """One part of the world, and how it goes back.

    Parameters
    ----------
    part
        Which: a name that other moves wait for, and under which the view shows it.
    losses
        What will be removed or changed; none when the part is back already.
    do
        Brings it back.
    after
        Parts that must be back first.
    """

    part: str
    losses: Sequence[Loss]
    do: Callable[[StepView], None]
    after: tuple[str, ...] = ()


def plan(back: Back) -> list[Move]:
    """The moves that bring the lab back, by the undo of each step from that one on.

    Raises
    ------
    TsalabError
        When a part cannot be brought back; nothing has been changed then.
    """
    undos = [STEPS[step.id].undo for step in reversed(LAB.steps) if int(step.id) >= back.to]
    moves = [move for undo in dict.fromkeys(undos) if undo is not None for move in undo(back)]
    return [move for move in moves if move.losses]


def run(moves: Sequence[Move], view: StepView) -> None:
    """Run moves, side by side where none waits for another.

    Raises
    ------
    TsalabError
        The first that a move ended with; moves that wait for it are left, others run to their end.
    """
    if not moves:
        return
    ended = {move.part: threading.Event() for move in moves}
    failed = {move.part: False for move in moves}

    def work(move: Move) -> None:
        before = [part for part in move.after if part in ended]
        for part in before:
            ended[part].wait()
        try:
            if any(failed[part] for part in before):
                failed[move.part] = True
                view.stage(move.part, "failed", say("reset.waits_for_failed"))
                return
            with view.during(move.part):
                move.do(view)
        except BaseException:
            failed[move.part] = True
            raise
        finally:
            ended[move.part].set()

    # One thread a move: each may wait for another.
    with ThreadPoolExecutor(len(moves), thread_name_prefix="tsalab-undo") as pool:
        futures: list[Future[None]] = [pool.submit(work, move) for move in moves]
    for future in futures:
        future.result()
