"""Verdicts as pages: one a learner, and one of the class. No script, no other address, readable by all."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from html import escape
from pathlib import Path
from types import TracebackType
from typing import Self

from tsalab.files import plain
from tsalab.grade.exports.writing import folder, opened
from tsalab.grade.rubric import Rubric
from tsalab.grade.verdict import Mark, Verdict
from tsalab.messages import say

# Colours are said for both schemes: where the browser chooses them, nobody can tell whether they stand out.
_STYLE = """
:root { color-scheme: light dark;
  --ink: #1a1a1a; --paper: #fff; --line: #ccc; --link: #0645ad; --doubt: #b35300; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #eee; --paper: #161616; --line: #444; --link: #8ab4f8; --doubt: #ff9d4d; }
}
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem;
  color: var(--ink); background: var(--paper); overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; line-height: 1.25; }
h2 { font-size: 1.1rem; margin: 0; }
table { border-collapse: collapse; width: 100%; }
caption { text-align: left; padding: .4rem .6rem; }
th, td { border-bottom: 1px solid var(--line); padding: .4rem .6rem; text-align: left; vertical-align: top; }
thead th { overflow-wrap: normal; }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.lost { color: var(--doubt); }
a { color: var(--link); }
meter { width: 8rem; }
.doubts { border-left: 4px solid var(--doubt); padding-left: 1rem; margin: 1rem 0; }
.doubts ul { margin: .4rem 0; padding-left: 1.2rem; }
a:focus-visible { outline: 3px solid; }
@media (max-width: 40rem) { .share { display: none; } th, td { padding: .4rem .25rem; } }
"""
# Columns of figures stand at their right; that of the bars goes where there is no room.
_CLASSES = {"points": ' class="number"', "tier": ' class="number"', "share": ' class="share"'}


def _head(names: Iterable[str]) -> str:
    cells = (f'<th scope="col"{_CLASSES.get(name, "")}>{say(f"grade.column.{name}")}</th>' for name in names)
    return f"<thead><tr>{''.join(cells)}</tr></thead>"


def _page(title: str, body: str) -> str:
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        f'<meta name="viewport" content="width=device-width"><title>{_html(title)}</title>'
        f"<style>{_STYLE}</style></head>\n<body><main>\n{body}\n</main></body></html>\n"
    )


def _html(text: str) -> str:
    return escape(plain(text))


class Pages:
    """A folder of pages, written as verdicts come; the class's last. A context manager.

    Parameters
    ----------
    path
        The folder where they go; made if it is not there.
    rubric
        Whose title they bear.
    """

    def __init__(self, path: Path, rubric: Rubric) -> None:
        self._folder = path
        self._rubric = rubric
        self._rows: list[str] = []  # of the class: a short line a learner
        self._names: Counter[str] = Counter({"index": 1})

    def __enter__(self) -> Self:
        folder(self._folder)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._write("index.html", self._class())

    def add(self, verdict: Verdict) -> None:
        """Write a learner's page."""
        name = self._file_name(verdict)
        who = verdict.learner or verdict.name
        self._write(name, _page(f"{self._rubric.title}: {who}", _learner(verdict, self._rubric.title)))
        self._rows.append(
            f'<tr><th scope="row"><a href="{escape(name)}">{_html(who)}</a></th>'
            f'<td class="number">{verdict.points:.10g} / {verdict.possible:.10g}</td>'
            f'<td class="share">{_meter(verdict.points, verdict.possible)}</td>'
            f'<td class="number">{verdict.tier}</td>'
            f"<td>{_html(verdict.unreadable or str(len(verdict.doubts) or ''))}</td></tr>"
        )

    def _write(self, name: str, text: str) -> None:
        with opened(self._folder / name) as file:
            file.write(text)

    def _file_name(self, verdict: Verdict) -> str:
        """A name of its own, of letters that every file system takes."""
        stem = re.sub(r"[^a-z0-9]+", "-", (verdict.learner or Path(verdict.name).stem).lower()).strip("-")
        stem = stem[:60] or "learner"
        name = stem
        while self._names[name]:
            self._names[stem] += 1
            name = f"{stem}-{self._names[stem]}"
        self._names[name] += 1
        return f"{name}.html"

    def _class(self) -> str:
        head = _head(("learner", "points", "share", "tier", "doubts"))
        title = _html(self._rubric.title)
        caption = say("grade.page.class", count=len(self._rows))
        return _page(
            self._rubric.title,
            f"<h1>{title}</h1>\n<table><caption>{caption}</caption>{head}"
            f"<tbody>\n{chr(10).join(self._rows)}\n</tbody></table>\n<p>{say('grade.page.tiers')}</p>",
        )


def _learner(verdict: Verdict, title: str) -> str:
    head = _head(("step", "points", "tier", "why"))
    rows = "\n".join(map(_row, verdict.marks))
    who = _html(verdict.learner or verdict.name)
    total = say("grade.page.total", points=verdict.points, possible=verdict.possible)
    return (
        f"<h1>{_html(title)}: {who}</h1>\n<p>{total} {_meter(verdict.points, verdict.possible)}</p>\n"
        f"{_doubts(verdict)}<table>{head}<tbody>\n{rows}\n</tbody></table>\n"
        f"<p>{say('grade.page.tiers')}</p>"
    )


def _meter(points: float, possible: float) -> str:
    label = say("grade.page.of", points=points, possible=possible)
    values = f'max="{possible or 1:.10g}" value="{points:.10g}"'
    return f'<meter min="0" {values} aria-label="{label}">{label}</meter>'


def _doubts(verdict: Verdict) -> str:
    told = [verdict.unreadable] if verdict.unreadable else list(verdict.doubts)
    if not told:
        return ""
    items = "".join(f"<li>{_html(one)}</li>" for one in told)
    return f'<section class="doubts"><h2>{say("grade.page.doubts")}</h2><ul>{items}</ul></section>\n'


def _row(mark: Mark) -> str:
    why = "<br>".join(_html(reason) for reason in mark.reasons)
    lost = " lost" if mark.points < mark.possible else ""
    return (
        f'<tr><th scope="row">{_html(str(mark.step))}</th><td class="number{lost}">{mark.points:.10g} / '
        f'{mark.possible:.10g}</td><td class="number">{mark.tier}</td><td>{why}</td></tr>'
    )
