"""What a migration did."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from tsalab.migrate.model import Conversion


@dataclass(frozen=True)
class TableReport:
    """One table.

    Attributes
    ----------
    table
        Its name.
    rows, bytes
        On the target now, and of how much text.
    source_digest, target_digest
        SHA-256 over the digests of its pieces, in the key's order, made from what either
        side's server wrote down; the target's is empty where nothing was verified.
    pieces, proven
        How many it consists of, and how many of them an earlier run had copied.
    seconds
        From its first piece to its last key.
    how
        ``copied``, ``resumed`` (a part was there), or ``already equal``.
    """

    table: str
    rows: int
    bytes: int
    source_digest: str
    target_digest: str
    pieces: int
    proven: int
    seconds: float
    how: str


@dataclass(frozen=True)
class Report:
    """The whole migration.

    Attributes
    ----------
    tables
        In the order in which they were copied.
    foreign_keys
        How many were added.
    objects
        Views, triggers, routines and events made, as ``kind name``.
    left_out
        What the source has and was only reported.
    conversions, notes
        As in the plan, and what turned up on the way.
    snapshot
        Binary log file and position of the source at the snapshot, where it tells;
        what is written later begins there.
    seconds, throttled
        In all, and of these spent waiting so that others are not starved.
    """

    tables: tuple[TableReport, ...]
    foreign_keys: int
    objects: tuple[str, ...]
    left_out: tuple[str, ...]
    conversions: tuple[Conversion, ...]
    notes: tuple[str, ...]
    snapshot: dict[str, str]
    seconds: float
    throttled: float

    @property
    def rows(self) -> int:
        """Rows of all tables."""
        return sum(table.rows for table in self.tables)

    @property
    def bytes(self) -> int:
        """Bytes of text of all tables."""
        return sum(table.bytes for table in self.tables)

    def as_dict(self) -> dict[str, Any]:
        """The same as plain values, for JSON and records."""
        return asdict(self)
