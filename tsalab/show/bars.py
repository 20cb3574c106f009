"""Progress bars with their rate and the time left, and what stays of them."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from tsalab.messages import say
from tsalab.show.amounts import amount, duration, number
from tsalab.show.parts import Part, table
from tsalab.show.status import DONE, RUNNING, WAITING, Status

_CELL = "text-align: left; padding: 2px 10px 2px 0"
_SEEN = 0.05  # seconds below which a time would read 0.0
_SETTLED = 0.5  # seconds before which a rate says more of chance than of speed


@dataclass
class Bar:
    """How far something has come.

    Parameters
    ----------
    label
        What.
    done, total
        In one unit; `total` None when nobody knows it.
    unit
        The unit, or what is being done.
    steady
        Whether what is left takes its time as what is done did: else there is no rate.
    began, ended
        On the view's clock: when it was last at 0, and when it came to its total.
    """

    label: str
    done: float = 0
    total: float | None = None
    unit: str = ""
    steady: bool = True
    began: float = 0
    ended: float | None = None

    @property
    def full(self) -> bool:
        """Whether it has come to its total."""
        return self.total is not None and self.done >= self.total

    @property
    def status(self) -> Status:
        """How it looks."""
        if self.full:
            return DONE
        return RUNNING if self.done else WAITING

    def seconds(self, now: float) -> float:
        """How long it has taken."""
        return (now if self.ended is None else self.ended) - self.began

    def rate(self, now: float) -> float:
        """Units a second; 0 while there is nothing to tell from."""
        seconds = self.seconds(now)
        return self.done / seconds if self.steady and seconds >= _SEEN else 0

    def count(self) -> str:
        """``3 of 4 rows``, or what is done where nobody knows the total."""
        if self.total is None:
            return amount(self.done, self.unit)
        total = amount(self.total, self.unit)
        return say("show.bars.count", done=number(self.done, self.unit), total=total)

    def speed(self, now: float) -> str:
        """Its rate in words."""
        return say("show.bars.rate", amount=amount(self.rate(now), self.unit)) if self.rate(now) else ""

    def said(self, now: float) -> str:
        """Count, rate and time left, as far as there is something to tell."""
        said = [self.count()]
        if not self.full and self.rate(now) and self.seconds(now) >= _SETTLED:
            said.append(self.speed(now))
            if self.total is not None:
                left = (self.total - self.done) / self.rate(now)
                said.append(say("show.bars.left", time=duration(left)))
        elif self.full and self.seconds(now) >= _SEEN:
            said.append(duration(self.seconds(now)))
        return " · ".join(said)


class Bars:
    """Every bar by its label, in the order they were first named, and one for all of them."""

    def __init__(self) -> None:
        self._known: dict[str, Bar] = {}

    def __bool__(self) -> bool:
        return bool(self._known)

    def report(
        self, label: str, done: float, total: float | None, unit: str, now: float, *, steady: bool = True
    ) -> None:
        """Note how far something has come."""
        bar = self._known.setdefault(label, Bar(label, steady=steady, began=now))
        if not done and steady:  # it waited until now
            bar.began = now
        bar.done, bar.total, bar.unit = done, total, unit
        bar.ended = (now if bar.ended is None else bar.ended) if bar.full else None

    def overall(self) -> Bar | None:
        """All bars together, where they count the same thing and each knows its total."""
        known = list(self._known.values())
        totals = [bar.total for bar in known if bar.total is not None]
        if len(known) < 2 or len(totals) < len(known) or len({(bar.unit, bar.steady) for bar in known}) > 1:
            return None
        first = known[0]
        bar = Bar(say("show.bars.all"), sum(one.done for one in known), sum(totals), first.unit, first.steady)
        moving = [one for one in known if one.done] or known
        bar.began = min(one.began for one in moving)
        if bar.full:
            bar.ended = max(one.ended or one.began for one in known)
        return bar

    def _all(self) -> list[Bar]:
        overall = self.overall()
        return [*self._known.values(), *([overall] if overall else [])]

    def html(self, now: float) -> str:
        """Markup for a live view."""
        rows = "".join(_row(bar, now) for bar in self._all())
        return f'<table class="tsalab-progress" style="margin: 4px 0"><tbody>{rows}</tbody></table>'

    def part(self, now: float) -> Part:
        """What stays of them."""
        rows = [
            (
                f"{bar.status.icon} {bar.label}",
                bar.count(),
                duration(bar.seconds(now)) if bar.done and bar.seconds(now) >= _SEEN else "",
                bar.speed(now),
            )
            for bar in self._all()
        ]
        headings = [say(f"show.bars.heading.{name}") for name in ("label", "done", "took", "speed")]
        columns = 4 if any(row[3] for row in rows) else 3
        return table([row[:columns] for row in rows], headings[:columns])


def _row(bar: Bar, now: float) -> str:
    label = escape(bar.label)
    if bar.total is None:
        inside = f'<progress title="{label}"></progress>'
    else:
        most = bar.total or 1  # of nothing, everything is done
        inside = (
            f'<progress title="{label}" value="{min(bar.done, most) if bar.total else most:g}" '
            f'max="{most:g}"></progress>'
        )
    return (
        f'<tr><td style="{_CELL}; white-space: nowrap">{bar.status.icon} {label}</td>'
        f'<td style="{_CELL}">{inside}</td><td style="{_CELL}">{escape(bar.said(now))}</td></tr>'
    )
