"""A migration on its way: bars on a terminal, a line now and then elsewhere."""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from tsalab.commands.plan import plain, size
from tsalab.messages import say
from tsalab.migrate import Event, Phase, Plan
from tsalab.migrate.pace import Pace, TablePace

_EVERY = 10.0  # seconds between two lines about the same table
_AROUND = 4  # lines of the terminal that are not for tables


class Bars:
    """Tells a person how far a migration is. A context manager.

    Parameters
    ----------
    plan
        What is to be done.
    console
        Where.
    """

    def __init__(self, plan: Plan, console: Console) -> None:
        self._pace = Pace(plan)
        self._console = console
        self._tasks: dict[str, TaskID] = {}
        self._told: dict[str, tuple[Phase, float]] = {}
        self._bars: Progress | None = None

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            words = ("rows", "size", "rate", "left", "phase")
            self._bars = Progress(
                TextColumn("{task.description}", markup=False),
                BarColumn(bar_width=20),
                *(TextColumn(f"{{task.fields[{word}]}}", markup=False, justify="right") for word in words),
                console=self._console,
            )
            self._all = self._bars.add_task(
                say("commands.migrate.progress.all"), total=1.0, **self._overall()
            )
            self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bars:
            self._bars.stop()

    def take(self, event: Event) -> None:
        """Show an event."""
        table = self._pace.take(event)
        if table is None:
            return
        if self._bars is None:
            self._line(table)
        else:
            self._bar(self._bars, table)

    # --- a terminal -------------------------------------------------------------------------

    def _bar(self, bars: Progress, table: TablePace) -> None:
        if table.name not in self._tasks:
            self._make_room(bars)
            self._tasks[table.name] = bars.add_task(plain(table.name).plain, total=1.0, **_fields(table))
        bars.update(self._tasks[table.name], completed=table.fraction, **_fields(table))
        bars.update(self._all, completed=self._pace.fraction, **self._overall())

    def _make_room(self, bars: Progress) -> None:
        """Take away what is done, the first of it first, so that everything fits on the terminal."""
        for name in sorted(self._tasks, key=lambda name: not self._pace.tables[name].full):
            if len(self._tasks) < max(1, self._console.height - _AROUND):
                return
            bars.remove_task(self._tasks.pop(name))

    def _overall(self) -> dict[str, Any]:
        pace = self._pace
        return {
            "rows": f"{pace.rows:,}",
            "size": size(pace.bytes),
            "rate": _rate(pace.rate),
            "left": clock(pace.left),
            "phase": "",
        }

    # --- a file or a pipe -------------------------------------------------------------------

    def _line(self, table: TablePace) -> None:
        phase, now = table.phase, self._pace.seconds
        if phase is None or phase in {Phase.CREATE, Phase.DONE}:
            return
        before = self._told.get(table.name)
        if before and before[0] is phase and now - before[1] < _EVERY:
            return
        self._told[table.name] = phase, now
        line = say("commands.migrate.line", seconds=now, table=table.name, said=_said(table))
        self._console.print(plain(line), soft_wrap=True)


def _said(table: TablePace) -> str:
    if table.full and table.phase is not None:
        return say(
            "commands.migrate.progress.copied",
            rows=table.rows,
            size=size(table.bytes),
            phase=_phase(table.phase),
        )
    said = say(
        "commands.migrate.progress.copying", rows=table.rows, total=table.total, size=size(table.bytes)
    )
    if table.left is None:
        return said
    return say("commands.migrate.progress.left", said=said, time=clock(table.left))


def _fields(table: TablePace) -> dict[str, Any]:
    return {
        "rows": say("commands.migrate.progress.of", rows=table.rows, total=table.total),
        "size": size(table.bytes),
        "rate": _rate(table.rate),
        "left": clock(table.left),
        "phase": _phase(table.phase) if table.phase else "",
    }


def _rate(rate: float | None) -> str:
    return "" if rate is None else say("commands.migrate.progress.rate", rate=rate)


def _phase(phase: Phase) -> str:
    return say(f"commands.migrate.phase.{phase.name.lower()}")


def clock(seconds: float | None) -> str:
    """Seconds as a clock shows them; nothing where they cannot be told."""
    if seconds is None:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
