"""Stages of something that runs, with how long each has taken; and what stays of them."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from tsalab.messages import say
from tsalab.show.amounts import duration
from tsalab.show.parts import Part, table
from tsalab.show.status import Status, status_of

_CELL = "text-align: left; vertical-align: top; padding: 2px 10px 2px 0"


@dataclass
class Stage:
    """One stage.

    Parameters
    ----------
    name, word, detail
        What is shown of it.
    began, ended
        On the view's clock, as far as they were seen.
    told
        Seconds that somebody else measured; they count for more than what was seen.
    """

    name: str
    word: str = ""
    detail: str = ""
    began: float | None = None
    ended: float | None = None
    told: float | None = None

    @property
    def status(self) -> Status:
        """How its word looks."""
        return status_of(self.word)

    def took(self, now: float) -> str:
        """How long it has taken, in words; empty when nobody knows."""
        if self.told is not None:
            return duration(self.told)
        if self.began is None:
            return ""
        return duration((now if self.ended is None else self.ended) - self.began)


class Stages:
    """Every stage by its name, in the order they were first named."""

    def __init__(self) -> None:
        self._known: dict[str, Stage] = {}

    def __bool__(self) -> bool:
        return bool(self._known)

    def report(self, name: str, word: str, detail: str, now: float, seconds: float | None) -> bool:
        """Note where a stage stands; returns whether its status is another than before."""
        first = name not in self._known
        stage = self._known.setdefault(name, Stage(name))
        changed = word != stage.word
        stage.word, stage.detail, stage.told = word, detail, seconds
        status = stage.status
        if not status.ended:
            if stage.ended is not None or (status.begun and stage.began is None):
                stage.began = now if status.begun else None
            stage.ended = None
        elif stage.ended is None and not first:
            # What had ended before anybody looked began at a time that nobody saw.
            stage.ended = now
        return changed

    def html(self, now: float) -> str:
        """Markup for a live view."""
        rows = "".join(self._row(stage, now) for stage in self._known.values())
        return f'<table class="tsalab-stages" style="margin: 4px 0"><tbody>{rows}</tbody></table>'

    @staticmethod
    def _row(stage: Stage, now: float) -> str:
        status = stage.status
        said = f"{stage.word}: {stage.detail}" if stage.detail else stage.word
        return (
            f'<tr class="tsalab-stage" style="background-color: {status.tint}">'
            f'<td style="{_CELL}; white-space: nowrap">{status.icon} {escape(stage.name)}</td>'
            f'<td style="{_CELL}">{escape(said)}</td>'
            f'<td style="{_CELL}; white-space: nowrap">{escape(stage.took(now))}</td></tr>'
        )

    def part(self, now: float) -> Part:
        """What stays of them."""
        stages = list(self._known.values())
        # A column that says nothing is left out.
        columns = 4 if any(stage.detail for stage in stages) else 3
        rows = [(f"{s.status.icon} {s.name}", s.word, s.took(now), s.detail)[:columns] for s in stages]
        headings = [
            say(f"show.stages.heading.{name}") for name in ("name", "status", "took", "said")[:columns]
        ]
        return table(rows, headings, shade=[stage.status.tint for stage in stages])
