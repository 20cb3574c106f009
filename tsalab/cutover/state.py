"""How far a cut-over has come, in a file of the working folder: no kernel needs to remember it.

A phase is noted before anything of it is done. Whoever goes on, after any crash, does the
phase again: each finds out from the world what of it is done already.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from tsalab.files import replace_bytes


class Phase(StrEnum):
    """Of the way there, in its order; then of the way back."""

    PREPARE = "prepare"
    COPY = "copy"
    FOLLOW = "follow"
    BESIDE = "beside"
    HOLD = "hold"
    DRAIN = "drain"
    VERIFY = "verify"
    SWITCH = "switch"
    WATCH = "watch"
    CONFIRMED = "confirmed"
    RETURN = "return"
    RELEASE = "release"
    BACK = "back"


WAY = tuple(Phase)[: tuple(Phase).index(Phase.WATCH) + 1]
RESTING = frozenset({None, Phase.BACK, Phase.CONFIRMED})  # nothing is under way
RETURNING = frozenset({Phase.RETURN, Phase.RELEASE})


@dataclass(frozen=True)
class State:
    """What a cut-over has to know of its past.

    Attributes
    ----------
    phase
        The one that was begun last; None before the first.
    file, offset
        Where the old database's binary log stood at the copy's snapshot.
    commit
        The application's, on the web server, before the new one was fetched.
    served
        uids, in ``forever list``, of the version that served when this way began.
    times
        When each phase began: seconds since 1970.
    """

    phase: Phase | None = None
    file: str = ""
    offset: int = 0
    commit: str = ""
    served: tuple[str, ...] = ()
    times: dict[str, float] = field(default_factory=dict)

    def is_past(self, phase: Phase) -> bool:
        """Whether, on the way there, a later phase than this one was begun."""
        return self.phase in WAY and WAY.index(self.phase) > WAY.index(phase)


class Store:
    """The file.

    Parameters
    ----------
    workdir
        The learner's folder.
    """

    def __init__(self, workdir: Path) -> None:
        self._file = workdir / ".tsalab" / "cutover.json"

    def read(self) -> State:
        """What it says; nothing has begun when it is not there."""
        try:
            found: dict[str, Any] = json.loads(self._file.read_bytes())
        except FileNotFoundError:
            return State()
        phase = found.pop("phase")
        served = tuple(found.pop("served"))
        return State(phase=None if phase is None else Phase(phase), served=served, **found)

    def enter(self, phase: Phase, at: float, **facts: Any) -> State:
        """Note a phase that begins now.

        Parameters
        ----------
        phase
            Which.
        at
            Seconds since 1970.
        facts
            What else of the state is another from here on.
        """
        before = self.read()
        # Whoever goes on does phases again that were done; how far it came is not forgotten.
        reached = before.phase if phase in WAY and before.is_past(phase) else phase
        now = replace(before, phase=reached, times=before.times | {phase.value: at}, **facts)
        return self.write(now)

    def write(self, state: State) -> State:
        """Keep a state, on the disk."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        replace_bytes(self._file, json.dumps(asdict(state), indent=1).encode())
        return state
