"""What a migration tells while it runs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Phase(StrEnum):
    """What is being done about a table."""

    CREATE = "create"
    PROVE = "prove"
    COPY = "copy"
    KEYS = "keys"
    FOREIGN_KEYS = "foreign keys"
    OBJECTS = "objects"
    DONE = "done"


@dataclass(frozen=True)
class Event:
    """How far a table is.

    Attributes
    ----------
    table
        Its name; empty for what concerns no table.
    phase
        What is being done.
    rows, total
        Rows that are on the target for good, and in all: the dictionary's estimate while it
        is copied, exact at the end.
    bytes
        Of text, sent so far.
    seconds
        Since this migration began.
    """

    table: str
    phase: Phase
    rows: int = 0
    total: int = 0
    bytes: int = 0
    seconds: float = 0.0
