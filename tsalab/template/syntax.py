"""YAML's own complaints, put so that somebody who edits a template understands them."""

from __future__ import annotations

import re

import yaml

from tsalab.messages import error, say
from tsalab.template.document import Document
from tsalab.template.problem import Problem

_KEY = re.compile(r"\s*[\w:.'\"-]+\s*:(\s|$)")

# Parts of PyYAML's and libyaml's messages; why and next stand under template.syntax and the second word.
_KNOWN = (
    ("cannot start any token", "character"),
    ("mapping values are not allowed", "colon"),
    ("expected <block end>", "indentation"),
    ("did not find expected key", "indentation"),
    ("did not find expected '-' indicator", "indentation"),
    ("could not find expected ':'", "no_colon"),
    ("found unexpected end of stream", "quote"),
    ("undefined alias", "alias"),
    ("expected ',' or", "bracket"),
    ("expected a single document", "document"),
)


def syntax_problem(document: Document) -> Problem | None:
    """The first place where a text stops being YAML; None when it is YAML."""
    try:
        root = document.root
    except yaml.YAMLError as broken:
        return _from(document, broken)
    except RecursionError:
        return _at(1, 1, error("template.syntax.too_deep"))
    if root is None:
        return _at(1, 1, error("template.syntax.empty"))
    return None


def _from(document: Document, broken: yaml.YAMLError) -> Problem:
    mark = getattr(broken, "problem_mark", None) or getattr(broken, "context_mark", None)
    message = str(getattr(broken, "problem", "") or getattr(broken, "reason", "") or broken)
    if mark is None:
        return _at(1, 1, error("template.syntax.not_yaml", message=message))
    line, column = min(mark.line, max(len(document.lines) - 1, 0)), mark.column
    tab = _tab(document, line)
    if tab is not None:
        return _at(tab + 1, 1, error("template.syntax.tab", line=tab + 1))
    what = _line(document, line)
    for part, known in _KNOWN:
        if part in message:
            why, next_step = say(f"template.syntax.{known}.why"), say(f"template.syntax.{known}.next")
            return Problem(line + 1, column + 1, what, why, next_step)
    why = say("template.syntax.line.yaml_says", message=message)
    return Problem(line + 1, column + 1, what, why, say("template.problem.compare"))


def _at(line: int, column: int, said: dict[str, str]) -> Problem:
    return Problem(line, column, said["what"], said["why"], said["next_step"])


def _tab(document: Document, line: int) -> int | None:
    """The line at or just above the complaint whose indentation has a tab."""
    for candidate in range(line, max(line - 3, -1), -1):
        text = document.lines[candidate] if document.lines else ""
        if "\t" in text[: len(text) - len(text.lstrip(" \t"))]:
            return candidate
    return None


def _line(document: Document, line: int) -> str:
    """That a line is no YAML, with the name at its beginning; never a value, which might be a secret."""
    found = _KEY.match(document.lines[line]) if document.lines else None
    if found is None:
        return say("template.syntax.line.unnamed", line=line + 1)
    return say("template.syntax.line.named", line=line + 1, name=found[0].strip())
