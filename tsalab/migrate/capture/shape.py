"""How rows of a table of the source are written in the target's table of the same name."""

from __future__ import annotations

import hashlib
import ipaddress
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tsalab.errors import CaptureError
from tsalab.migrate.capture import values
from tsalab.migrate.capture.rows import Image, SourceColumn, TableMap
from tsalab.migrate.capture.values import NULL, Value
from tsalab.migrate.catalogue import quote
from tsalab.migrate.model import Column, Key, Vendor

_GEOMETRIES = frozenset(
    {
        "geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon",
        "geometrycollection", "geomcollection",
    }
)  # fmt: skip
_VARIABLE = frozenset({"varchar", "varbinary"})
_LONG = frozenset(
    {"tinytext", "text", "mediumtext", "longtext", "tinyblob", "blob", "mediumblob", "longblob", "json"}
)
# The target's types that hold whatever a column of the source holds.
_FITTING: dict[int, frozenset[str]] = {
    values.TINY: frozenset({"tinyint"}),
    values.SHORT: frozenset({"smallint"}),
    values.INT24: frozenset({"mediumint"}),
    values.LONG: frozenset({"int"}),
    values.LONGLONG: frozenset({"bigint"}),
    values.FLOAT: frozenset({"float"}),
    values.DOUBLE: frozenset({"double"}),
    values.DECIMAL: frozenset({"decimal"}),
    values.YEAR: frozenset({"year"}),
    values.DATE: frozenset({"date"}),
    values.TIMESTAMP: frozenset({"timestamp"}),
    values.DATETIME: frozenset({"datetime"}),
    values.TIME: frozenset({"time"}),
    values.BIT: frozenset({"bit"}),
    values.ENUM: frozenset({"enum"}),
    values.SET: frozenset({"set"}),
    values.GEOMETRY: _GEOMETRIES,
    values.BLOB: _LONG,
    values.BLOB_COMPRESSED: _LONG,
    values.VARCHAR: _VARIABLE,
    values.VAR_STRING: _VARIABLE,
    values.VARCHAR_COMPRESSED: _VARIABLE,
    values.STRING: frozenset({"char", "binary", "uuid", "inet6", "inet4"}),
}
_BULKY = 512  # signs of a literal, from which on bytes or a hash are shorter
_TIMES = frozenset({values.TIMESTAMP, values.DATETIME})
# What becomes of MariaDB's own types where the target lacks them: see `ddl.columns`.
_TEXTS: dict[tuple[str, int], Callable[[bytes], str]] = {
    ("char(36)", 16): lambda value: str(uuid.UUID(bytes=value)),
    ("varchar(45)", 16): lambda value: _address(value),
    ("varchar(15)", 4): lambda value: str(ipaddress.IPv4Address(value)),
}


def _address(value: bytes) -> str:
    """An IPv6 address as MariaDB prints it: one that holds an older one has that in dots."""
    it = ipaddress.IPv6Address(value)
    if it.ipv4_mapped is not None:
        return f"::ffff:{it.ipv4_mapped}"
    if not any(value[:12]) and any(value[12:14]):
        return f"::{ipaddress.IPv4Address(value[12:])}"
    return str(it)


