"""Probes of the site on a line of time: when each began, and how long it took.

The drawing is an image with a background of its own and two colour schemes inside: what is
in an ``<img>`` sees no style of the page around it, only the scheme that the page declares.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Protocol

from tsalab.messages import say
from tsalab.show.parts import Part, ProbeLike, picture
from tsalab.show.status import DONE, FAILED

# Colours by what they are for; in each scheme 4.5:1 for ink and 3:1 for the rest, against paper.
LIGHT = {"paper": "#ffffff", "ink": "#1f2328", "line": "#6e7781", "good": "#1a7f37", "bad": "#cf222e"}
DARK = {"paper": "#0d1117", "ink": "#e6edf3", "line": "#8b949e", "good": "#3fb950", "bad": "#f85149"}
_WIDTH, _ROW, _TOP = 640, 22, 26
_NAMES, _SAID = 130, 110  # pixels for what stands left and right of the bars
_LEAST = 3.0  # pixels of a bar, so that the shortest is seen


class TimedProbe(ProbeLike, Protocol):
    """A probe that knows when it was made."""

    @property
    def began(self) -> float:
        """Seconds on any clock, the same for all of them."""


def timeline(probes: Sequence[TimedProbe]) -> Part:
    """Probes as bars from their beginnings to their ends, with the same in words.

    Parameters
    ----------
    probes
        At least one, in any order of their times.
    """
    start = min(probe.began for probe in probes)
    end = max(probe.began + probe.milliseconds / 1000 for probe in probes)
    whole = max((end - start) * 1000, 1.0)
    rows = [_row(probe, index, (probe.began - start) * 1000, whole) for index, probe in enumerate(probes)]
    height = _TOP + _ROW * len(probes) + 6
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{height}" '
        f'viewBox="0 0 {_WIDTH} {height}" font-family="sans-serif" font-size="12">'
        f"<style>{_rules(LIGHT)}@media (prefers-color-scheme:dark){{{_rules(DARK)}}}</style>"
        f'<rect width="100%" height="100%" class="paper"/>{_axis(whole, height)}{"".join(rows)}</svg>'
    )
    return picture(svg, _words(probes, start, whole))


def _rules(colours: Mapping[str, str]) -> str:
    return "".join(
        f".{name}{{{'stroke' if name == 'line' else 'fill'}:{colour}}}" for name, colour in colours.items()
    )


def _axis(whole: float, height: int) -> str:
    left, right = _NAMES, _WIDTH - _SAID
    ends = "".join(
        f'<line x1="{x}" y1="{_TOP - 6}" x2="{x}" y2="{height - 4}" class="line"/>'
        f'<text x="{x}" y="14" text-anchor="middle" class="ink">{label}</text>'
        for x, label in ((left, "0 ms"), (right, f"{whole:.0f} ms"))
    )
    return f'{ends}<line x1="{left}" y1="{_TOP - 2}" x2="{right}" y2="{_TOP - 2}" class="line"/>'


def _row(probe: TimedProbe, index: int, began: float, whole: float) -> str:
    room = _WIDTH - _NAMES - _SAID
    top = _TOP + _ROW * index
    width = max(probe.milliseconds / whole * room, _LEAST)
    left = _NAMES + min(began / whole * room, room - width)
    icon, kind = (DONE.icon, "good") if probe.ok else (FAILED.icon, "bad")
    said = f"{_status(probe)} · {probe.milliseconds:.0f} ms"
    return (
        f'<text x="6" y="{top + 15}" class="ink">{icon} {escape(probe.name)}</text>'
        f'<rect x="{left:.1f}" y="{top + 4}" width="{width:.1f}" height="14" class="{kind}"/>'
        f'<text x="{_WIDTH - _SAID + 8}" y="{top + 15}" class="ink">{escape(said)}</text>'
    )


def _status(probe: TimedProbe) -> str:
    return str(probe.status or say("show.timeline.silent"))


def _words(probes: Sequence[TimedProbe], start: float, whole: float) -> str:
    told = [
        say(
            "show.timeline.probe",
            name=probe.name,
            outcome=say("show.timeline.ok")
            if probe.ok
            else say("show.timeline.failed", status=_status(probe)),
            began=f"{(probe.began - start) * 1000:.0f}",
            took=f"{probe.milliseconds:.0f}",
        )
        for probe in probes
    ]
    return say("show.timeline.alt", count=len(probes), whole=f"{whole:.0f}", probes="; ".join(told))
