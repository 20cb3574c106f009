"""What a statement in the log means: DDL that is run on the target too, nothing of ours, or a person's work.

Only what gives the same on the target, whenever it runs there, is run. What depends on how rows
lie, on chance or on who asks is refused, and so is whatever is not known here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tsalab.messages import say
from tsalab.migrate.capture.queries import Query
from tsalab.migrate.ddl.tokens import Kind, Token, Tokens, closing, plain, significant, split, text, tokens

_NO_BACKSLASH = 1 << 20  # of sql_mode's number

# Accounts, upkeep, session: they change no rows and no tables.
_HARMLESS = {
    "ANALYZE", "CHECK", "FLUSH", "GRANT", "INSTALL", "KILL", "OPTIMIZE", "RELEASE", "REPAIR", "RESET",
    "REVOKE", "SAVEPOINT", "SET", "UNINSTALL", "XA",
}  # fmt: skip
_ACCOUNTS = {"USER", "ROLE", "SERVER"}
_OBJECTS = {"VIEW", "TRIGGER", "PROCEDURE", "FUNCTION", "EVENT", "SEQUENCE", "PACKAGE"}
_DATABASES = {"DATABASE", "SCHEMA"}
_OTHERS = _OBJECTS | _DATABASES | _ACCOUNTS
_BEFORE_INDEX = {"UNIQUE", "FULLTEXT", "SPATIAL", "ONLINE", "OFFLINE"}
# What an ALTER may do; with the same rows it makes the same of them on either server of a vendor.
_CHANGES = {
    "ADD", "ALGORITHM", "ALTER", "AUTO_INCREMENT", "AVG_ROW_LENGTH", "CHANGE", "CHARACTER", "CHARSET",
    "CHECKSUM", "COLLATE", "COMMENT", "CONVERT", "DEFAULT", "DISABLE", "DROP", "ENABLE", "ENGINE", "FORCE",
    "KEY_BLOCK_SIZE", "LOCK", "MAX_ROWS", "MIN_ROWS", "MODIFY", "PACK_KEYS", "RENAME", "ROW_FORMAT",
}  # fmt: skip
# And what either vendor understands alike.
_CHANGES_ANYWHERE = {"ADD", "DROP", "ALTER", "COMMENT", "AUTO_INCREMENT", "FORCE", "ENGINE", "RENAME"}
_NOT_IN_ALTER = {"PARTITION", "PARTITIONING", "TABLESPACE", "VERSIONING", "PERIOD", "SYSTEM"}
# Each row would get another value than on the source.
_CHANCE = {
    "RAND", "UUID", "UUID_SHORT", "SYS_GUID", "RANDOM_BYTES", "SYSDATE", "CONNECTION_ID", "CURRENT_USER",
    "SESSION_USER", "SYSTEM_USER", "USER", "LAST_INSERT_ID", "NEXTVAL",
}  # fmt: skip


class RefusedError(Exception):
    """The statement is left to a person; its text says why."""


@dataclass(frozen=True)
class Change:
    """DDL to run on the target.

    Attributes
    ----------
    statement
        As it is run there.
    tables
        What it changes.
    """

    statement: str
    tables: tuple[str, ...]


class _Reader:
    """One statement, read."""

    def __init__(
        self, query: Query, database: str, follows: Callable[[str], bool], *, crossing: bool
    ) -> None:
        self.query, self.database, self.follows, self.crossing = query, database, follows, crossing
        mode = "NO_BACKSLASH_ESCAPES" if query.mode & _NO_BACKSLASH else ""
        self.all = plain(tokens(query.text, mode))
        self.pieces = significant(self.all)
        self.words = [piece.word for piece in self.pieces]

    def word(self, at: int) -> str:
        return self.words[at] if at < len(self.words) else ""

    def skip(self, at: int, *words: str) -> int:
        """Behind these words, if they stand there."""
        return at + len(words) if self.words[at : at + len(words)] == list(words) else at

    def skip_any(self, at: int, words: set[str]) -> int:
        while self.word(at) in words:
            at += 1
        return at

    def name(self, at: int) -> tuple[str, str, int]:
        """Database and table that stand there, and what is behind them."""
        first = self.pieces[at].name
        if at + 2 < len(self.pieces) and self.pieces[at + 1].text == ".":
            return first, self.pieces[at + 2].name, at + 3
        return self.query.database, first, at + 1

    def ours(self, database: str, table: str) -> bool:
        return database == self.database and self.follows(table)

    @property
    def touches(self) -> bool:
        """Whether our database is in use, or named."""
        return self.query.database == self.database or any(
            piece.kind in {Kind.NAME, Kind.WORD} and piece.name == self.database for piece in self.pieces
        )

    def statement(self, pieces: Sequence[Token] | None = None) -> str:
        """It again, without the name of the source's database."""
        given = list(self.all if pieces is None else pieces)
        kept: list[Token] = []
        skipping = False
        for index, piece in enumerate(given):
            if skipping:
                skipping = piece.text != "."
                continue
            follow = next((one for one in given[index + 1 :] if one.kind is not Kind.SPACE), None)
            named = piece.kind in {Kind.NAME, Kind.WORD} and piece.name == self.database
            if named and follow is not None and follow.text == ".":
                skipping = True
                continue
            kept.append(piece)
        return text(kept).strip().rstrip(";")


