"""Read what is in a `mysqldump` file: which tables, how many rows, and whether it is whole.

A scanner, not a parser of SQL: it follows quotes, escapes and comments and counts the
value lists of INSERT statements. It works on a stream in pieces of any size, so neither
large files nor lines of a gigabyte matter. Between the places that matter it searches with
regular expressions, at C's speed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

_COMPLETED = b"Dump completed"
_DATABASE = re.compile(rb"Database: (\S+)")
_HEAD = 1024  # bytes of a statement that tell what it is
_TAIL = 32  # bytes before a parenthesis that tell whether rows begin
_STEP = 64 * 1024  # bytes looked at together, however large a piece is

_NAME = rb"(?:`((?:[^`]|``)+)`|([A-Za-z0-9_$]+))"
_CREATE = re.compile(rb"\s*CREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?" + _NAME, re.IGNORECASE)
_INSERT = re.compile(rb"\s*(?:INSERT|REPLACE)\s+(?:IGNORE\s+)?INTO\s+" + _NAME, re.IGNORECASE)
_DELIMITER = re.compile(rb"\s*DELIMITER[ \t]+(\S+)[ \t]*\r?\n", re.IGNORECASE)
_VALUES = re.compile(rb"\bVALUES\s*\Z", re.IGNORECASE)

_QUOTES = {b"'": re.compile(rb"['\\]"), b'"': re.compile(rb'["\\]'), b"`": re.compile(rb"`")}
_COMMENT = re.compile(rb"/\*(M?!)?")
_DASHES = re.compile(rb"--(\s|\Z)")
_PLAIN = re.compile(rb"""['"`()#/\n-]""")


@dataclass(frozen=True)
class DumpFacts:
    """What a dump holds.

    Attributes
    ----------
    complete
        Whether it ends as `mysqldump` ends one: "Dump completed", and nothing cut.
    tables
        Rows by table, in the dump's order; a table without rows has 0.
    database
        The database it was made from, if it says so.
    """

    complete: bool
    tables: dict[str, int]
    database: str | None


def read_dump(lines: Iterable[bytes] | Iterable[str]) -> DumpFacts:
    """Facts of a dump.

    Parameters
    ----------
    lines
        The dump as lines, or cut anywhere.
    """
    scanner = _Scanner()
    for piece in lines:
        scanner.feed(piece.encode() if isinstance(piece, str) else piece)
    return scanner.facts()


class _Scanner:
    """The state between two pieces.

    ``_state`` is what the next byte belongs to; `_hidden` is set within a conditional
    comment (``/*!50003 … */``), whose quotes count while its statements do not.
    """

    def __init__(self) -> None:
        self._buffer = b""
        self._at = 0
        self._state: Callable[[bool], bool] = self._plain
        self._quote = b""
        self._hidden = False
        self._delimiter = b";"
        self._tokens = _tokens(b";")
        self._comment = b""
        self._head = b""
        self._recent = b""
        self._depth = 0
        self._table: str | None = None
        self._completed = False
        self._database: str | None = None
        self._tables: dict[str, int] = {}

    def feed(self, piece: bytes) -> None:
        """Take the next bytes."""
        for start in range(0, len(piece), _STEP):
            self._buffer = self._buffer[self._at :] + piece[start : start + _STEP]
            self._at = 0
            self._run(final=False)

    def facts(self) -> DumpFacts:
        """Everything that was found; the stream has ended."""
        self._run(final=True)
        if self._state == self._line_comment:
            self._note_comment()
            self._state = self._plain
        whole = self._state == self._plain and not self._hidden and not self._head.strip()
        return DumpFacts(self._completed and whole, self._tables, self._database)

    def _run(self, *, final: bool) -> None:
        while self._at < len(self._buffer) and self._state(final):
            pass

    # Each state eats from the buffer and returns whether it could go on.

    def _in_quote(self, final: bool) -> bool:
        buffer, start = self._buffer, self._at
        search = _QUOTES[self._quote].search
        while found := search(buffer, start):
            start = found.end()
            if found[0] == self._quote:
                self._eat(start)
                self._state = self._plain
                return True
            start += 1  # what the backslash escapes, which may be in the next piece
        self._eat(len(buffer) if final or start <= len(buffer) else len(buffer) - 1)
        return False

    def _line_comment(self, final: bool) -> bool:  # noqa: ARG002 - all states are called alike
        end = self._buffer.find(b"\n", self._at)
        stop = len(self._buffer) if end < 0 else end
        self._comment = (self._comment + self._buffer[self._at : stop])[:_HEAD]
        self._at = stop
        if end < 0:
            return False
        self._note_comment()
        self._state = self._plain
        return True

    def _note_comment(self) -> None:
        if _COMPLETED in self._comment:
            self._completed = True
        named = _DATABASE.search(self._comment)
        if named and self._database is None:
            self._database = named[1].decode(errors="replace")
        self._comment = b""

    def _block_comment(self, final: bool) -> bool:
        end = self._buffer.find(b"*/", self._at)
        if end >= 0:
            self._at = end + 2
            self._state = self._plain
            return True
        self._at = len(self._buffer) - (0 if final else 1)
        return False

    def _plain(self, final: bool) -> bool:
        size = len(self._buffer)
        ahead = 1 if final else max(4, len(self._delimiter))  # bytes that a token may need
        found = self._tokens.search(self._buffer, self._at)
        if found is None or found.start() + ahead > size:
            self._eat(max(self._at, size - ahead + 1) if found is None else found.start())
            return False
        self._eat(found.start())
        self._token(found[0])
        return True

    def _token(self, token: bytes) -> None:
        if token == self._delimiter and not self._hidden:
            self._end_statement(token)
        elif token in _QUOTES:
            self._eat(self._at + 1)
            self._quote, self._state = token, self._in_quote
        elif token == b"/":
            self._open_comment()
        elif token == b"*/":
            self._at += 2
            self._hidden = False
        elif token in b"-#":
            self._maybe_line_comment(token)
        else:
            self._structure(token)

    def _structure(self, token: bytes) -> None:
        if self._hidden:
            pass
        elif token == b"(":
            if self._depth == 0:
                self._count_row()
            self._depth += 1
        elif token == b")":
            self._depth -= 1
        self._eat(self._at + len(token))
        if token == b"\n" and (given := _DELIMITER.fullmatch(self._head)):
            self._delimiter = given[1]
            self._tokens = _tokens(given[1])
            self._new_statement()

    def _open_comment(self) -> None:
        opening = _COMMENT.match(self._buffer, self._at)
        if opening is None:
            self._eat(self._at + 1)
            return
        self._at = opening.end()
        if opening[1] is None:
            self._state = self._block_comment
        else:
            self._hidden = True

    def _maybe_line_comment(self, token: bytes) -> None:
        if token == b"-" and not _DASHES.match(self._buffer, self._at):
            self._eat(self._at + 1)
            return
        self._state = self._line_comment

    def _count_row(self) -> None:
        if self._table is None and _VALUES.search(self._recent):
            named = _INSERT.match(self._head)
            if named:
                self._table = _name(named)
        if self._table is not None:
            self._tables[self._table] = self._tables.get(self._table, 0) + 1

    def _end_statement(self, token: bytes) -> None:
        if re.match(rb"\s*DELIMITER[ \t]", self._head, re.IGNORECASE):
            self._eat(
                self._at + len(token)
            )  # the new delimiter itself, which the end of the line makes valid
            return
        created = _CREATE.match(self._head)
        if created:
            self._tables.setdefault(_name(created), 0)
        if self._head.strip():
            self._completed = False
        self._at += len(token)
        self._new_statement()

    def _new_statement(self) -> None:
        self._head = self._recent = b""
        self._depth = 0
        self._table = None

    def _eat(self, stop: int) -> None:
        """Take bytes up to `stop` as part of the statement."""
        if not self._hidden and stop > self._at:
            room = _HEAD - len(self._head)
            if room > 0:
                self._head += self._buffer[self._at : min(stop, self._at + room)]
            tail = self._buffer[max(self._at, stop - _TAIL) : stop]
            self._recent = (self._recent + tail)[-_TAIL:]
        self._at = stop


def _tokens(delimiter: bytes) -> re.Pattern[bytes]:
    return re.compile(re.escape(delimiter) + rb"|\*/|" + _PLAIN.pattern)


def _name(match: re.Match[bytes]) -> str:
    quoted, bare = match[1], match[2]
    return (quoted.replace(b"``", b"`") if quoted else bare).decode(errors="replace")
