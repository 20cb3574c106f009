"""Texts that go into a spreadsheet, and must stay texts there."""

from __future__ import annotations

import re

from tsalab.files import plain

# What a spreadsheet calculates, also as wide as a Chinese character; and what a text may begin with unseen.
_SIGNS = "=+@＝＋＠\\-－"
_UNSEEN = r"\s\u200b-\u200f\u2060\ufeff"
_BEGINS = re.compile(rf"[\t\r\n]|[{_UNSEEN}]*[{_SIGNS}]")
# Where the reader takes another sign between cells than the writer, a cell begins within a text.
_WITHIN = re.compile(rf"([;,|\t\r\n][\"{_UNSEEN}]*)(?=[=+@＝＋＠])|([;,|\t\r\n]\"?)(?=[\-－])")


def neutral(value: object) -> object:
    """A value that no spreadsheet takes for a formula, and that every file can hold.

    A cell that begins with ``=``, ``+``, ``-`` or ``@`` is calculated, and learners choose
    their names: such a text gets an apostrophe in front, as OWASP advises, and so does such a
    sign behind one that may part two cells. Numbers are no texts, and stay numbers.

    Parameters
    ----------
    value
        Whatever goes into a cell; what is no text stays as it is.
    """
    if not isinstance(value, str):
        return value
    text = _WITHIN.sub(lambda found: f"{found[0]}'", plain(value).replace("\0", ""))
    return f"'{text}" if _BEGINS.match(text) else text
