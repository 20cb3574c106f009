"""The terminal while the lab runs: one moving line on a terminal, one line a step elsewhere."""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.status import Status
from rich.table import Table
from rich.text import Text

from tsalab.messages import say
from tsalab.records import Record

if TYPE_CHECKING:
    from tsalab.runner import CellDone

_COLUMNS = ("step", "status", "seconds", "title")
STYLES = {"passed": "green", "failed": "red", "not-done": "yellow"}


class Progress:
    """Tells a person how far a run is. A context manager.

    Parameters
    ----------
    total
        How many steps there are.
    console
        Where; standard output when None.
    quiet
        Tell it on standard error: standard output is a program's to read.
    """

    def __init__(self, total: int, console: Console | None = None, *, quiet: bool = False) -> None:
        self._total = total
        self._console = console or Console(highlight=False, stderr=quiet)
        self._status: Status | None = None
        self._began = time.monotonic()

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._status = self._console.status(say("commands.starting"))
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status:
            self._status.stop()

    def say(self, text: str) -> None:
        """Tell one thing that happened besides the steps."""
        self._console.print(Text(f"{time.monotonic() - self._began:6.1f} s  {text}", "dim"), soft_wrap=True)

    def cell(self, done: CellDone) -> None:
        """Tell the steps of a cell that ended."""
        for record in done.records:
            if not record.is_outcome:
                continue
            line = Text(f"{time.monotonic() - self._began:6.1f} s  ")
            line.append(say(f"show.status.{record.status}"), STYLES[record.status])
            line.append(f"  {record.step:>2}  {record.title}")
            self._console.print(line, soft_wrap=True)
            if self._status:
                self._status.update(Text(say("commands.step_done", step=record.step, total=self._total)))

    def table(self, records: Mapping[int | str, Record]) -> None:
        """Print every step with its time and status."""
        table = Table(*(say(f"show.column.{name}") for name in _COLUMNS), box=None, pad_edge=False)
        table.columns[0].justify = table.columns[2].justify = "right"
        for number in range(1, self._total + 1):
            if (record := records.get(number)) is None:
                table.add_row(str(number), Text(say("commands.no_record"), "yellow"), "", "")
                continue
            status = Text(say(f"show.status.{record.status}"), STYLES[record.status])
            table.add_row(str(number), status, f"{record.seconds:.2f}", Text(record.title))
            if not record.passed:
                table.add_row(
                    "", "", "", Text(say("commands.saw_next", saw=record.saw, next=record.next), "dim")
                )
        self._console.print(table)
