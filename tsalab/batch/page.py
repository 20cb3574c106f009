"""A batch on one page, without a script and without another address: numbers, bars, a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from tsalab.messages import say

Row = Mapping[str, Any]
_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;
color:#1a1a1a;background:#fff}
table{border-collapse:collapse;width:100%;margin:1rem 0}
th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #ddd;vertical-align:top}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
progress{width:100%;min-width:4rem;height:.7rem}
.bad{color:#a40000;font-weight:600}.good{color:#146c2e;font-weight:600}
@media(prefers-color-scheme:dark){body{color:#eee;background:#161616}th,td{border-color:#444}
.bad{color:#ff8a80}.good{color:#81d89a}a{color:#8ab4f8}}
"""


def page(rows: Sequence[Row]) -> str:
    """The whole page.

    Parameters
    ----------
    rows
        As `Summary.rows` makes them.
    """
    title = escape(say("batch.page.title"))
    return (
        f'<!doctype html>\n<html lang="{escape(say("batch.page.language"))}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{title}</title>'
        f"<style>{_STYLE}</style></head>\n<body><main><h1>{title}</h1>\n{body(rows, links=True)}"
        "</main></body></html>\n"
    )


def body(rows: Sequence[Row], *, links: bool = False) -> str:
    """What stands on the page, also for a notebook.

    Parameters
    ----------
    rows
        As `Summary.rows` makes them.
    links
        Whether the learners' pages lie beside.
    """
    passed = sum(row["status"] == "passed" for row in rows)
    seconds = [row["seconds"] for row in rows if row["seconds"] is not None]
    parts = [f"<p>{escape(say('batch.page.passed', count=len(rows), passed=passed))}</p>"]
    parts.append(_steps(rows))
    if seconds:
        parts.append(_times(rows, max(seconds)))
    parts.append(_learners(rows, links=links))
    return "\n".join(parts)


def _steps(rows: Sequence[Row]) -> str:
    """How many learners passed each section: where a class is stuck."""
    passed: Counter[str] = Counter()
    of: Counter[str] = Counter()
    for row in rows:
        for section in row["sections"]:
            of[section["title"]] += 1
            passed[section["title"]] += section["passed"] == section["steps"]
    lines = "".join(
        f"<tr><th scope=row>{escape(title)}</th><td>{_bar(passed[title], count, title)}</td>"
        f'<td class="n">{passed[title]} / {count}</td></tr>'
        for title, count in of.items()
    )
    return _table(say("batch.page.by_section"), ("section", "passed", "count"), lines)


def _times(rows: Sequence[Row], longest: float) -> str:
    lines = "".join(
        f"<tr><th scope=row>{escape(row['learner'])}</th>"
        f"<td>{_bar(row['seconds'], longest, row['learner'])}</td>"
        f'<td class="n">{row["seconds"]:.1f}</td></tr>'
        for row in rows
        if row["seconds"] is not None
    )
    return _table(say("batch.page.times"), ("learner", "time", "seconds"), lines)


def _learners(rows: Sequence[Row], *, links: bool) -> str:
    lines = "".join(_learner(row, links=links) for row in rows)
    return _table(say("batch.page.learners"), ("learner", "status", "steps", "reason", "attempts"), lines)


def _learner(row: Row, *, links: bool) -> str:
    name = escape(row["learner"])
    if links and row["status"] != "not-run":
        file = row["notebook"].removesuffix(".ipynb")
        name = f'<a href="learners/{escape(row["folder"])}/{escape(file)}.html">{name}</a>'
    kind = "good" if row["status"] == "passed" else "bad"
    status = escape(say(f"batch.status.{row['status']}"))
    return (
        f'<tr><th scope=row>{name}</th><td class="{kind}">{status}</td>'
        f'<td class="n">{row["passed"]} / {row["of"]}</td><td>{escape(row["reason"])}</td>'
        f'<td class="n">{row["attempts"]}</td></tr>'
    )


def _bar(value: float, most: float, name: str) -> str:
    return f'<progress value="{value:g}" max="{most or 1:g}" aria-label="{escape(name)}"></progress>'


def _table(caption: str, columns: Sequence[str], lines: str) -> str:
    head = "".join(f"<th scope=col>{escape(say(f'batch.column.{name}'))}</th>" for name in columns)
    return (
        f"<h2>{escape(caption)}</h2>\n<table><thead><tr>{head}</tr></thead>\n<tbody>{lines}</tbody></table>"
    )
