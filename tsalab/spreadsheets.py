"""Texts that go into a spreadsheet, and must stay texts there."""

from __future__ import annotations

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def neutral(value: object) -> object:
    """A value that no spreadsheet takes for a formula, and that every file can hold.

    A cell that begins with ``=``, ``+``, ``-`` or ``@`` is calculated, and learners choose
    their names: such a text gets an apostrophe in front, as OWASP advises.

    Parameters
    ----------
    value
        Whatever goes into a cell; what is no text stays as it is.
    """
    if not isinstance(value, str):
        return value
    plain = value.encode("utf-8", "replace").decode("utf-8").replace("\0", "")
    return f"'{plain}" if plain.startswith(_FORMULA) else plain
