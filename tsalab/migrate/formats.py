r"""How a row is written as text by one server and read by the other, without loss.

The source's server formats: ``1,'it\'s',NULL`` and a line feed. Those bytes go unchanged
into the target's ``LOAD DATA``, and the target's server writes its rows down again in the
same way to prove that they arrived. So no value ever becomes a Python object.

Traps that decide the forms, each measured: GROUP_CONCAT cuts a bare double at its declared
width, so doubles are quoted; FLOAT prints six digits, as a double it prints all; BIT and
character sets pass only as numbers and as raw bytes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tsalab.migrate.catalogue import quote
from tsalab.migrate.model import Column, Vendor

_NUMBERS = frozenset({"tinyint", "smallint", "mediumint", "int", "bigint", "decimal", "year"})
_TIMES = frozenset({"date", "time", "datetime", "timestamp"})
APPROXIMATE = frozenset({"float", "double"})
# MariaDB's own types are raw bytes when they are binary; their text fits any target.
_AS_TEXT = frozenset({"uuid", "inet4", "inet6"})

# What may be large; every other value has a few hundred bytes at the most.
LARGE = frozenset(
    {
        "char", "varchar", "tinytext", "text", "mediumtext", "longtext", "json",
        "binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob",
        "geometry", "point", "linestring", "polygon",
        "multipoint", "multilinestring", "multipolygon", "geometrycollection", "geomcollection",
    }
)  # fmt: skip

# Values that hold a comma, a quote or a line feed are in quotes; NULL is the bare word.
FIELDS = (
    r"CHARACTER SET binary FIELDS TERMINATED BY ',' ENCLOSED BY '\'' ESCAPED BY '\\'"
    r" LINES TERMINATED BY '\n'"
)

# A value as a line has it, in quotes with backslashes before what would end it or bare, and what follows.
_VALUE = re.compile(rb"('(?:[^'\\]|\\.)*'|[^,\n]+)([,\n])", re.DOTALL)


def _plain(name: str, column: Column) -> str:
    return f"IFNULL({name},'NULL')" if column.nullable else name


def value_of(column: Column) -> str:
    """SQL that writes one value."""
    name = quote(column.name)
    if column.kind in _NUMBERS or column.kind in _TIMES:
        return _plain(name, column)
    if column.kind == "bit":
        return _plain(f"{name}+0", column)
    if column.kind == "double":
        return f"QUOTE({name})"
    if column.kind == "float":
        return f"QUOTE({name}+0e0)"
    if column.kind in _AS_TEXT:
        return f"QUOTE(CAST({name} AS CHAR CHARACTER SET latin1))"
    if _has_empty_member(column):
        return _plain(f"{name}+0", column)
    return f"QUOTE({as_bytes(column)})"


def as_bytes(column: Column) -> str:
    """SQL for a value's own bytes.

    A CAST, although it makes NULL of what is larger than max_allowed_packet, with a warning that
    every reader looks for: CONVERT declares too small a width, at which GROUP_CONCAT cuts.
    """
    name = quote(column.name)
    return f"CAST({name} AS BINARY)" if column.charset else name


def _has_empty_member(column: Column) -> bool:
    """Whether '' is ambiguous: a member, and what stands for a value that is none."""
    members = column.definition.removeprefix("enum(").removesuffix(")").split(",")
    return column.kind == "enum" and "''" in members


@dataclass(frozen=True)
class Format:
    """The form of a table's rows.

    Attributes
    ----------
    line
        SQL for one row with its line feed.
    loading
        What follows the table's name in ``LOAD DATA``.
    approximate
        Positions of columns whose text depends on whose server prints it.
    """

    line: str
    loading: str
    approximate: tuple[int, ...]


def format_of(columns: Sequence[Column], target: Vendor) -> Format:
    """The form of rows of these stored columns.

    Parameters
    ----------
    columns
        In their order, without generated ones; as the side at hand has them.
    target
        Whose server reads them.
    """
    values = [value_of(column) for column in columns]
    # A table may have no stored column at all; its rows are empty lines then.
    # Not CONCAT_WS, which leaves out what is NULL because it is too large, instead of failing.
    between = ",',',"
    line = f"CONCAT({between.join(values)},'\\n')" if values else "'\\n'"
    return Format(
        line,
        f"{FIELDS} {_reading(columns, target)}",
        tuple(position for position, column in enumerate(columns) if column.kind in APPROXIMATE),
    )


def canonical(lines: bytes, approximate: Sequence[int]) -> bytes:
    """Lines whose floating point numbers are written as Python writes them, whichever server did.

    Parameters
    ----------
    lines
        Whole ones.
    approximate
        Positions of the numbers, as in `Format`.
    """
    numbers, position = frozenset(approximate), 0

    def rewritten(found: re.Match[bytes]) -> bytes:
        nonlocal position
        here, text, end = position, found[1], found[2]
        position = 0 if end == b"\n" else position + 1
        if here not in numbers or text == b"NULL":
            return found[0]
        return repr(float(text.strip(b"'"))).encode() + end

    return _VALUE.sub(rewritten, lines) if numbers else lines


def _reading(columns: Sequence[Column], target: Vendor) -> str:
    """Column list and SET clause with which the target takes a line."""
    conversions = {column.name: how for column in columns if (how := _conversion(column, target))}
    if conversions:
        # MariaDB forgets NO_AUTO_VALUE_ON_ZERO for a column outside of SET as soon as there is one.
        conversions |= {column.name: _as_it_is for column in columns if column.auto_increment}
    listed, sets = [], []
    for number, column in enumerate(columns):
        how = conversions.get(column.name)
        listed.append(f"@v{number}" if how else quote(column.name))
        if how:
            sets.append(f"{quote(column.name)}={how(f'@v{number}')}")
    return f"({','.join(listed)})" + (f" SET {','.join(sets)}" if sets else "")


def _as_it_is(variable: str) -> str:
    return variable


def _as_number(variable: str) -> str:
    return f"CAST({variable} AS UNSIGNED)"


def _as_utf8(variable: str) -> str:
    return f"CONVERT({variable} USING utf8mb4)"


def _as_latin(variable: str) -> str:
    return f"CONVERT({variable} USING latin1)"


def _conversion(column: Column, target: Vendor) -> Callable[[str], str] | None:
    if column.kind == "bit" or _has_empty_member(column):
        return _as_number
    if column.kind == "json" and target is Vendor.MYSQL:
        return _as_utf8  # error 3144: JSON is not made of binary strings
    if column.kind in _AS_TEXT:
        return _as_latin
    return None
