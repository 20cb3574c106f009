"""Did a piece arrive? Held against what was sent, before it is committed."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from tsalab.migrate.blocks import Block, Blocks
from tsalab.migrate.formats import canonical


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


def arrived(sent: Block, there: Blocks, approximate: Sequence[int]) -> str | None:
    """Digest of a piece as the target writes it down, in the transaction at hand; None when it is another.

    Parameters
    ----------
    sent
        What went out.
    there
        Reads the target.
    approximate
        Positions of floating point columns that the two servers print differently, to be
        compared by value: the digest is not the one of what was sent then.
    """
    rows, digest = there.digest(sent.piece)
    if rows != sent.rows:
        return None
    if digest == sent.digest:
        return digest
    if approximate and sent.data is not None:
        found = there.one(sent.piece)
        if found.data is not None and canonical(sent.data, approximate) == canonical(found.data, approximate):
            return found.digest
    return None
