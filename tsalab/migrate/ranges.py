"""A table in pieces along a key: where a piece begins and ends, as SQL.

A bound is the key's values as SQL literals, in the key's own character set and collation,
so that it means the same on either server, now and in a later run. Pieces are half open,
``(after, upto]``; together they are the whole table, whatever rows come or go.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from tsalab.migrate.catalogue import quote
from tsalab.migrate.model import Column, Key

Bound = tuple[str, ...]

_TEXT = frozenset({"char", "varchar", "tinytext", "text", "mediumtext", "longtext"})
_BYTES = frozenset({"binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"})
_TIMES = frozenset({"date", "time", "datetime", "timestamp"})


@dataclass(frozen=True)
class Range:
    """A piece of a table.

    Attributes
    ----------
    after
        Rows behind this one; None: from the first row.
    upto
        Up to and with this one; None: to the last row.
    """

    after: Bound | None = None
    upto: Bound | None = None


class Path:
    """A key that a table is walked along.

    Parameters
    ----------
    key
        Unique, of columns without NULL.
    columns
        The table's.
    """

    def __init__(self, key: Key, columns: Sequence[Column]) -> None:
        known = {column.name: column for column in columns}
        self.key = key
        self._columns = tuple(known[name] for name in key.columns)
        self._names = tuple(quote(name) for name in key.columns)

    @property
    def order(self) -> str:
        """Columns for ORDER BY."""
        return ",".join(self._names)

    @property
    def hint(self) -> str:
        """What makes the server go along it."""
        return f"FORCE INDEX ({quote(self.key.name)})"

    @property
    def bounds(self) -> str:
        """Select list that gives a row's place as literals."""
        return ",".join(map(_literal, self._columns))

    def where(self, piece: Range) -> str:
        """WHERE clause of a piece; empty for the whole table."""
        parts = []
        if piece.after is not None:
            parts.append(self._beyond(piece.after, ">"))
        if piece.upto is not None:
            parts.append(self._beyond(piece.upto, "<", equal=True))
        return f" WHERE {' AND '.join(parts)}" if parts else ""

    def _beyond(self, bound: Bound, sign: str, *, equal: bool = False) -> str:
        """Rows on one side of a bound, in a form that both servers find by the index.

        Neither of them looks a comparison of row constructors up in an index.
        """
        tails = f"{self._names[-1]}{sign}{'=' if equal else ''}{bound[-1]}"
        for name, value in reversed(list(zip(self._names[:-1], bound[:-1], strict=True))):
            tails = f"{name}{sign}={value} AND ({name}{sign}{value} OR {tails})"
        return f"({tails})"


def _literal(column: Column) -> str:
    """SQL that writes a column's value as an SQL literal."""
    name = quote(column.name)
    if column.kind in _TEXT:
        # Bytes of its own character set, compared by its own collation.
        return f"CONCAT('_{column.charset} X''',HEX({name}),''' COLLATE {column.collation}')"
    if column.kind in _BYTES:
        return f"CONCAT('X''',HEX({name}),'''')"
    if column.kind in _TIMES:
        return f"CONCAT('''',{name},'''')"
    return f"CONCAT({name},'')"


def gaps(done: Sequence[Range]) -> list[Range]:
    """What is left of a table between finished pieces, in the key's order.

    Parameters
    ----------
    done
        In the key's order, without overlap. Bounds are joined by being the same literal.
    """
    if not done:
        return [Range()]
    found = []
    if done[0].after is not None:
        found.append(Range(None, done[0].after))
    found += [Range(left.upto, right.after) for left, right in pairwise(done) if left.upto != right.after]
    if done[-1].upto is not None:
        found.append(Range(done[-1].upto, None))
    return found
