"""YAML's own complaints, put so that somebody who edits a template understands them."""

from __future__ import annotations

import re

import yaml

from tsalab.template.document import Document
from tsalab.template.problem import Problem

_KEY = re.compile(r"\s*[\w:.'\"-]+\s*:(\s|$)")

_INDENTATION = (
    "This line stands neither at the level of the lines above it nor at one that they began.",
    "Give it the same number of spaces as its neighbours of the same level.",
)
# Parts of PyYAML's and libyaml's messages, with why and next.
_KNOWN = (
    (
        "cannot start any token",
        "YAML forbids this character here; a tab is the usual one.",
        "Put spaces in its place.",
    ),
    (
        "mapping values are not allowed",
        "A colon follows where a value was still going on: usually the line is indented too far.",
        "Align it with the line above, or quote a value that holds a colon.",
    ),
    ("expected <block end>", *_INDENTATION),
    ("did not find expected key", *_INDENTATION),
    ("did not find expected '-' indicator", *_INDENTATION),
    (
        "could not find expected ':'",
        "A name without a colon, or a text that goes on at the wrong level.",
        "End the name with a colon, or indent the text.",
    ),
    (
        "found unexpected end of stream",
        "A quote was opened and never closed.",
        "Close it.",
    ),
    (
        "undefined alias",
        "A word that begins with * is a YAML alias, which CloudFormation does not have.",
        "Put it in quotes.",
    ),
    (
        "expected ',' or",
        "A list in brackets, or a mapping in braces, is not closed, or lacks a comma.",
        "Close it on this line or the one before.",
    ),
    (
        "expected a single document",
        "A line of three dashes begins a second document.",
        "Take that line out.",
    ),
)


def syntax_problem(document: Document) -> Problem | None:
    """The first place where a text stops being YAML; None when it is YAML."""
    try:
        root = document.root
    except yaml.YAMLError as error:
        return _from(document, error)
    except RecursionError:
        return Problem(
            1, 1, "The file is nested too deeply.", "No template is.", "Take the innermost brackets out."
        )
    if root is None:
        return Problem(1, 1, "The file is empty.", "There is no template in it.", "Open lab 3's infra.yml.")
    return None


def _from(document: Document, error: yaml.YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    message = str(getattr(error, "problem", "") or getattr(error, "reason", "") or error)
    if mark is None:
        return Problem(
            1, 1, f"This is not YAML: {message}.", "A character that YAML forbids.", "Take it out."
        )
    line, column = min(mark.line, max(len(document.lines) - 1, 0)), mark.column
    tab = _tab(document, line)
    if tab is not None:
        what = f"Line {tab + 1} is indented with a tab."
        return Problem(tab + 1, 1, what, "YAML allows spaces only.", "Put spaces in its place.")
    what = f"Line {line + 1} cannot be read as YAML{_quoted(document, line)}."
    for part, why, next_step in _KNOWN:
        if part in message:
            return Problem(line + 1, column + 1, what, why, next_step)
    return Problem(line + 1, column + 1, what, f"YAML says: {message}.", "Compare it with the lab's text.")


def _tab(document: Document, line: int) -> int | None:
    """The line at or just above the complaint whose indentation has a tab."""
    for candidate in range(line, max(line - 3, -1), -1):
        text = document.lines[candidate] if document.lines else ""
        if "\t" in text[: len(text) - len(text.lstrip(" \t"))]:
            return candidate
    return None


def _quoted(document: Document, line: int) -> str:
    """The name at the beginning of a line; never a value, which might be a secret."""
    found = _KEY.match(document.lines[line]) if document.lines else None
    return f" ({found[0].strip()})" if found else ""