@dataclass(frozen=True)
class _Pair:
    """A column on both sides."""

    place: int
    here: SourceColumn
    there: Column
    charset: str
    as_text: Callable[[bytes], str] | None
    as_json: bool

    @property
    def name(self) -> str:
        return quote(self.there.name)

    def stored(self, value: Value) -> str:
        """The literal that stores a value."""
        if value == NULL:
            return NULL
        text = f"X'{value.hex()}'" if isinstance(value, bytes) else value
        if self.as_text is not None:
            return f"'{self.as_text(bytes.fromhex(text[2:-1]))}'"
        return f"CONVERT({text} USING utf8mb4)" if self.as_json else text

    def bulky(self, value: Value) -> bool:
        """Whether it goes better as bytes than as a literal."""
        return isinstance(value, bytes) or (len(value) > _BULKY and self.as_text is None and value[0] == "X")

    def compared(self, value: Value) -> str:
        """The literal that a key's value is found by; a text has its character set, or no key is used."""
        text = self.stored(value)
        return f"_{self.charset} {text}" if self.charset and text.startswith("X'") else text

    def same(self, value: Value) -> str:
        """A condition that holds for just this value."""
        if value == NULL:
            return f"{self.name} IS NULL"
        kind = self.here.kind
        if self.bulky(value) and not self.as_json:
            raw = value if isinstance(value, bytes) else bytes.fromhex(value[2:-1])
            return f"SHA2({self.name},256)='{hashlib.sha256(raw).hexdigest()}'"
        if isinstance(value, bytes) or self.as_json:
            return f"{self.name}=CAST({self.stored(value)} AS JSON)"
        if kind in {values.ENUM, values.SET, values.BIT}:
            return f"{self.name}+0={value}"
        if kind in {values.FLOAT, values.DOUBLE}:
            sign = "=" if value.startswith("-") else "<>"  # a zero may have one, too
            return f"{self.name}={value} AND LEFT({self.name},1){sign}'-'"
        if kind == values.GEOMETRY:
            return f"HEX({self.name})='{value[2:-1].upper()}'"
        if self.charset:
            return f"CAST({self.name} AS BINARY)={self.stored(value)}"
        return f"{self.name}={self.stored(value)}"


class Shape:
    """How to write a table's rows.

    Parameters
    ----------
    of
        The table, as the log describes it.
    columns, keys
        Of the target's table.
    vendor
        Whose server the target is.
    charsets
        The source's character sets, by the number of a collation.
    referenced
        Whether a foreign key leads to the table.

    Raises
    ------
    CaptureError
        When the target's table does not hold what the source's does.
    """

    def __init__(
        self,
        of: TableMap,
        columns: Sequence[Column],
        keys: Sequence[Key],
        vendor: Vendor,
        charsets: Mapping[int, str],
        *,
        referenced: bool,
    ) -> None:
        self.table, self.name = of.table, quote(of.table)
        self.referenced = referenced
        there = {column.name: column for column in columns}
        unlike = [column.name for column in of.columns if column.name not in there]
        unlike += sorted(
            column.name
            for column in columns
            if not column.generated and column.name not in {each.name for each in of.columns}
        )
        self._pairs = []
        for place, here in enumerate(of.columns):
            column = there.get(here.name)
            if column is None or column.generated:
                continue  # the target's server computes it
            pair = _pair(place, here, column, vendor, charsets)
            if pair is None:
                unlike.append(here.name)
            else:
                self._pairs.append(pair)
        if unlike:
            raise CaptureError.other_columns(of.table, unlike)
        self._key = _key(keys, self._pairs)
        self.columns = ",".join(pair.name for pair in self._pairs)
        self._enums = [pair.place for pair in self._pairs if pair.here.kind == values.ENUM]

    @property
    def key(self) -> tuple[str, ...]:
        """Columns by which a row is found; none when it takes all of them."""
        return tuple(pair.there.name for pair in self._key)

    def insertion(self, rows: Sequence[str]) -> str:
        """The statement that inserts rows; see `row`."""
        return f"INSERT INTO {self.name} ({self.columns}) VALUES {','.join(rows)}"  # noqa: S608 - names are quoted, values literals

    def deletion(self, where: str) -> str:
        """The statement that deletes what a condition holds for."""
        return f"DELETE FROM {self.name} WHERE {where}"  # noqa: S608 - names are quoted, values literals

    def change(self, changes: str, where: str) -> str:
        """The statement that changes one row; see `changes` and `where`."""
        return f"UPDATE {self.name} SET {changes} WHERE {where} LIMIT 1"  # noqa: S608 - names are quoted, values literals

    def lax(self, image: Image) -> bool:
        """Whether a strict server refuses the row: an ENUM holds what is no member of it."""
        return any(image[place] == "0" for place in self._enums)

    def row(self, image: Image) -> str:
        """A row for VALUES."""
        return "(" + ",".join([pair.stored(image[pair.place]) for pair in self._pairs]) + ")"

    def changes(self, before: Image, after: Image) -> str:
        """What to SET; times too that did not change, or the server would set them to now."""
        return ",".join(
            f"{pair.name}={pair.stored(after[pair.place])}"
            for pair in self._pairs
            if before[pair.place] != after[pair.place] or pair.here.kind in _TIMES
        )

    def where(self, image: Image) -> str:
        """A condition for one row."""
        if self._key:
            return " AND ".join(f"{pair.name}={pair.compared(image[pair.place])}" for pair in self._key)
        return " AND ".join(pair.same(image[pair.place]) for pair in self._pairs) or "TRUE"

    def one_of(self, image: Image) -> str:
        """A row's part in a condition for several; see `any_of`."""
        if len(self._key) == 1:
            return self._key[0].compared(image[self._key[0].place])
        return f"({self.where(image)})"

    def any_of(self, parts: Sequence[str]) -> str:
        """A condition for several rows, by their key."""
        if len(self._key) == 1:
            return f"{self._key[0].name} IN ({','.join(parts)})"
        return " OR ".join(parts)

    def changed_size(self, before: Image, after: Image) -> int:
        """Signs of the literals of what changed."""
        return sum(
            _signs(after[pair.place]) for pair in self._pairs if before[pair.place] != after[pair.place]
        )

    def size(self, image: Image) -> int:
        """Signs of a row's literals."""
        return sum(_signs(image[pair.place]) for pair in self._pairs)

    def moved(self, before: Image, after: Image) -> bool:
        """Whether the row's key changes."""
        return any(before[pair.place] != after[pair.place] for pair in self._key)

    def key_change(self, after: Image) -> str:
        """What to SET of the key alone."""
        return ",".join(f"{pair.name}={pair.stored(after[pair.place])}" for pair in self._key)

    def large(self, image: Image) -> tuple[str, bytes]:
        """A row that no statement has room for: what follows the name in LOAD DATA, and the line."""
        listed, sets, fields = [], [], []
        for number, pair in enumerate(self._pairs):
            value = image[pair.place]
            if not pair.bulky(value):
                sets.append(f"{pair.name}={pair.stored(value)}")
                continue
            raw = value if isinstance(value, bytes) else bytes.fromhex(value[2:-1])
            fields.append(b"'" + _escaped(raw) + b"'")
            listed.append(f"@v{number}" if pair.as_json else pair.name)
            if pair.as_json:
                sets.append(f"{pair.name}=CONVERT(@v{number} USING utf8mb4)")
        setting = f" SET {','.join(sets)}" if sets else ""
        return f"({','.join(listed)}){setting}", b",".join(fields) + b"\n"


