"""A few lines of a template with a caret below the place that is spoken of."""

from __future__ import annotations

import re

from tsalab.template.document import Document

_AROUND = 3  # lines shown before the place, and after it
# A literal value of a key that is a password's: it does not belong into an output that is handed in.
_PASSWORD = re.compile(
    r"""^(?P<key>[\s-]*['"]?\w*password['"]?\s*:\s*)(?![!{]|['"]?\{\{|$)\S.*""", re.IGNORECASE
)


def excerpt(document: Document, line: int, column: int | None = None) -> str:
    """The lines around a place, numbered, the place marked.

    Parameters
    ----------
    document
        The template.
    line, column
        The place, counted from 1; without a column the whole line is marked.
    """
    first, last = max(1, line - _AROUND), min(len(document.lines), line + _AROUND)
    width = len(str(last))
    shown = []
    for number in range(first, last + 1):
        text = _shown(document.lines[number - 1])
        mark = ">" if number == line else " "
        shown.append(f"{mark} {number:>{width}} | {text}".rstrip())
        if number == line:
            indent = len(text) - len(text.lstrip(" ")) if column is None else column - 1
            shown.append(f"  {'':>{width}} | {' ' * indent}^")
    return "\n".join(shown)


def _shown(line: str) -> str:
    """A line as it is printed: a tab is seen, and takes one column, so that the caret stands right."""
    return _PASSWORD.sub(r"\g<key>…", line.rstrip("\r\n")).replace("\t", "→")
