"""SQL in pieces: names, texts, words, signs. Put together again, they are the same text.

What is inside of a name or a text is never taken for syntax: a comment may hold ``;``, ``)``,
quotes and line ends. Executable comments (``/*!50100 … */``, ``/*M!100301 … */``) are read as what
they contain, between an opening and a closing piece.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from tsalab.migrate.catalogue.asking import quote


class Kind(StrEnum):
    """What a piece is."""

    SPACE = "space"
    COMMENT = "comment"
    OPEN = "open"
    CLOSE = "close"
    NAME = "name"
    TEXT = "text"
    WORD = "word"
    SIGN = "sign"


@dataclass(frozen=True)
class Token:
    """A piece of SQL: `text` is how it stands there."""

    kind: Kind
    text: str

    @property
    def word(self) -> str:
        """A bare word, in capitals; empty for anything else."""
        return self.text.upper() if self.kind is Kind.WORD else ""

    @property
    def name(self) -> str:
        """What it names, without quotes: a quoted name, or a bare word."""
        if self.kind in {Kind.NAME, Kind.TEXT}:
            mark = self.text[0]
            return self.text[1:-1].replace(mark * 2, mark)
        return self.text


Tokens = tuple[Token, ...]

_TEXTS = r"(?P<text>'(?:[^'\\]|\\.|'')*'|\"(?:[^\"\\]|\\.|\"\")*\")"
_TEXTS_WITHOUT_BACKSLASH = r"(?P<text>'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\")"
_ALL = r"""
    (?P<space>\s+)
  | (?P<open>/\*M?!\d*)
  | (?P<close>\*/)
  | (?P<comment>/\*.*?\*/|--(?=\s|$)[^\n]*|\#[^\n]*)
  | (?P<name>`(?:[^`]|``)*`)
  | {texts}
  | (?P<word>[\w$]+)
  | (?P<sign>.)
"""
_FLAGS = re.DOTALL | re.VERBOSE
_PIECES = re.compile(_ALL.format(texts=_TEXTS), _FLAGS)
_PIECES_WITHOUT_BACKSLASH = re.compile(_ALL.format(texts=_TEXTS_WITHOUT_BACKSLASH), _FLAGS)


def tokens(sql: str, sql_mode: str = "") -> Tokens:
    """Take SQL apart.

    Parameters
    ----------
    sql
        Anything.
    sql_mode
        Under which it was written: one may take the backslash's meaning away.
    """
    pattern = _PIECES_WITHOUT_BACKSLASH if "NO_BACKSLASH_ESCAPES" in sql_mode.upper() else _PIECES
    return tuple(Token(Kind(match.lastgroup or "sign"), match[0]) for match in pattern.finditer(sql))


def text(pieces: Iterable[Token]) -> str:
    """The SQL that these are."""
    return "".join(piece.text for piece in pieces)


def plain(pieces: Iterable[Token]) -> Tokens:
    """Without comments, and with the content of executable ones as if it stood there."""
    dropped = {Kind.OPEN, Kind.CLOSE, Kind.COMMENT}
    return tuple(piece for piece in pieces if piece.kind not in dropped)


def significant(pieces: Iterable[Token]) -> Tokens:
    """Without comments and without spaces between."""
    return tuple(piece for piece in plain(pieces) if piece.kind is not Kind.SPACE)


def closing(pieces: Sequence[Token], start: int) -> int:
    """Where the parenthesis closes that opens at `start`.

    Raises
    ------
    ValueError
        When it never does.
    """
    depth = 0
    for index in range(start, len(pieces)):
        depth += {"(": 1, ")": -1}.get(pieces[index].text, 0)
        if depth == 0:
            return index
    raise ValueError("a parenthesis is not closed")


def split(pieces: Sequence[Token]) -> list[Tokens]:
    """At the commas that stand in no parenthesis; spaces around are dropped."""
    found: list[list[Token]] = [[]]
    depth = 0
    for piece in pieces:
        depth += {"(": 1, ")": -1}.get(piece.text, 0)
        if piece.text == "," and depth == 0:
            found.append([])
        else:
            found[-1].append(piece)
    return [stripped(part) for part in found]


def stripped(pieces: Sequence[Token]) -> Tokens:
    """Without spaces at either end."""
    start, end = 0, len(pieces)
    while start < end and pieces[start].kind is Kind.SPACE:
        start += 1
    while end > start and pieces[end - 1].kind is Kind.SPACE:
        end -= 1
    return tuple(pieces[start:end])


def named(name: str) -> Token:
    """A quoted name."""
    return Token(Kind.NAME, quote(name))
