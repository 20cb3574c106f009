"""The terminal while a batch runs: a table of learners by sections, or a line for each thing that happens."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from tsalab.messages import say

if TYPE_CHECKING:
    from tsalab.batch.board import Board, Row

_STYLES = {"passed": "green", "waiting": "dim", "sandbox": "cyan", "lab": "cyan"}
_ORDER = ("lab", "sandbox", "failed", "timed-out", "broken", "waiting", "passed")
_ROOM = 6  # lines of the screen that are not learners


class Roll:
    """Tells a person how far a batch is. A context manager.

    Parameters
    ----------
    console
        Where; standard output when None.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False)
        self._live: Live | None = None
        self._board: Board | None = None
        self._began = time.monotonic()

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live = Live(get_renderable=self._draw, console=self._console, refresh_per_second=4)
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._live.stop()

    def changed(self, board: Board, folder: str, said: Mapping[str, Any]) -> None:
        """Show an event."""
        self._board = board
        if self._live is None and (status := said.get("status")) and "step" not in said:
            row = board.rows[folder]
            line = Text(f"{time.monotonic() - self._began:7.1f} s  ")
            line.append(say(f"batch.status.{status}"), _STYLES.get(status, "red"))
            line.append(f"  {row.learner}")
            if row.reason:
                line.append(f"  {row.reason.splitlines()[0]}", "dim")
            line.append(f"  {_head(board)}", "dim")
            self._console.print(line, soft_wrap=True)

    def _draw(self) -> Group:
        if self._board is None:
            return Group(Text(say("commands.starting")))
        rows = sorted(self._board.rows.values(), key=lambda row: _ORDER.index(row.state))
        shown = rows[: max(3, self._console.height - _ROOM)]
        sections = max(len(row.sections) for row in rows)
        table = Table(say("batch.column.learner"), *(str(n + 1) for n in range(sections)), "", box=None)
        for row in shown:
            table.add_row(
                Text(row.learner), *(_section(row, n) for n in range(len(row.sections))), _state(row)
            )
        return Group(table, Text(_head(self._board), "bold"))

    def table(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Print every learner with what came out."""
        names = ("learner", "status", "steps", "seconds", "reason")
        table = Table(*(say(f"batch.column.{name}") for name in names), box=None, pad_edge=False)
        for row in rows:
            status = Text(say(f"batch.status.{row['status']}"), _STYLES.get(row["status"], "red"))
            seconds = "" if row["seconds"] is None else f"{row['seconds']:.1f}"
            steps = f"{row['passed']}/{row['of']}"
            table.add_row(Text(row["learner"]), status, steps, seconds, Text(row["reason"]))
        self._console.print(table)


def _section(row: Row, index: int) -> Text:
    passed, steps, failed = row.section(index)
    style = "red" if failed else "green" if passed == steps else "dim" if not passed else "cyan"
    return Text(f"{passed}/{steps}", style)


def _state(row: Row) -> Text:
    return Text(say(f"batch.status.{row.state}"), _STYLES.get(row.state, "red"))


def _head(board: Board) -> str:
    left = board.left()
    said = say("batch.head", passed=board.passed, failed=board.failed, count=len(board.rows))
    return (
        said
        if left is None
        else say("batch.left", said=said, minutes=int(left // 60), seconds=int(left % 60))
    )
