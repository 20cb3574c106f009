"""What a running step looks like, and what stays of it when it has ended.

One state, two faces: `Live.html` is redrawn while the step runs, `Live.parts` stands in
the output for good. Whatever a step reports is seen in both.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from tsalab.messages import say
from tsalab.show.amounts import duration
from tsalab.show.bars import Bars
from tsalab.show.console import Console
from tsalab.show.events import Event, EventLike, events, folded
from tsalab.show.parts import Part, heading, picture, probes
from tsalab.show.stages import Stages
from tsalab.show.status import RUNNING
from tsalab.show.timeline import TimedProbe, timeline

_EVENTS = 500
_SHORT = 12  # lines and events shown where each drawing replaces the last, without its scroll position


@dataclass(frozen=True)
class Picture:
    """One diagram, and the same in words."""

    svg: str = ""
    alt: str = ""


@dataclass(frozen=True)
class SeenProbe:
    """A probe, without the secrets that one may quote."""

    name: str
    url: str
    status: int | None
    milliseconds: float
    x_cache: str | None
    ok: bool
    saw: str
    began: float


class Live:
    """Everything that a step has reported.

    Parameters
    ----------
    title
        Of the step.
    mask
        Masks secrets in whatever is reported.
    """

    def __init__(self, title: str, mask: Callable[[str], str] = str) -> None:
        self.title = title
        self._mask = mask
        self._stages = Stages()
        self._bars = Bars()
        self._events: deque[Event] = deque(maxlen=_EVENTS)
        self._probes: list[SeenProbe] = []
        self.console = Console(mask)
        self.picture = Picture()
        self.said = ""
        """What a screen reader is told: the newest change of a stage."""

    def stage(self, name: str, word: str, detail: str, now: float, seconds: float | None = None) -> None:
        """Note where a stage stands."""
        name, word = self._mask(name), self._mask(word)
        if self._stages.report(name, word, self._mask(detail), now, seconds):
            self.said = say("show.stages.announced", name=name, status=word)

    def progress(
        self, label: str, done: float, total: float | None, unit: str, now: float, *, steady: bool = True
    ) -> None:
        """Note how far something has come."""
        self._bars.report(self._mask(label), done, total, self._mask(unit), now, steady=steady)

    def event(self, event: EventLike) -> None:
        """Note a stack's event."""
        mask = self._mask
        self._events.append(
            Event(event.time, mask(event.resource), event.type, event.status, mask(event.reason))
        )

    def probe(self, probe: TimedProbe) -> None:
        """Note a probe of the site."""
        mask = self._mask
        self._probes.append(
            SeenProbe(
                name=mask(probe.name),
                url=mask(probe.url),
                status=probe.status,
                milliseconds=probe.milliseconds,
                x_cache=probe.x_cache,
                ok=probe.ok,
                saw=mask(probe.saw),
                began=probe.began,
            )
        )

    def draw(self, svg: str, alt: str) -> None:
        """Take another diagram: encoded as an image, nobody could mask it any more."""
        self.picture = replace(self.picture, svg=self._mask(svg), alt=self._mask(alt))

    def html(self, seconds: float, now: float, *, whole: bool = False) -> str:
        """Markup of the state.

        Parameters
        ----------
        seconds
            Since the step began.
        now
            On the clock of what was noted.
        whole
            Whether what scrolls keeps its position, so that all of it can be shown.
        """
        running = f" · {RUNNING.icon} {say('show.running')} · {duration(seconds)}"
        pieces = [f'<div class="tsalab-step tsalab-running">{heading(self.title, RUNNING.tint, running)}']
        if self._stages:
            pieces.append(self._stages.html(now))
        if self._bars:
            pieces.append(self._bars.html(now))
        if self._events:
            shown = list(self._events) if whole else list(self._events)[-_SHORT:]
            pieces.append(f'<div class="tsalab-events" style="{_BOX}">{events(shown).html}</div>')
        if self._probes:
            pieces.append(timeline(self._probes).html)
        if self.console:
            pieces.append(self.console.html() if whole else self.console.html(_SHORT))
        return "".join(pieces) + "</div>"

    def parts(self, now: float) -> list[Part]:
        """What stays."""
        found = []
        if self.picture.svg:
            found.append(picture(self.picture.svg, self.picture.alt))
        if self._stages:
            found.append(self._stages.part(now))
        if self._bars:
            found.append(self._bars.part(now))
        if self._events:
            found.append(folded(list(self._events)))
        if self._probes:
            found += [timeline(self._probes), probes(self._probes)]
        if self.console:
            found.append(self.console.part())
        return found


_BOX = "max-height: 220px; overflow: auto"
