"""Statements in the binary log: DDL, and where a transaction begins and ends."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from pymysql.charset import charset_by_id

from tsalab.migrate.capture.position import Position
from tsalab.migrate.capture.values import inflated

_HEAD = struct.Struct(
    "<IIBHH"
)  # thread, seconds, length of the database's name, error, length of the variables
# What a statement was run under: number of the variable to its length; those of other lengths are read.
_FIXED = {0: 4, 1: 8, 3: 4, 4: 6, 7: 2, 8: 2, 9: 8, 10: 4, 13: 3, 128: 3, 129: 8}
_SHORT_TEXTS = {5, 6}
_MODE, _CHARACTERS, _OPTIONS = 1, 4, 0
_NO_FOREIGN_KEYS = 1 << 26


@dataclass(frozen=True)
class Query:
    """A statement as the log holds it.

    Attributes
    ----------
    database
        The one that was in use.
    text
        The statement.
    mode
        Number of the sql_mode it ran under.
    collation
        Number of its connection's collation.
    checked
        Whether foreign keys were in force.
    start, end
        Before and after it.
    time
        When it began, seconds since 1970 by the source's clock.
    """

    database: str
    text: str
    mode: int
    collation: int
    checked: bool
    start: Position
    end: Position
    time: int


def read_query(body: bytes, start: Position, end: Position, time: int, *, squeezed: bool) -> Query:
    """Read an event that holds a statement."""
    _, _, named, _, size = _HEAD.unpack_from(body)
    at = _HEAD.size
    variables = _variables(body[at : at + size])
    at += size
    database = body[at : at + named].decode()
    text = body[at + named + 1 :]
    characters = variables.get(_CHARACTERS, b"")
    client = int.from_bytes(characters[:2], "little")
    return Query(
        database,
        (inflated(text) if squeezed else text).decode(_encoding(client), "surrogateescape"),
        int.from_bytes(variables.get(_MODE, b""), "little"),
        int.from_bytes(characters[2:4], "little"),
        not int.from_bytes(variables.get(_OPTIONS, b""), "little") & _NO_FOREIGN_KEYS,
        start,
        end,
        time,
    )


def _variables(data: bytes) -> dict[int, bytes]:
    found, at = {}, 0
    while at < len(data):
        number = data[at]
        at += 1
        size = _FIXED.get(number)
        if size is None:
            if number not in _SHORT_TEXTS:
                break  # what we need stands before the others
            size = data[at]
            at += 1
        found[number] = data[at : at + size]
        at += size
    return found


def _encoding(collation: int) -> str:
    try:
        return charset_by_id(collation).encoding
    except KeyError:
        return "utf8"
