"""The dashboard: where the learner is, what is next, what it costs, and the architecture as it is.

Always a static bundle, so that a saved notebook holds nothing that needs a kernel.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any

from tsalab.architecture import Overview
from tsalab.cost import Estimate
from tsalab.messages import say
from tsalab.show import diagram
from tsalab.show.parts import Part, details, heading, note, picture, table
from tsalab.show.status import GREEN, GREY, YELLOW

_ROW = "text-align: left; vertical-align: top; padding: 3px 14px 3px 0"


@dataclass(frozen=True)
class Section:
    """A section of the course, and how much of it is done."""

    title: str
    done: int
    steps: int


@dataclass(frozen=True)
class Standing:
    """Where a learner stands.

    Parameters
    ----------
    course
        Title of the course.
    sections
        Its sections, in order.
    here
        Title of the section that the next step belongs to; empty when all are done.
    next_step, next_call
        The step to do next and the cell that does it; empty when all are done.
    last
        What the last step said: "Step 4 · Add … · passed".
    """

    course: str
    sections: Sequence[Section]
    here: str
    next_step: str
    next_call: str
    last: str

    @property
    def done(self) -> int:
        """Steps that passed."""
        return sum(section.done for section in self.sections)

    @property
    def steps(self) -> int:
        """Steps there are."""
        return sum(section.steps for section in self.sections)


def bundle(
    standing: Standing,
    seen: Overview | None,
    estimate: Estimate | None,
    *,
    before: Overview | None = None,
    at_work: bool = False,
) -> dict[str, Any]:
    """The dashboard as text and HTML.

    Parameters
    ----------
    standing
        Where the learner is.
    seen
        The architecture, or None before the first look has ended.
    estimate
        What it cost.
    before
        The architecture as this lab found it, if it is known.
    at_work
        Whether a look at the account is going on.
    """
    finished = standing.done == standing.steps
    count = say("dashboard.count", done=standing.done, steps=standing.steps)
    tint = YELLOW if at_work else GREEN if finished else GREY
    more = " · " + say("dashboard.looking") if at_work else ""
    parts = [_answers(standing, seen, estimate), _sections(standing)]
    if seen:
        parts.append(_picture(seen))
        parts += _differences(seen, before, finished=finished)
        parts.append(details(say("dashboard.parts"), _parts(seen)))
        parts += [details(say("dashboard.costs"), _costs(estimate))] if estimate and estimate.items else []
    elif at_work:
        parts.append(note(say("dashboard.first_look")))
    title = f"{standing.course} · {count}"
    bar = (
        f'<progress title="{escape(count)}" value="{standing.done}" max="{standing.steps}" '
        'style="width: 100%; max-width: 960px"></progress>'
    )
    html = "".join(part.html for part in parts)
    return {
        "text/plain": "\n".join([title + more, *(part.text for part in parts)]),
        "text/html": f'<div class="tsalab-dashboard">{heading(title, tint, more)}{bar}{html}</div>',
    }


def _answers(standing: Standing, seen: Overview | None, estimate: Estimate | None) -> Part:
    rows = [(say("dashboard.here"), escape(standing.here), standing.here)] if standing.here else []
    if standing.last:
        rows.append((say("dashboard.last"), escape(standing.last), standing.last))
    if standing.next_step:
        call = f'<code class="tsalab-call">{escape(standing.next_call)}</code>'
        text = f"{standing.next_step}: {standing.next_call}"
        rows.append((say("dashboard.next"), f"{escape(standing.next_step)}: {call}", text))
    else:
        rows.append((say("dashboard.next"), escape(say("dashboard.finished")), say("dashboard.finished")))
    if estimate is not None:
        cost = say("dashboard.cost", dollars=_money(estimate.dollars), hourly=f"{estimate.hourly:.2f}")
        rows.append((say("dashboard.cost_name"), escape(cost), cost))
    if seen:
        when = say("dashboard.looked", time=_clock(seen.looked), seconds=f"{seen.seconds:.1f}")
        rows.append((say("dashboard.looked_name"), escape(when), when))
    markup = "".join(
        f'<tr><th style="{_ROW}">{escape(name)}</th><td style="{_ROW}">{html}</td></tr>'
        for name, html, _ in rows
    )
    text = "\n".join(f"  {name + ':':<12} {value}" for name, _, value in rows)
    return Part(f'<table class="tsalab-answer" style="margin: 4px 0"><tbody>{markup}</tbody></table>', text)


def _sections(standing: Standing) -> Part:
    rows = []
    for section in standing.sections:
        if section.done == section.steps:
            word = say("dashboard.section.done")
        else:
            word = say(
                "dashboard.section.here" if section.title == standing.here else "dashboard.section.open"
            )
        count = say("dashboard.part_count", done=section.done, steps=section.steps)
        rows.append((section.title, word, count))
    shade = [GREEN if section.done == section.steps else "" for section in standing.sections]
    return table(
        rows, tuple(say(f"dashboard.heading.{name}") for name in ("section", "state", "steps")), shade=shade
    )


def _picture(seen: Overview) -> Part:
    return picture(diagram.svg(seen), seen.sentence())


def _differences(seen: Overview, before: Overview | None, *, finished: bool) -> list[Part]:
    """What changed since the lab began, and the picture of then."""
    if before is None or before.looked >= seen.looked:
        return []
    changes = [(now.name, then.status, now.status) for then, now in seen.changes(before)]
    if not changes:
        return []
    heads = tuple(say(f"dashboard.heading.{name}") for name in ("part", "before", "now"))
    title = say("dashboard.before", time=_clock(before.looked))
    return [table(changes, heads, caption=say("dashboard.changed")),
            details(title, _picture(before), unfolded=finished)]  # fmt: skip


def _parts(seen: Overview) -> Part:
    rows = [(part.name, part.status, part.detail) for part in seen.parts.values()]
    heads = tuple(say(f"dashboard.heading.{name}") for name in ("part", "state", "detail"))
    return table(rows, heads)


def _costs(estimate: Estimate) -> Part:
    rows = [
        (
            say(f"architecture.part.{item.part}"),
            f"{item.hours:.2f}",
            f"{item.hourly:.4f}",
            f"{item.dollars:.4f}",
        )
        for item in estimate.items
    ]
    heads = tuple(say(f"dashboard.heading.{name}") for name in ("part", "hours", "hourly", "dollars"))
    explained = note(say("dashboard.cost_note"))
    shown = table(rows, heads)
    return Part(shown.html + explained.html, f"{shown.text}\n{explained.text}")


def _money(dollars: float) -> str:
    if 0 < dollars < 0.01:
        return say("dashboard.less_than_a_cent")
    return say("dashboard.about", amount=f"{dollars:.2f}")


def _clock(when: datetime) -> str:
    return f"{when.astimezone():%Y-%m-%d %H:%M:%S}"
