"""What commands print, as they print it: lines, the last of which may still grow."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from tsalab.messages import say
from tsalab.show.parts import Part, log
from tsalab.show.text import without_colours

_LINES = 200
_LONGEST = 2000  # characters of one line: its end counts
_SHORT = 12  # lines that need not be folded away


class Console:
    """The last lines.

    Parameters
    ----------
    mask
        Masks secrets. Whole lines are given to it: a piece of output may end inside one.
    """

    def __init__(self, mask: Callable[[str], str]) -> None:
        self._mask = mask
        self._lines: deque[str] = deque(maxlen=_LINES)
        self._gone = 0
        self._growing = False

    def __bool__(self) -> bool:
        return bool(self._lines)

    def say(self, text: str) -> None:
        """Add whole lines."""
        self._growing = False
        for line in text.splitlines():
            self._add(line)

    def write(self, text: str) -> None:
        """Add what a program printed, cut anywhere."""
        *whole, rest = text.split("\n")
        for line in whole:
            self._grow(line)
            self._growing = False
        self._grow(rest)

    def _grow(self, text: str) -> None:
        if self._growing:
            self._lines[-1] = (self._lines[-1] + text)[-_LONGEST:]
        elif text:
            self._add(text)
            self._growing = True

    def _add(self, line: str) -> None:
        self._gone += len(self._lines) == self._lines.maxlen
        self._lines.append(line[-_LONGEST:])

    @property
    def lines(self) -> tuple[str, ...]:
        """The last lines, secrets masked."""
        return tuple(self._mask(_typed(line)) for line in self._lines)

    def html(self, last: int = _LINES) -> str:
        """Markup for a live view, of the last lines."""
        return log(self.lines[-last:], scrolls=last > _SHORT).html

    def part(self) -> Part:
        """What stays: all of it, folded away when it is long."""
        lines = self.lines
        if self._gone:
            lines = (say("show.console.gone", count=self._gone), *lines)
        title = say("show.console.title", count=len(self._lines) + self._gone)
        return log(lines, title=title if len(lines) > _SHORT else "")


def _typed(line: str) -> str:
    """A line as a terminal shows it: what follows a carriage return stands in place of what was there."""
    return without_colours(line).rstrip("\r").rpartition("\r")[2]
