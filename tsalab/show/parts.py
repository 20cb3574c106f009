"""Building blocks of a static output: each is HTML and its readable text twin.

The HTML lives through JupyterLab's sanitizer: tables, ``<details>``, ``<progress>``,
``<img>`` with its data inside, class and inline style, and nothing else. Colours are
see-through tints over whatever the page's background is, so that it reads in light and in
dark.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Protocol

from tsalab.messages import say
from tsalab.show.status import DONE, FAILED, GREEN, GREY, RED

LINE = "rgba(128, 128, 128, 0.4)"
_CELL = f"text-align: left; vertical-align: top; padding: 2px 10px 2px 0; border-bottom: 1px solid {LINE}"
_PROBE = ("probe", "address", "status", "time", "cache", "saw")
# Long lines are broken: JupyterLab strips `tabindex`, so a box that scrolls is out of the keyboard's reach.
_PRE = (
    f"margin: 4px 0; padding: 6px; background-color: {GREY}; font-family: monospace; "
    "white-space: pre-wrap; overflow-wrap: break-word"
)


@dataclass(frozen=True)
class Part:
    """A piece of output.

    Parameters
    ----------
    html
        Safe as it stands: what made it escaped every value.
    text
        The same for a terminal or a text-only viewer.
    """

    html: str
    text: str


def heading(title: str, tint: str, more: str = "") -> str:
    """The tinted line that every output begins with, as HTML."""
    return (
        f'<div class="tsalab-head" style="padding: 4px 8px; background-color: {tint}">'
        f"<b>{escape(title)}</b>{escape(more)}</div>"
    )


class ProbeLike(Protocol):
    """What `probes` shows of a probe of the site."""

    @property
    def name(self) -> str:
        """What is asked."""

    @property
    def url(self) -> str:
        """Where."""

    @property
    def status(self) -> int | None:
        """HTTP status; None when nothing answered."""

    @property
    def milliseconds(self) -> float:
        """How long the answer took."""

    @property
    def x_cache(self) -> str | None:
        """CloudFront's word on its cache."""

    @property
    def ok(self) -> bool:
        """Whether it is as expected."""

    @property
    def saw(self) -> str:
        """The answer, in short."""


def note(value: object) -> Part:
    """One paragraph."""
    return Part(f'<p class="tsalab-note" style="margin: 4px 0">{escape(str(value))}</p>', str(value))


def table(
    rows: Iterable[Sequence[object]],
    headings: Sequence[str] = (),
    *,
    caption: str = "",
    shade: Sequence[str] = (),
) -> Part:
    """Rows of values.

    Parameters
    ----------
    rows
        Each a sequence of values, shown with `str`; None is an empty cell.
    headings
        Of the columns, if any.
    caption
        A line above.
    shade
        A background colour for each row, empty for none.
    """
    cells = [["" if value is None else str(value) for value in row] for row in rows]
    # A column without a name has no heading: an empty one would be read out as nothing.
    head = "".join(
        f'<th style="{_CELL}">{escape(name)}</th>' if name else f'<td style="{_CELL}"></td>'
        for name in headings
    )
    body = "".join(
        f'<tr style="background-color: {shade[index]}">{_row(row)}</tr>'
        if index < len(shade) and shade[index]
        else f"<tr>{_row(row)}</tr>"
        for index, row in enumerate(cells)
    )
    title = (
        f'<caption style="text-align: left; font-weight: bold">{escape(caption)}</caption>' if caption else ""
    )
    top = f"<thead><tr>{head}</tr></thead>" if headings else ""
    markup = (
        f'<table class="tsalab-table" style="border-collapse: collapse; margin: 4px 0">'
        f"{title}{top}<tbody>{body}</tbody></table>"
    )
    return Part(
        markup, "\n".join([caption] * bool(caption) + _columns([list(headings)] * bool(headings) + cells))
    )


def _row(values: Sequence[str]) -> str:
    return "".join(f'<td style="{_CELL}">{escape(value)}</td>' for value in values)


def _columns(rows: Sequence[Sequence[str]]) -> list[str]:
    count = max((len(row) for row in rows), default=0)
    widths = [max((len(row[place]) for row in rows if place < len(row)), default=0) for place in range(count)]
    return [
        "  ".join(value.ljust(width) for value, width in zip(row, widths, strict=False)).rstrip()
        for row in rows
    ]


def pairs(values: Mapping[str, object], *, caption: str = "") -> Part:
    """Names with their values, one a row."""
    return table(list(values.items()), caption=caption)


def diff(text: str, *, title: str = "") -> Part:
    """A unified diff, added and removed lines tinted; `title` makes it fold."""
    shown = "".join(_diff_line(line) for line in text.splitlines())
    same = say("show.no_difference")
    part = Part(f'<pre class="tsalab-diff" style="{_PRE}">{shown or same}</pre>', text or same)
    return details(title, part, unfolded=True) if title else part


def _diff_line(line: str) -> str:
    # The sign stays in the text: colour alone tells nothing to who cannot see it.
    tint = "" if line.startswith(("+++", "---")) else {"+": GREEN, "-": RED, "@": GREY}.get(line[:1], "")
    style = f' style="background-color: {tint}"' if tint else ""
    return f"<span{style}>{escape(line)}</span>\n"


def log(lines: str | Iterable[str], *, title: str = "", scrolls: bool = False) -> Part:
    """Lines a program wrote; `title` folds them away, and where a script lets the keyboard in they scroll."""
    text = lines if isinstance(lines, str) else "\n".join(lines)
    box = "; max-height: 300px; overflow: auto" if scrolls else ""
    part = Part(f'<pre class="tsalab-log" style="{_PRE}{box}">{escape(text)}</pre>', text)
    return details(title, part) if title else part


def details(summary: str, *parts: Part, unfolded: bool = False) -> Part:
    """Parts that fold away under a summary."""
    state = " open" if unfolded else ""
    inner = "".join(part.html for part in parts)
    text = "\n".join(part.text for part in parts)
    return Part(
        f'<details class="tsalab-details"{state}><summary>{escape(summary)}</summary>{inner}</details>',
        f"{summary}:\n{text}",
    )


def picture(svg: str, alt: str) -> Part:
    """A drawing, and the same in words.

    An ``<img>`` that holds its own data: JupyterLab's sanitizer takes an inline SVG away.

    Parameters
    ----------
    svg
        Markup with its own ``xmlns``, width and height, safe as it stands. One that is 100 %
        wide fits itself to any width, and keeps its height.
    alt
        What it shows, for who cannot see it.
    """
    data = base64.b64encode(svg.encode()).decode()
    source = f"data:image/svg+xml;base64,{data}"
    fits = re.match(r'<svg [^>]*width="100%" height="(\d+)"', svg)
    size = f' style="width: 100%; max-width: 960px; height: {fits[1]}px"' if fits else ""
    return Part(f'<img class="tsalab-picture"{size} alt="{escape(alt)}" src="{source}">', alt)


def probes(found: Iterable[ProbeLike]) -> Part:
    """What was asked of the site, and what it answered."""
    known = list(found)
    return table(
        [
            (
                _outcome(probe.ok),
                probe.name,
                probe.url,
                probe.status,
                say("show.probe.milliseconds", count=probe.milliseconds),
                probe.x_cache,
                probe.saw,
            )
            for probe in known
        ],
        ["", *(say(f"show.probe.column.{name}") for name in _PROBE)],
        shade=["" if probe.ok else RED for probe in known],
    )


def _outcome(ok: bool) -> str:
    return f"{DONE.icon} {say('show.probe.ok')}" if ok else f"{FAILED.icon} {say('show.probe.not_ok')}"
