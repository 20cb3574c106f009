"""How fast a migration goes, and how long it will take yet: from events to numbers, and nothing drawn."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from tsalab.migrate.events import Event, Phase
from tsalab.migrate.model import Plan, Table

_WINDOW = 10.0  # seconds that a rate looks back
_SOONEST = 0.5  # seconds after which there is a rate at all
_FULL = {Phase.KEYS, Phase.FOREIGN_KEYS, Phase.OBJECTS, Phase.DONE}


class Rate:
    """An amount a second, of late: what was long ago says little about what is next."""

    def __init__(self) -> None:
        self._points: deque[tuple[float, float]] = deque()

    def note(self, seconds: float, amount: float) -> None:
        """Note how much there is in all at a time."""
        self._points.append((seconds, amount))
        # One point from before the window stays, so that the window is always covered.
        while len(self._points) > 2 and self._points[1][0] <= seconds - _WINDOW:
            self._points.popleft()

    @property
    def value(self) -> float | None:
        """A second; None while too little is known."""
        if len(self._points) < 2:
            return None
        (began, first), (ended, last) = self._points[0], self._points[-1]
        return (last - first) / (ended - began) if ended - began >= _SOONEST else None

    def left(self, amount: float) -> float | None:
        """Seconds that an amount will take; None when that cannot be told."""
        rate = self.value
        return amount / rate if rate else None


@dataclass
class TablePace:
    """How far a table is.

    Attributes
    ----------
    name
        Its name.
    total
        Rows in all: an estimate until it is full.
    weight
        Its share of the work, in any unit.
    phase
        What is being done; None before its turn.
    rows, bytes
        On the target.
    """

    name: str
    total: int
    weight: float
    phase: Phase | None = None
    rows: int = 0
    bytes: int = 0
    _rate: Rate = field(default_factory=Rate, repr=False)

    def take(self, event: Event) -> None:
        """Note what happened."""
        self.phase = event.phase
        if event.phase in {Phase.COPY, Phase.DONE}:
            self.rows, self.bytes = event.rows, event.bytes
            self.total = max(event.total, event.rows)
        if event.phase is Phase.COPY:
            self._rate.note(event.seconds, event.rows)
        if self.full:
            self.total = self.rows

    @property
    def full(self) -> bool:
        """Whether every row is there."""
        return self.phase in _FULL

    @property
    def fraction(self) -> float:
        """Of its rows, as far as the estimate tells."""
        if self.full:
            return 1.0
        return self.rows / self.total if self.total else 0.0

    @property
    def rate(self) -> float | None:
        """Rows a second while it is copied."""
        return self._rate.value if self.phase is Phase.COPY else None

    @property
    def left(self) -> float | None:
        """Seconds until it has all its rows."""
        return self._rate.left(self.total - self.rows) if self.phase is Phase.COPY else None


class Pace:
    """How far a migration is.

    Parameters
    ----------
    plan
        What is to be done.
    """

    def __init__(self, plan: Plan) -> None:
        self.tables = {table.name: TablePace(table.name, table.rows, _weight(table)) for table in plan.tables}
        self.seconds = 0.0
        self._rate, self._rows = Rate(), Rate()
        for rate in (self._rate, self._rows):
            rate.note(0.0, 0.0)

    def take(self, event: Event) -> TablePace | None:
        """Note what happened; gives the table that it is about."""
        self.seconds = max(self.seconds, event.seconds)
        table = self.tables.get(event.table)
        if table is None:
            return None
        table.take(event)
        if event.phase in {Phase.COPY, Phase.KEYS}:
            self._rate.note(self.seconds, self._done)
            self._rows.note(self.seconds, self.rows)
        return table

    @property
    def rows(self) -> int:
        """Rows on the target."""
        return sum(table.rows for table in self.tables.values())

    @property
    def bytes(self) -> int:
        """Bytes of text, sent."""
        return sum(table.bytes for table in self.tables.values())

    @property
    def fraction(self) -> float:
        """Of the rows, each table by its size."""
        return self._done / self._weight if self._weight else float(self.full)

    @property
    def full(self) -> bool:
        """Whether every table has all its rows."""
        return all(table.full for table in self.tables.values())

    @property
    def rate(self) -> float | None:
        """Rows a second; None before and after the copy."""
        return None if self.full else self._rows.value

    @property
    def left(self) -> float | None:
        """Seconds until every row is there; what keys take then cannot be told."""
        return None if self.full else self._rate.left(self._weight - self._done)

    @property
    def _weight(self) -> float:
        return sum(table.weight for table in self.tables.values())

    @property
    def _done(self) -> float:
        return sum(table.weight * table.fraction for table in self.tables.values())


def _weight(table: Table) -> float:
    """Its size; a small one costs a little all the same."""
    return max(table.bytes, table.rows, 1)
