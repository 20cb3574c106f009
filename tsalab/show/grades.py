"""A class's grades: a table with a line a submission, and what took points, folded away below."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Protocol

from tsalab.messages import say
from tsalab.show.parts import LINE, Part, details, heading, note, table
from tsalab.show.status import GREEN, GREY, RED

# With room on the left, too: a tinted row whose text begins at its edge reads badly.
_CELL = f"text-align: left; vertical-align: top; padding: 2px 8px; border-bottom: 1px solid {LINE}"
_COLUMNS = ("learner", "points", "share", "tier", "doubts")


class MarkLike(Protocol):
    """What is shown of a step's mark."""

    @property
    def step(self) -> int | str:
        """Its number."""

    @property
    def points(self) -> float:
        """What it got."""

    @property
    def possible(self) -> float:
        """What it could."""

    @property
    def tier(self) -> int:
        """Of its evidence."""

    @property
    def reasons(self) -> tuple[str, ...]:
        """In words."""


class VerdictLike(Protocol):
    """What is shown of a verdict."""

    @property
    def name(self) -> str:
        """Where it was found."""

    @property
    def learner(self) -> str:
        """Whose it is."""

    @property
    def points(self) -> float:
        """What it got."""

    @property
    def possible(self) -> float:
        """What it could."""

    @property
    def tier(self) -> int:
        """Least tier among the steps that got points."""

    @property
    def doubts(self) -> tuple[str, ...]:
        """What speaks against it."""

    @property
    def unreadable(self) -> str:
        """Why it could not be read."""

    @property
    def marks(self) -> Sequence[MarkLike]:
        """Of its steps."""


def of_class(verdicts: Sequence[VerdictLike], title: str) -> Part:
    """The table of a class.

    Parameters
    ----------
    verdicts
        In the order in which they are to stand.
    title
        Of what was graded.
    """
    full = sum(_is_full(one) for one in verdicts)
    summary = say("commands.grade.total", full=full, count=len(verdicts))
    columns = [say(f"grade.column.{name}") for name in _COLUMNS]
    markup = (
        f'{heading(title, GREY)}<p style="margin: 4px 0">{escape(summary)}</p>'
        f"{_table(columns, map(_line, verdicts))}"
        f'<p style="margin: 4px 0">{escape(say("grade.page.tiers"))}</p>'
    )
    lines = table([_values(one) for one in verdicts], [name for name in columns if name != columns[2]])
    return Part(markup, f"{title}\n{summary}\n{lines.text}")


def of_learner(verdict: VerdictLike, *, everything: bool = False) -> Part:
    """What took points from a submission, and what speaks against it; folds away.

    Parameters
    ----------
    verdict
        Its.
    everything
        Whether the steps that lost nothing are shown, too.
    """
    told = [verdict.unreadable] if verdict.unreadable else list(verdict.doubts)
    parts = [note(one) for one in told]
    marks = [] if verdict.unreadable else [m for m in verdict.marks if everything or m.points < m.possible]
    if marks:
        headings = [say(f"grade.column.{name}") for name in ("step", "points", "tier", "why")]
        rows = [
            # What speaks against the whole of it stands above, once.
            (
                one.step,
                _of(one.points, one.possible),
                one.tier,
                " ".join(w for w in one.reasons if w not in told),
            )
            for one in marks
        ]
        lines = [
            _row([escape(str(value)) for value in row], RED if one.points < one.possible else GREEN)
            for row, one in zip(rows, marks, strict=True)
        ]
        parts.append(Part(_table(headings, lines), table(rows, headings).text))
    if not parts:
        parts = [note(say("grade.page.nothing_lost"))]
    title = say(
        "grade.page.of_learner",
        who=verdict.learner or verdict.name,
        points=verdict.points,
        possible=verdict.possible,
    )
    return details(title, *parts, unfolded=everything)


def _is_full(verdict: VerdictLike) -> bool:
    return not verdict.unreadable and verdict.points >= verdict.possible


def _values(verdict: VerdictLike) -> tuple[object, ...]:
    doubts = verdict.unreadable or " ".join(verdict.doubts[:1])
    more = len(verdict.doubts) - 1
    if more > 0 and not verdict.unreadable:
        doubts = say("grade.page.and_more", first=doubts, count=more)
    who = verdict.learner or verdict.name
    return who, _of(verdict.points, verdict.possible), verdict.tier, doubts


def _line(verdict: VerdictLike) -> str:
    who, points, tier, doubts = (escape(str(value)) for value in _values(verdict))
    label = escape(say("grade.page.of", points=verdict.points, possible=verdict.possible))
    bar = f'<progress title="{label}" value="{verdict.points:g}" max="{verdict.possible or 1:g}"></progress>'
    tint = GREEN if _is_full(verdict) else RED if verdict.unreadable or not verdict.points else ""
    return _row([who, points, bar, tier, doubts], tint)


def _table(columns: Iterable[str], lines: Iterable[str]) -> str:
    head = "".join(f'<th style="{_CELL}">{escape(name)}</th>' for name in columns)
    return (
        f'<table class="tsalab-table" style="border-collapse: collapse; margin: 4px 0">'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
    )


def _row(cells: Iterable[str], tint: str) -> str:
    """A line of the table; its cells are safe as they stand."""
    style = f' style="background-color: {tint}"' if tint else ""
    inside = "".join(f'<td style="{_CELL}">{cell}</td>' for cell in cells)
    return f"<tr{style}>{inside}</tr>"


def _of(points: float, possible: float) -> str:
    return f"{points:g} / {possible:g}"
