"""How far a replication is, in numbers."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from tsalab.migrate.capture.notes import Counts
from tsalab.migrate.capture.position import Position


class State(StrEnum):
    """What a replication is doing."""

    STARTING = "starting"
    FOLLOWING = "following"
    CAUGHT_UP = "caught up"
    WAITING = "waiting"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True)
class Figures:
    """One look at a replication.

    Attributes
    ----------
    state
        What it is doing; *waiting* is for a broken connection to come back.
    position
        Everything of the source before it is in the target for good; None before the first look.
    source_position
        Where the source's log ended when it was last asked (once a second).
    lag_seconds
        Age of the last change that is in the target, by the source's clock, while there are
        later ones; 0 when there are none. None before anything is known.
    lag_bytes
        Bytes of log between the two positions.
    transactions
        Of the source, applied since the capture began, over all runs.
    tables
        Changes by table, over all runs.
    """

    state: State = State.STARTING
    position: Position | None = None
    source_position: Position | None = None
    lag_seconds: float | None = None
    lag_bytes: int | None = None
    transactions: int = 0
    tables: dict[str, Counts] = field(default_factory=dict)