def _signs(value: Value) -> int:
    return 2 * len(value) + 3 if isinstance(value, bytes) else len(value)


def _escaped(value: bytes) -> bytes:
    return value.replace(b"\\", b"\\\\").replace(b"'", b"\\'").replace(b"\0", b"\\0")


def _pair(
    place: int, here: SourceColumn, there: Column, vendor: Vendor, charsets: Mapping[int, str]
) -> _Pair | None:
    """The column on both sides; None when the target's does not hold the source's values."""
    as_text = _TEXTS.get((there.definition, here.length)) if here.binary and there.charset else None
    if as_text is None and there.kind not in _FITTING.get(here.kind, ()):
        return None
    charset = "" if here.binary or not here.collation else charsets.get(here.collation, "")
    as_json = there.kind == "json" and vendor is Vendor.MYSQL
    if here.kind in {values.ENUM, values.SET}:
        charset = ""  # its values are numbers
    elif as_text is None and not as_json and _plain(charset) != _plain(there.charset):
        return None
    return _Pair(place, here, there, charset, as_text, as_json)


def _plain(charset: str) -> str:
    return charset.replace("utf8mb3", "utf8")


def _key(keys: Sequence[Key], pairs: Sequence[_Pair]) -> tuple[_Pair, ...]:
    """The primary key, or another by which every row is found: unique, and never NULL."""
    known = {pair.there.name: pair for pair in pairs}
    for key in sorted(keys, key=lambda each: each.name != "PRIMARY"):
        found = [known.get(name) for name in key.columns]
        whole = tuple(pair for pair in found if pair is not None and not pair.there.nullable)
        if key.unique and key.kind in {"BTREE", "HASH"} and len(whole) == len(key.columns):
            return whole
    return ()
