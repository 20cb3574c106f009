"""Files that are nearly genuine: bytes of a genuine one, cut, doubled, moved, and with other bytes put in."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

_LONGEST = 200  # bytes that are cut, doubled or moved at once


@st.composite
def mutated(draw: DrawFn, genuine: bytes, tokens: Sequence[bytes] = (), most: int = 6) -> bytes:
    """A genuine file with one to some changes.

    Parameters
    ----------
    genuine
        The file.
    tokens
        What means something in files of its kind, and so is put in more often than chance would.
    most
        Changes at most.
    """
    data = bytearray(genuine)
    words = st.binary(min_size=1, max_size=8)
    if tokens:
        words = st.one_of(st.sampled_from(list(tokens)), words)
    for _ in range(draw(st.integers(1, most))):
        at = draw(st.integers(0, len(data)))
        end = min(len(data), at + draw(st.integers(0, _LONGEST)))
        match draw(st.sampled_from(("put in", "instead", "cut", "doubled", "moved", "flipped"))):
            case "put in":
                data[at:at] = draw(words)
            case "instead":
                data[at : at + 1] = draw(words)
            case "cut":
                del data[at:end]
            case "doubled":
                data[at:at] = data[at:end]
            case "moved":
                piece = bytes(data[at:end])
                del data[at:end]
                to = draw(st.integers(0, len(data)))
                data[to:to] = piece
            case _ if at < len(data):
                data[at] ^= 1 << draw(st.integers(0, 7))
    return bytes(data)