def understood(
    query: Query,
    database: str,
    follows: Callable[[str], bool],
    *,
    collation: str = "",
    crossing: bool = False,
) -> Change | None:
    """What a statement is to do on the target; None when nothing.

    Parameters
    ----------
    query
        The statement.
    database
        The source's, that is followed.
    follows
        Whether a table of it is.
    collation
        Of tables that name none.
    crossing
        Whether the target is another vendor's.

    Raises
    ------
    RefusedError
        When it is a person's work.
    """
    it = _Reader(query, database, follows, crossing=crossing)
    first = it.word(0)
    if first in _HARMLESS or not first:
        return None
    if first == "CREATE":
        return _create(it, collation)
    read = {"ALTER": _alter, "DROP": _drop, "TRUNCATE": _truncate, "RENAME": _rename}.get(first)
    if read is not None:
        return read(it)
    if it.touches:
        raise RefusedError(say("capture.unsupported_ddl.because.statement_format"))
    return None


def _other(it: _Reader, at: int) -> None:
    """What is no table: accounts are left alone, other databases too."""
    place = next((i for i in range(at, len(it.words)) if it.words[i] in _OTHERS), None)
    kind = "" if place is None else it.words[place]
    if kind in _ACCOUNTS or not it.touches:
        return
    if kind in _DATABASES:
        raise RefusedError(say("capture.unsupported_ddl.because.database"))
    if place is None or kind not in _OBJECTS:
        raise RefusedError(say("capture.unsupported_ddl.because.statement"))
    behind = it.skip(it.skip(place + 1, "IF", "NOT", "EXISTS"), "IF", "EXISTS")
    if it.name(behind)[0] == it.database:
        raise RefusedError(say("capture.unsupported_ddl.because.object"))


def _create(it: _Reader, collation: str) -> Change | None:
    at = it.skip(1, "OR", "REPLACE")
    if it.word(at) == "TEMPORARY":
        return None
    index = it.skip_any(at, _BEFORE_INDEX)
    if it.word(index) == "INDEX":
        return _on(it, index)
    if it.word(at) != "TABLE":
        _other(it, at)
        return None
    database, table, behind = it.name(it.skip(at + 1, "IF", "NOT", "EXISTS"))
    if not it.ours(database, table):
        return None
    if it.crossing:
        raise RefusedError(say("capture.unsupported_ddl.because.crossing"))
    _like(it, behind)
    _engine(it)
    if {"SYSTEM", "VERSIONING"} <= set(it.words):
        raise RefusedError(say("capture.unsupported_ddl.because.statement"))
    return Change(_collated(it, behind, collation), (table,))


def _like(it: _Reader, behind: int) -> None:
    """A table like another one, which the target has to have."""
    at = behind + 1 if behind < len(it.pieces) and it.pieces[behind].text == "(" else behind
    if it.word(at) == "LIKE":
        database, table, _ = it.name(at + 1)
        if not it.ours(database, table):
            raise RefusedError(say("capture.unsupported_ddl.because.like"))


def _collated(it: _Reader, behind: int, collation: str) -> str:
    """With the source's collation, where the statement leaves it to the database's own."""
    if not collation or it.pieces[behind].text != "(" or it.word(behind + 1) == "LIKE":
        return it.statement()
    end = closing(it.all, _place(it, behind))
    tail = {piece.word for piece in it.all[end:]}
    if tail & {"CHARSET", "CHARACTER", "COLLATE"}:
        return it.statement()
    added = Token(Kind.WORD, f" DEFAULT COLLATE={collation} ")
    return it.statement((*it.all[: end + 1], added, *it.all[end + 1 :]))


