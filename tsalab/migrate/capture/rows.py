"""Events of changed rows, read with the table map that stands before them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from tsalab.errors import CaptureError
from tsalab.migrate.capture import values
from tsalab.migrate.capture.values import NULL, Reader, Value

Image = list[Value]

# Flags of an event of rows: what the session that made it had switched off.
_NO_FOREIGN_KEYS = 2
_BINARY = 63  # the collation of bytes

_CHARACTERS = {
    values.STRING, values.VAR_STRING, values.VARCHAR, values.BLOB,
    values.BLOB_COMPRESSED, values.VARCHAR_COMPRESSED,
    values.GEOMETRY,  # MariaDB counts them, as strings of bytes
}  # fmt: skip
_NUMBERS = {
    values.TINY, values.SHORT, values.INT24, values.LONG, values.LONGLONG,
    values.FLOAT, values.DOUBLE, values.DECIMAL, values.YEAR,
}  # fmt: skip
_MEMBERS = {values.ENUM, values.SET}


@dataclass(frozen=True)
class SourceColumn:
    """A column as the log describes it.

    Attributes
    ----------
    name
        Its name.
    kind
        Number of its type; an ENUM's or SET's own.
    unsigned
        Of a number.
    collation
        Number of its collation; 0 for what is no text.
    length
        Of a string of fixed length, bytes.
    read
        What reads its values; None when nothing can.
    """

    name: str
    kind: int
    unsigned: bool
    collation: int
    length: int
    read: Reader | None

    @property
    def binary(self) -> bool:
        """Whether it is a string of bytes."""
        return self.collation == _BINARY


@dataclass(frozen=True)
class TableMap:
    """A table as it was when rows of it were changed.

    Attributes
    ----------
    database, table
        Its names.
    columns
        All of them, in their order, invisible and generated ones among them.
    """

    database: str
    table: str
    columns: tuple[SourceColumn, ...]

    @cached_property
    def readers(self) -> list[Reader]:
        """What reads each column.

        Raises
        ------
        MigrationError
            When one has a type that cannot be read exactly.
        """
        found = []
        for column in self.columns:
            if column.read is None:
                raise CaptureError.unreadable_change(self.table, column.name, column.kind)
            found.append(column.read)
        return found


@dataclass(frozen=True)
class Rows:
    """Rows of one table, changed by one event.

    Attributes
    ----------
    of
        The table.
    kind
        ``insert``, ``update`` or ``delete``.
    before, after
        Images of each row, every column's value a literal; of an insert only after, of a
        deletion only before.
    checked
        Whether foreign keys were in force.
    size
        Bytes of the event.
    """

    of: TableMap
    kind: str
    before: list[Image]
    after: list[Image]
    checked: bool
    size: int


def _packed(data: bytes, at: int) -> tuple[int, int]:
    """A number whose first byte says how many it has."""
    first = data[at]
    if first < 251:
        return first, at + 1
    size = {252: 2, 253: 3, 254: 8}[first]
    return int.from_bytes(data[at + 1 : at + 1 + size], "little"), at + 1 + size


def table_id(body: bytes) -> int:
    """The number by which events of rows name their table map."""
    return int.from_bytes(body[:6], "little")


def names_of(body: bytes) -> tuple[str, str]:
    """Database and table of a table map."""
    at = 8
    size = body[at]
    database = body[at + 1 : at + 1 + size].decode()
    at += size + 2
    return database, body[at + 1 : at + 1 + body[at]].decode()


def read_map(body: bytes) -> TableMap:
    """Read a table map.

    Raises
    ------
    MigrationError
        When it does not name its columns: the source's binlog_row_metadata was not FULL.
    """
    database, table = names_of(body)
    at = 8 + 1 + body[8] + 1
    at += 1 + body[at] + 1
    count, at = _packed(body, at)
    kinds = body[at : at + count]
    at += count
    size, at = _packed(body, at)
    metadata = _metadata(kinds, body[at : at + size])
    at += size + (count + 7) // 8
    more = _fields(body, at)
    names = _names(more.get(4, b""))
    if len(names) != count:
        raise CaptureError.no_column_names(f"{database}.{table}")
    unsigned = _unsigned(kinds, more.get(1, b""))
    collations = _collations(kinds, metadata, more)
    columns = []
    for index, (name, kind, of) in enumerate(zip(names, kinds, metadata, strict=True)):
        real, length = values.real_type(kind, of) if kind == values.STRING else (kind, 0)
        collation = collations.get(index, 0)
        read = values.reader(kind, of, unsigned=index in unsigned, binary=collation == _BINARY)
        columns.append(SourceColumn(name, real, index in unsigned, collation, length, read))
    return TableMap(database, table, tuple(columns))


def _metadata(kinds: bytes, data: bytes) -> list[bytes]:
    found, at = [], 0
    for kind in kinds:
        size = values.metadata_length(kind)
        found.append(data[at : at + size])
        at += size
    return found


def _fields(body: bytes, at: int) -> dict[int, bytes]:
    """What binlog_row_metadata=FULL adds, by the number of the field."""
    found = {}
    while at < len(body):
        number = body[at]
        size, at = _packed(body, at + 1)
        found[number] = body[at : at + size]
        at += size
    return found


def _names(data: bytes) -> list[str]:
    found, at = [], 0
    while at < len(data):
        size, at = _packed(data, at)
        found.append(data[at : at + size].decode())
        at += size
    return found


def _unsigned(kinds: bytes, bits: bytes) -> set[int]:
    """Which columns are; a bit for each number, from the left."""
    numbers = [index for index, kind in enumerate(kinds) if kind in _NUMBERS]
    return {
        index
        for place, index in enumerate(numbers)
        if place // 8 < len(bits) and bits[place // 8] << place % 8 & 0x80
    }


def _collations(kinds: bytes, metadata: list[bytes], more: Mapping[int, bytes]) -> dict[int, int]:
    texts, members = [], []
    for index, kind in enumerate(kinds):
        real = values.real_type(kind, metadata[index])[0] if kind == values.STRING else kind
        if real in _MEMBERS:
            members.append(index)
        elif kind in _CHARACTERS:
            texts.append(index)
    return _told(texts, more.get(2), more.get(3)) | _told(members, more.get(10), more.get(11))


def _told(which: list[int], default: bytes | None, each: bytes | None) -> dict[int, int]:
    """Collations: one for all with exceptions, or one after the other."""
    if each is not None:
        return dict(zip(which, _numbers(each), strict=False))
    if default is None:
        return {}
    first, *pairs = _numbers(default)
    other = dict(zip(pairs[::2], pairs[1::2], strict=True))
    return {index: other.get(place, first) for place, index in enumerate(which)}


def _numbers(data: bytes) -> list[int]:
    found, at = [], 0
    while at < len(data):
        number, at = _packed(data, at)
        found.append(number)
    return found


def read_rows(kind: str, body: bytes, of: TableMap, *, second: bool, squeezed: bool) -> Rows:
    """Read an event of rows.

    Parameters
    ----------
    kind
        What happened to them.
    body
        The event's.
    of
        The table map that it names.
    second
        Whether it is of the second version, which has a place for more.
    squeezed
        Whether MariaDB compressed its rows.

    Raises
    ------
    MigrationError
        When a column cannot be read exactly, or an image has not all columns.
    """
    flags = int.from_bytes(body[6:8], "little")
    at = 8 + (int.from_bytes(body[8:10], "little") if second else 0)
    count, at = _packed(body, at)
    wide = (count + 7) // 8
    for _ in range(2 if kind == "update" else 1):
        if int.from_bytes(body[at : at + wide], "little") & ((1 << count) - 1) != (1 << count) - 1:
            raise CaptureError.partial_image(f"{of.database}.{of.table}")
        at += wide
    data = values.inflated(body[at:]) if squeezed else body
    at = 0 if squeezed else at
    readers = of.readers
    images: list[Image] = []
    while at < len(data):
        image, at = _image(data, at, readers, wide)
        images.append(image)
    before = images[::2] if kind == "update" else images if kind == "delete" else []
    after = images[1::2] if kind == "update" else images if kind == "insert" else []
    return Rows(of, kind, before, after, not flags & _NO_FOREIGN_KEYS, len(body))


def _image(data: bytes, at: int, readers: list[Reader], wide: int) -> tuple[Image, int]:
    nulls = int.from_bytes(data[at : at + wide], "little")
    at += wide
    image: Image = []
    for read in readers:
        if nulls & 1:
            image.append(NULL)
        else:
            value, at = read(data, at)
            image.append(value)
        nulls >>= 1
    return image, at
