"""What visitors met while something was moved: every answer's time, and when there was none.

A drawing as `timeline` makes them: an image with a background of its own and two colour
schemes inside. Answers of the same moment are one stroke, from the fastest to the slowest.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Protocol

from tsalab.messages import say
from tsalab.show.parts import Part, picture
from tsalab.show.timeline import DARK, LIGHT

_WIDTH, _LEFT, _RIGHT = 720, 56, 14
_TITLE, _PLOT, _BAND, _AXIS = 24, 90, 20, 34  # heights: title, latencies, phases, axis
_BUCKET = 2.0  # pixels of time that make one stroke
_LEAST, _MOST = 1.0, 10_000.0  # milliseconds at the plot's foot and head, on a logarithmic scale


class RequestLike(Protocol):
    """A request and its end."""

    @property
    def began(self) -> float:
        """Seconds on any clock, the same for all."""

    @property
    def ended(self) -> float:
        """Seconds on the same clock."""

    @property
    def ok(self) -> bool:
        """Whether it got what it wanted."""


@dataclass(frozen=True)
class Panel:
    """One way to move, and what visitors met.

    Attributes
    ----------
    title
        Of it.
    requests
        Of one kind, around the switch.
    phases
        Name, beginning and end of what was done, on the requests' clock.
    outage
        Seconds in which nobody was served, at the longest.
    """

    title: str
    requests: Sequence[RequestLike]
    phases: Sequence[tuple[str, float, float]]
    outage: float


def latencies(panels: Sequence[Panel]) -> Part:
    """Panels one below the other, all on one scale of time, with the same in words.

    Parameters
    ----------
    panels
        At least one, none of them without requests.
    """
    starts = [min(each.ended for each in panel.requests) for panel in panels]
    ends = [max(each.ended for each in panel.requests) for panel in panels]
    whole = max(end - start for start, end in zip(starts, ends, strict=True))
    high = _TITLE + _PLOT + _BAND
    height = high * len(panels) + _AXIS
    drawn = [
        f'<g transform="translate(0 {high * index})">{_panel(panel, starts[index], whole)}</g>'
        for index, panel in enumerate(panels)
    ]
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" '
        f'viewBox="0 0 {_WIDTH} {height}" font-family="sans-serif" font-size="12">'
        f"<style>{_rules(LIGHT)}@media (prefers-color-scheme:dark){{{_rules(DARK)}}}</style>"
        f'<rect width="100%" height="100%" class="paper"/>{"".join(drawn)}'
        f'<g transform="translate(0 {high * len(panels)})">{_axis(whole)}</g></svg>'
    )
    return picture(svg, " ".join(_words(panel) for panel in panels))


def _rules(colours: Mapping[str, str]) -> str:
    fills = "".join(f".{name}{{fill:{colour}}}" for name, colour in colours.items())
    strokes = "".join(f".s-{name}{{stroke:{colour};fill:none}}" for name, colour in colours.items())
    return fills + strokes


def _panel(panel: Panel, start: float, whole: float) -> str:
    good, bad = _strokes(panel.requests, start, whole)
    said = say("show.load.outage", seconds=panel.outage)
    lines = "".join(
        f'<text x="{_LEFT - 6}" y="{_y(value) + 4:.1f}" text-anchor="end" class="ink" font-size="10">'
        f"{label}</text>"
        f'<path d="M{_LEFT} {_y(value):.1f}H{_WIDTH - _RIGHT}" class="s-line" stroke-dasharray="1 4"/>'
        for value, label in ((1, "1 ms"), (10, "10 ms"), (100, "100 ms"), (1000, "1 s"), (10_000, "10 s"))
    )
    return (
        f'<text x="{_LEFT}" y="16" class="ink" font-weight="bold">{escape(panel.title)}</text>'
        f'<text x="{_WIDTH - _RIGHT}" y="16" text-anchor="end" class="ink">{escape(said)}</text>'
        f'{lines}<path d="{good}" class="s-good" stroke-width="{_BUCKET}"/>'
        f'<path d="{bad}" class="s-bad" stroke-width="{_BUCKET}"/>{_phases(panel, start, whole)}'
    )


def _x(moment: float, start: float, whole: float) -> float:
    room = _WIDTH - _LEFT - _RIGHT
    return _LEFT + min(max((moment - start) / whole, 0.0), 1.0) * room


def _y(milliseconds: float) -> float:
    share = math.log(min(max(milliseconds, _LEAST), _MOST) / _LEAST) / math.log(_MOST / _LEAST)
    return _TITLE + _PLOT * (1 - share)


def _strokes(requests: Sequence[RequestLike], start: float, whole: float) -> tuple[str, str]:
    """Paths of the answers that were good, and of those that were not."""
    buckets: dict[tuple[int, bool], list[float]] = {}
    for each in requests:
        place = int((_x(each.ended, start, whole) - _LEFT) / _BUCKET)
        buckets.setdefault((place, each.ok), []).append((each.ended - each.began) * 1000)
    paths: dict[bool, list[str]] = {True: [], False: []}
    for (place, good), took in sorted(buckets.items()):
        x = _LEFT + (place + 0.5) * _BUCKET
        low, top = _y(min(took)), _y(max(took))
        paths[good].append(f"M{x:.0f} {low + 1:.0f}V{top - 1:.0f}")
    return "".join(paths[True]), "".join(paths[False])


def _phases(panel: Panel, start: float, whole: float) -> str:
    """A band of what was done; a name where it has room."""
    top, drawn = _TITLE + _PLOT + 3, []
    seen = [each for each in panel.phases if each[2] > start and each[1] < start + whole]
    for index, (name, began, ended) in enumerate(seen):
        left, right = _x(began, start, whole), _x(ended, start, whole)
        width = max(right - left, 1.0)
        room = width > 6.5 * len(name)
        label = f'<text x="{left + 3:.1f}" y="{top + 10}" class="ink" font-size="10">{escape(name)}</text>'
        drawn.append(
            f'<rect x="{left:.1f}" y="{top}" width="{width:.1f}" height="13" class="line" '
            f'fill-opacity="{0.18 if index % 2 else 0.38}"/>{label if room else ""}'
        )
    return "".join(drawn)


def _axis(whole: float) -> str:
    step = next((one for one in (0.5, 1, 2, 5, 10, 20, 60, 120) if whole / one <= 10), 300)
    ticks = [step * number for number in range(int(whole / step) + 1)]
    return "".join(
        f'<path d="M{_x(tick, 0, whole):.1f} 0v5" class="s-line"/>'
        f'<text x="{_x(tick, 0, whole):.1f}" y="18" text-anchor="middle" class="ink">{tick:g} s</text>'
        for tick in ticks
    )


def _words(panel: Panel) -> str:
    good = sum(each.ok for each in panel.requests)
    return say(
        "show.load.alt",
        title=panel.title,
        good=good,
        failed=len(panel.requests) - good,
        outage=say("show.load.outage", seconds=panel.outage),
        phases="; ".join(
            say("show.load.phase", name=name, seconds=ended - began) for name, began, ended in panel.phases
        ),
    )
