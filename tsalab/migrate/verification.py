"""Did a piece arrive? Held against what was sent, before it is committed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum

from tsalab.migrate.blocks import Block, Blocks

# A value as `formats` writes it: in quotes, with backslashes before what would end it, or bare.
_VALUE = re.compile(rb"'(?:[^'\\]|\\.)*'|[^,\n]+", re.DOTALL)


class Verify(StrEnum):
    """How much is proven.

    Attributes
    ----------
    FULL
        Every value of every row, before the transaction that wrote it is committed.
    COUNTS
        The number of rows of every piece, and of every table at the end.
    NONE
        That the target took as many rows as it was sent.
    """

    FULL = "full"
    COUNTS = "counts"
    NONE = "none"


def arrived(sent: Block, there: Blocks, approximate: Sequence[int], *, same_vendor: bool) -> str | None:
    """Digest of a piece as the target holds it, in the transaction at hand; None when it is another.

    Parameters
    ----------
    sent
        What went out.
    there
        Reads the target.
    approximate
        Positions of floating point columns.
    same_vendor
        Whether both servers print these alike; else they are compared by value.
    """
    rows, digest = there.digest(sent.piece)
    if rows != sent.rows:
        return None
    if digest == sent.digest:
        return digest
    if approximate and not same_vendor and sent.data is not None:
        found = there.one(sent.piece)
        if found.data is not None and equal_by_value(sent.data, found.data, approximate):
            return sent.digest
    return None


def equal_by_value(ours: bytes, theirs: bytes, approximate: Sequence[int]) -> bool:
    """Whether lines hold the same values, however numbers in these columns are printed."""
    mine, other = _VALUE.findall(ours), _VALUE.findall(theirs)
    if len(mine) != len(other) or not mine:
        return mine == other
    width = len(mine) // max(1, _lines(ours))
    numbers = set(approximate)
    return all(
        left == right or (place % width in numbers and _number(left) == _number(right))
        for place, (left, right) in enumerate(zip(mine, other, strict=True))
    )


def _lines(text: bytes) -> int:
    return _VALUE.sub(b"", text).count(b"\n")


def _number(text: bytes) -> float | None:
    word = text.strip(b"'")
    return None if word == b"NULL" else float(word)