def _place(it: _Reader, number: int) -> int:
    """Where among all pieces one stands that has a number among those without spaces."""
    places = [place for place, piece in enumerate(it.all) if piece.kind is not Kind.SPACE]
    return places[number]


def _engine(it: _Reader) -> None:
    for at, word in enumerate(it.words):
        if word == "ENGINE":
            named = next((piece.name for piece in it.pieces[at + 1 : at + 3] if piece.text != "="), "")
            if named.upper() not in {"INNODB", "ROCKSDB"}:
                raise RefusedError(say("capture.unsupported_ddl.because.engine", engine=named))


def _on(it: _Reader, at: int) -> Change | None:
    """CREATE INDEX and DROP INDEX: the table stands behind ON."""
    if "ON" not in it.words[at:]:
        raise RefusedError(say("capture.unsupported_ddl.because.statement"))
    database, table, _ = it.name(it.words.index("ON", at) + 1)
    return Change(it.statement(), (table,)) if it.ours(database, table) else None


def _drop(it: _Reader) -> Change | None:
    if it.word(1) == "TEMPORARY":
        return None
    if it.word(1) == "INDEX":
        return _on(it, 1)
    if it.word(1) not in {"TABLE", "TABLES"}:
        _other(it, 1)
        return None
    at = it.skip(2, "IF", "EXISTS")
    end = next((i for i in range(at, len(it.words)) if it.words[i] in _AFTER_NAMES), len(it.pieces))
    found, behind = [], at
    while behind < end:
        database, table, behind = it.name(behind)
        if it.ours(database, table):
            found.append(table)
        behind += 1  # the comma
    if not found:
        return None
    names = ", ".join("`" + table.replace("`", "``") + "`" for table in found)
    # Of several, some may be gone when the target's server breaks down on the way.
    return Change(f"DROP TABLE IF EXISTS {names}", tuple(found))


_AFTER_NAMES = {"RESTRICT", "CASCADE", "WAIT", "NOWAIT"}


def _truncate(it: _Reader) -> Change | None:
    database, table, _ = it.name(it.skip(1, "TABLE"))
    return Change(it.statement(), (table,)) if it.ours(database, table) else None


def _rename(it: _Reader) -> Change | None:
    if it.word(1) not in {"TABLE", "TABLES"}:
        return None  # accounts
    database, table, at = it.name(it.skip(2, "IF", "EXISTS"))
    if it.word(at) != "TO":
        raise RefusedError(say("capture.unsupported_ddl.because.statement"))
    other, becomes, at = it.name(at + 1)
    if it.ours(database, table) and it.ours(other, becomes) and at >= len(it.pieces):
        return Change(it.statement(), (table, becomes))
    if it.touches:
        raise RefusedError(say("capture.unsupported_ddl.because.rename"))
    return None


def _alter(it: _Reader) -> Change | None:
    at = it.skip_any(1, {"ONLINE"})
    if it.word(at) == "IGNORE":
        raise RefusedError(say("capture.unsupported_ddl.because.order"))
    if it.word(at) != "TABLE":
        _other(it, at)
        return None
    database, table, at = it.name(it.skip(at + 1, "IF", "EXISTS"))
    if not it.ours(database, table):
        return None
    tables = [table]
    for spec in split(it.pieces[at:]):
        tables += _spec(it, spec)
    _engine(it)
    return Change(it.statement(), tuple(tables))


def _spec(it: _Reader, spec: Tokens) -> list[str]:
    """Look through one of an ALTER's changes; gives the name that the table gets by it, if it does."""
    words = [piece.word for piece in spec]
    first = words[0] if words else ""
    if first not in (_CHANGES_ANYWHERE if it.crossing else _CHANGES) or set(words) & _NOT_IN_ALTER:
        raise RefusedError(say("capture.unsupported_ddl.because.statement"))
    called = {word for word, after in zip(words, spec[1:], strict=False) if after.text == "("}
    if called & _CHANCE:
        raise RefusedError(say("capture.unsupported_ddl.because.chance"))
    if first == "ADD" and "AUTO_INCREMENT" in words:
        raise RefusedError(say("capture.unsupported_ddl.because.order"))
    if first == "RENAME" and words[1] not in {"COLUMN", "INDEX", "KEY"}:
        at = 2 if words[1] in {"TO", "AS"} or spec[1].text == "=" else 1
        database = spec[at].name if len(spec) > at + 2 and spec[at + 1].text == "." else it.query.database
        name = spec[-1].name
        if not it.ours(database, name):
            raise RefusedError(say("capture.unsupported_ddl.because.rename"))
        return [name]
    return []
