"""What a cluster had and what its visitors met, side by side over the same time.

A column for each run, with lanes below one another: capacity, connections, visits. A visit is
a line as long as it took, as high as that is on a scale of decades, with a mark at its end:
a circle when it was served, a cross when it was not. While the cluster sleeps the column is shaded.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Protocol

from tsalab.messages import say
from tsalab.show.parts import Part, picture

# Colours by what they are for; in each scheme 4.5:1 for ink and 3:1 for the rest, against paper.
# The shade tells nothing that the lane of capacity does not.
LIGHT = {
    "paper": "#ffffff",
    "shade": "#e4e8ee",
    "ink": "#1f2328",
    "line": "#6e7781",
    "acu": "#0a55ad",
    "many": "#6336b0",
    "good": "#1a7f37",
    "bad": "#cf222e",
}
DARK = {
    "paper": "#0d1117",
    "shade": "#262d37",
    "ink": "#e6edf3",
    "line": "#8b949e",
    "acu": "#85c1ff",
    "many": "#d0b0ff",
    "good": "#3fb950",
    "bad": "#f85149",
}
_FILLS = {"paper", "shade", "ink"}
_WIDTH, _LEFT, _RIGHT, _GAP = 760, 96, 14, 22
_TOP, _BELOW = 30, 26
_LANES = {"capacity": (30, 66), "connections": (120, 44), "visits": (188, 104)}  # top and height
_HEIGHT = 188 + 104 + _BELOW
_DECADES = (0.001, 0.01, 0.1, 1.0, 10.0, 100.0)  # seconds
_MARK = 3.2
_NAMED = 48  # pixels that a shade needs for its name

Points = Sequence[tuple[float, float]]


class VisitLike(Protocol):
    """What is drawn of a visit."""

    @property
    def at(self) -> float:
        """When it began, in seconds on the clock of the readings."""

    @property
    def seconds(self) -> float:
        """How long it took."""

    @property
    def ok(self) -> bool:
        """Whether it was served."""

    @property
    def status(self) -> int:
        """Of HTTP; 0: nothing answered."""


@dataclass(frozen=True)
class Curves:
    """One column.

    Attributes
    ----------
    name
        Above it.
    began, ended
        Its first and last moment, in seconds.
    capacity
        (seconds, ACUs), each until the next.
    connections
        (seconds, how many), each until the next.
    visits
        In their order.
    """

    name: str
    began: float
    ended: float
    capacity: Points
    connections: Points
    visits: Sequence[VisitLike]


def curves(columns: Sequence[Curves]) -> Part:
    """The drawing, with the same in words.

    Parameters
    ----------
    columns
        At least one, in their order from left to right; each as wide as it is long.
    """
    whole = sum(each.ended - each.began for each in columns)
    room = _WIDTH - _LEFT - _RIGHT - _GAP * (len(columns) - 1)
    most = {
        "capacity": max((value for each in columns for _, value in each.capacity), default=0) or 1,
        "connections": max((value for each in columns for _, value in each.connections), default=0) or 1,
    }
    drawn, left = [_scales(most)], float(_LEFT)
    for each in columns:
        width = (each.ended - each.began) / whole * room
        drawn.append(_Column(each, left, width, most).draw())
        left += width + _GAP
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}" '
        f'viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" font-size="12">'
        f"<style>{_rules(LIGHT)}@media (prefers-color-scheme:dark){{{_rules(DARK)}}}</style>"
        f'<rect width="100%" height="100%" class="paper"/>{"".join(drawn)}</svg>'
    )
    return picture(svg, " ".join(map(_words, columns)))


def _rules(colours: dict[str, str]) -> str:
    return "".join(
        f".{name}{{fill:{colour}}}" if name in _FILLS else f".{name}{{stroke:{colour};fill:none}}"
        for name, colour in colours.items()
    )


def _scales(most: dict[str, float]) -> str:
    """Names and units, left of the first column."""
    drawn = []
    for lane, (top, height) in _LANES.items():
        drawn.append(_text(6, top + 11, say(f"show.curves.lane.{lane}"), "start", bold=True))
        if lane == "visits":
            drawn += [_text(_LEFT - 6, _high(value) + 4, f"{value:g} s", "end") for value in _DECADES[1:-1]]
        else:
            drawn.append(_text(_LEFT - 6, top + height + 2, "0", "end"))
            drawn.append(_text(_LEFT - 6, top + 24, f"{most[lane]:g}", "end"))
    return "".join(drawn)


def _high(seconds: float) -> float:
    """Height of a duration on the scale of decades."""
    top, height = _LANES["visits"]
    first, last = math.log10(_DECADES[0]), math.log10(_DECADES[-1])
    share = (math.log10(min(max(seconds, _DECADES[0]), _DECADES[-1])) - first) / (last - first)
    return top + height * (1 - share)


def _text(x: float, y: float, text: str, anchor: str, *, bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="ink"{weight}>{escape(text)}</text>'


def _line(x1: float, x2: float, y: float, kind: str, width: int) -> str:
    """A level one."""
    ends = f'x1="{x1:.1f}" y1="{y:.1f}" x2="{x2:.1f}" y2="{y:.1f}"'
    return f'<line {ends} class="{kind}" stroke-width="{width}"/>'


def _shade(x1: float, x2: float) -> str:
    """A time that the cluster slept."""
    name = _text((x1 + x2) / 2, _TOP + 16, say("show.curves.asleep"), "middle") if x2 - x1 > _NAMED else ""
    height = _HEIGHT - _BELOW - _TOP
    box = f'x="{x1:.1f}" y="{_TOP}" width="{max(x2 - x1, 1):.1f}" height="{height}"'
    return f'<rect {box} class="shade"/>{name}'


class _Column:
    """One run, drawn into its place."""

    def __init__(self, what: Curves, left: float, width: float, most: dict[str, float]) -> None:
        self._what, self._left, self._width, self._most = what, left, width, most

    def draw(self) -> str:
        """Its marks."""
        what = self._what
        bottom = _HEIGHT - _BELOW
        asleep = [(self._x(since), self._x(until)) for since, until in _asleep(what)]
        shaded = "".join(_shade(x1, x2) for x1, x2 in asleep)
        frame = "".join(
            _line(self._left, self._left + self._width, top + height, "line", 1)
            for top, height in _LANES.values()
        )
        ends = _text(self._left, bottom + 16, "0", "middle") + _text(
            self._left + self._width, bottom + 16, f"{what.ended - what.began:.0f} s", "end"
        )
        name = _text(self._left, 18, what.name, "start", bold=True)
        steps = self._steps("capacity", what.capacity, "acu") + self._steps(
            "connections", _awake_ones(what), "many"
        )
        return f"{shaded}{frame}{name}{steps}{''.join(map(self._visit, what.visits))}{self._said()}{ends}"

    def _x(self, at: float) -> float:
        what = self._what
        share = (min(max(at, what.began), what.ended) - what.began) / (what.ended - what.began)
        return self._left + share * self._width

    def _steps(self, lane: str, points: Points, kind: str) -> str:
        if not points:
            return ""
        top, height = _LANES[lane]
        room = height - 16  # below the lane's name
        path, before = [], None
        for at, value in [(self._what.began, points[0][1]), *points, (self._what.ended, points[-1][1])]:
            x, y = self._x(at), top + height - value / self._most[lane] * room
            path.append(f"M{x:.1f} {y:.1f}" if before is None else f"H{x:.1f}V{y:.1f}")
            before = y
        return f'<path d="{"".join(path)}" class="{kind}" stroke-width="2"/>'

    def _visit(self, visit: VisitLike) -> str:
        y, x1, x2 = _high(visit.seconds), self._x(visit.at), self._x(visit.at + visit.seconds)
        kind = "good" if visit.ok else "bad"
        line = _line(x1, x2, y, kind, 2)
        if visit.ok:
            return f'{line}<circle cx="{x2:.1f}" cy="{y:.1f}" r="{_MARK}" class="{kind}" stroke-width="1.5"/>'
        m = _MARK
        cross = f"M{x2 - m:.1f} {y - m:.1f}l{2 * m} {2 * m}m0 {-2 * m}l{-2 * m} {2 * m}"
        return f'{line}<path d="{cross}" class="{kind}" stroke-width="2"/>'

    def _said(self) -> str:
        """The number of the longest visit: of what this is all about."""
        visit = max(self._what.visits, key=lambda each: each.seconds, default=None)
        if visit is None:
            return ""
        y, x = _high(visit.seconds), self._x(visit.at + visit.seconds)
        return _text(x, y - 7, _outcome(visit), "end" if x - self._left > self._width / 2 else "start")


def _outcome(visit: VisitLike) -> str:
    brief = visit.seconds < 0.1
    said = f"{visit.seconds * 1000:.0f} ms" if brief else f"{visit.seconds:.1f} s"
    return said if visit.ok else f"{visit.status or say('show.timeline.silent')} · {said}"


def _asleep(what: Curves) -> list[tuple[float, float]]:
    """From when until when the cluster slept."""
    found: list[tuple[float, float]] = []
    ends = [at for at, _ in what.capacity[1:]] + [what.ended]
    for (at, value), end in zip(what.capacity, ends, strict=False):
        if value == 0:
            if found and found[-1][1] == at:
                found[-1] = (found[-1][0], end)
            else:
                found.append((at, end))
    return found


def _awake_ones(what: Curves) -> Points:
    """Connections, and that there are none while the cluster sleeps: then nobody counts them."""
    points = [point for point in what.connections if not any(a <= point[0] < b for a, b in _asleep(what))]
    return sorted([*points, *((at, 0.0) for at, _ in _asleep(what))])


def _words(what: Curves) -> str:
    longest = max(what.visits, key=lambda each: each.seconds, default=None)
    return say(
        "show.curves.alt",
        name=what.name,
        seconds=f"{what.ended - what.began:.0f}",
        asleep=f"{sum(b - a for a, b in _asleep(what)):.0f}",
        acus=f"{max((value for _, value in what.capacity), default=0):g}",
        connections=f"{max((value for _, value in what.connections), default=0):g}",
        visits=len(what.visits),
        failed=sum(not each.ok for each in what.visits),
        longest=_outcome(longest) if longest else "",
    )
