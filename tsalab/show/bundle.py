"""The bundle that stays: text, HTML and the record, from a record and what the step wants to show."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from tsalab.errors import TsalabError
from tsalab.messages import say
from tsalab.records import MIMETYPE, Record, Redactor
from tsalab.show.parts import Part, heading
from tsalab.show.status import GREEN, GREY, RED, YELLOW

_TINTS = {"passed": GREEN, "failed": RED, "not-done": YELLOW}


def name_of(step: int | str, title: str) -> str:
    """How a step is headed: ``Step 4 · Add the cluster``; what is no step, by its title alone."""
    if isinstance(step, int):
        return say("show.title.step", step=step, title=title)
    kind, _, number = step.partition("-")
    return say("show.title.clean_up", step=number, title=title) if kind == "cleanup" else title


def started(title: str) -> dict[str, Any]:
    """What stands there before anything is known."""
    running = f" · {say('show.running')}"
    markup = f'<div class="tsalab-step tsalab-running">{heading(title, YELLOW, running)}</div>'
    return {"text/plain": title + running, "text/html": markup}


def of_record(record: Record, parts: Sequence[Part], redactor: Redactor, word: str = "") -> dict[str, Any]:
    """What a step leaves: every value escaped, secrets masked in text and HTML, refused in the record.

    Raises
    ------
    RecordError
        When the record holds a secret.
    """
    data = record.to_json()
    redactor.guard(data, say("record.place.of_step", step=record.step))
    answer = [
        (say("show.answer.saw"), record.saw),
        (say("show.answer.expected"), record.expected),
        (say("show.answer.next"), record.next),
    ]
    title, tint, name = name_of(record.step, record.title), _TINTS[record.status], str(record.status)
    if record.is_outcome:
        status = say(f"show.status.{record.status}")
        title = say("show.title.ended", title=title, status=status, seconds=record.seconds)
    else:  # the step is not judged by it
        shown = word or say(f"show.kind.{record.kind}")
        title, tint, name = f"{title} · {shown}", GREY, record.kind
    return _bundle(title, tint, name, answer, parts, redactor) | {MIMETYPE: data}


def of_failure(title: str, error: BaseException, parts: Sequence[Part], redactor: Redactor) -> dict[str, Any]:
    """What a step leaves that ended without a record: what, why and next."""
    if isinstance(error, TsalabError):
        answer = [
            (say("show.answer.what"), error.what),
            (say("show.answer.why"), error.why),
            (say("show.answer.next"), error.next_step),
        ]
    elif isinstance(error, KeyboardInterrupt):
        answer = [
            (say("show.answer.what"), say("show.interrupted.what")),
            (say("show.answer.next"), say("show.interrupted.next")),
        ]
    else:
        answer = [(say("show.answer.what"), f"{type(error).__name__}: {error}")]
    return _bundle(f"{title} · {say('show.status.failed')}", RED, "failed", answer, parts, redactor)


def of_end(title: str, parts: Sequence[Part], redactor: Redactor) -> dict[str, Any]:
    """What a view leaves that has no record, such as a list shown between two steps."""
    return _bundle(title, GREY, "ended", [], parts, redactor)


def _bundle(
    title: str,
    tint: str,
    status: str,
    answer: Sequence[tuple[str, str]],
    parts: Sequence[Part],
    redactor: Redactor,
) -> dict[str, Any]:
    given = [(name, value) for name, value in answer if value]
    rows = "".join(
        f'<tr><th style="text-align: left; vertical-align: top; padding: 1px 12px 1px 0">{escape(name)}</th>'
        f'<td style="text-align: left; vertical-align: top; padding: 1px 12px 1px 0; white-space: pre-wrap">'
        f"{escape(value)}</td></tr>"
        for name, value in given
    )
    answers = (
        f'<table class="tsalab-answer" style="margin: 4px 0"><tbody>{rows}</tbody></table>' if rows else ""
    )
    inside = "".join(part.html for part in parts)
    markup = f'<div class="tsalab-step tsalab-{status}">{heading(title, tint)}{answers}{inside}</div>'
    lines = [title, *(f"  {name.lower() + ':':<10}{value}" for name, value in given)]
    text = "\n".join([*lines, *(part.text for part in parts)])
    return {"text/plain": redactor.mask(text), "text/html": redactor.mask(markup)}
