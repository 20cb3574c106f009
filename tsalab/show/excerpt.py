"""A few lines of a file with a caret below the place that is spoken of."""

from __future__ import annotations

import re

from tsalab.show.parts import Part, log

_AROUND = 3  # lines shown before the place, and after it
_END = re.compile("\r\n|[\r\n\x85\u2028\u2029]")  # as YAML counts lines
# A literal value of a key that is a password's: it does not belong into an output that is handed in.
_PASSWORD = re.compile(
    r"""^(?P<key>[\s-]*['"]?\w*password['"]?\s*:\s*)(?![!{]|['"]?\{\{|$)\S.*""", re.IGNORECASE
)


def excerpt(text: str, line: int, column: int | None = None) -> Part:
    """The lines around a place, numbered, the place marked; a literal password is left out.

    Parameters
    ----------
    text
        The whole file.
    line, column
        The place, counted from 1; without a column the beginning of the line's text.
    """
    lines = [_shown(each) for each in _END.split(text)]
    first, last = max(1, line - _AROUND), min(len(lines), line + _AROUND)
    width = len(str(last))
    shown = []
    for number in range(first, last + 1):
        content = lines[number - 1]
        mark = ">" if number == line else " "
        shown.append(f"{mark} {number:>{width}} | {content}".rstrip())
        if number == line:
            indent = len(content) - len(content.lstrip(" ")) if column is None else column - 1
            shown.append(f"  {'':>{width}} | {' ' * indent}^")
    return log(shown)


def _shown(line: str) -> str:
    """A line as it is printed: a tab is seen, and takes one column, so that the caret stands right."""
    return _PASSWORD.sub(r"\g<key>…", line).replace("\t", "→")
