"""A value of a row's image in the binary log, as the SQL literal that stores the same value again.

No value goes through a type of Python's that could not hold it: texts stay the bytes that they are
in the source's character set, numbers are printed so that they read back bit for bit, dates are
written as they stand, zero or not.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from datetime import UTC, datetime

# A literal; or the bytes of a value so large that its literal is not made unless it is needed.
Value = str | bytes
Reader = Callable[[bytes, int], tuple[Value, int]]

NULL = "NULL"
LARGE = 256 << 10  # bytes

TINY, SHORT, LONG, FLOAT, DOUBLE, LONGLONG, INT24 = 1, 2, 3, 4, 5, 8, 9
OLD_TIMESTAMP, DATE, OLD_TIME, OLD_DATETIME, YEAR = 7, 10, 11, 12, 13
VARCHAR, BIT, TIMESTAMP, DATETIME, TIME = 15, 16, 17, 18, 19
BLOB_COMPRESSED, VARCHAR_COMPRESSED = 140, 141
JSON, DECIMAL, ENUM, SET, BLOB, VAR_STRING, STRING, GEOMETRY = 245, 246, 247, 248, 252, 253, 254, 255

_INTEGERS = {TINY: 1, SHORT: 2, INT24: 3, LONG: 4, LONGLONG: 8}
_DIGIT_BYTES = (0, 1, 1, 2, 2, 3, 3, 4, 4, 4)  # bytes of so many decimal digits
_FRACTION = (1, 10_000, 100, 1)  # microseconds of a unit, by the bytes of a fraction


def metadata_length(kind: int) -> int:
    """Bytes that a table map says about a column's type beside its number."""
    if kind in {FLOAT, DOUBLE, BLOB, GEOMETRY, JSON, BLOB_COMPRESSED, TIMESTAMP, DATETIME, TIME}:
        return 1
    if kind in {VARCHAR, BIT, DECIMAL, STRING, ENUM, SET, VAR_STRING, VARCHAR_COMPRESSED}:
        return 2
    return 0


def real_type(kind: int, metadata: bytes) -> tuple[int, int]:
    """Type and length of what is called a STRING: also what an ENUM and a SET are."""
    first, second = metadata
    if first & 0x30 != 0x30:  # the length's upper bits are hidden in the type, inverted
        return first | 0x30, second | ((first & 0x30) ^ 0x30) << 4
    return (first, second) if first else (kind, second)


def literal(value: bytes) -> Value:
    """Bytes as a literal, if they are not large."""
    return value if len(value) > LARGE else f"X'{value.hex()}'"


def reader(kind: int, metadata: bytes, *, unsigned: bool, binary: bool) -> Reader | None:
    """What reads a column's values; None when nothing here can.

    Parameters
    ----------
    kind, metadata
        As the table map has them.
    unsigned
        Of a number.
    binary
        Whether a string is of bytes rather than of characters.
    """
    if kind in _INTEGERS:
        return _integer(_INTEGERS[kind], signed=not unsigned)
    if kind == STRING:
        real, length = real_type(kind, metadata)
        if real in {ENUM, SET}:
            return _number(length, "little")
        return _padded(_width(length), length) if binary else _string(_width(length))
    made = _MADE.get(kind)
    return made(metadata) if made is not None else None


def _width(longest: int) -> int:
    return 1 if longest < 256 else 2


def _integer(size: int, *, signed: bool) -> Reader:
    def read(data: bytes, at: int) -> tuple[Value, int]:
        end = at + size
        return str(int.from_bytes(data[at:end], "little", signed=signed)), end

    return read


def _number(size: int, order: str) -> Reader:
    big = order == "big"

    def read(data: bytes, at: int) -> tuple[Value, int]:
        end = at + size
        return str(int.from_bytes(data[at:end], "big" if big else "little")), end

    return read


def approximate(value: float) -> str:
    """A floating point number that is read back bit for bit; with an exponent, for else it is a DECIMAL."""
    text = repr(value)
    return text if "e" in text else f"{text}e0"


def _float(data: bytes, at: int) -> tuple[Value, int]:
    return approximate(struct.unpack_from("<f", data, at)[0]), at + 4


def _double(data: bytes, at: int) -> tuple[Value, int]:
    return approximate(struct.unpack_from("<d", data, at)[0]), at + 8


def _year(data: bytes, at: int) -> tuple[Value, int]:
    return str(1900 + data[at] if data[at] else 0), at + 1


def _date(data: bytes, at: int) -> tuple[Value, int]:
    it = int.from_bytes(data[at : at + 3], "little")
    return f"'{it >> 9:04d}-{it >> 5 & 15:02d}-{it & 31:02d}'", at + 3


def _fraction(data: bytes, at: int, size: int) -> str:
    return f".{int.from_bytes(data[at : at + size], 'big') * _FRACTION[size]:06d}" if size else ""


def _datetime(digits: int) -> Reader:
    size = (digits + 1) // 2

    def read(data: bytes, at: int) -> tuple[Value, int]:
        it = int.from_bytes(data[at : at + 5], "big") - (1 << 39)
        year, month = divmod(it >> 22, 13)
        date = f"{year:04d}-{month:02d}-{it >> 17 & 31:02d}"
        hour = f"{it >> 12 & 31:02d}:{it >> 6 & 63:02d}:{it & 63:02d}"
        return f"'{date} {hour}{_fraction(data, at + 5, size)}'", at + 5 + size

    return read


def _timestamp(digits: int) -> Reader:
    size = (digits + 1) // 2

    def read(data: bytes, at: int) -> tuple[Value, int]:
        seconds, fraction = int.from_bytes(data[at : at + 4], "big"), _fraction(data, at + 4, size)
        end = at + 4 + size
        if seconds == 0:
            return f"'0000-00-00 00:00:00{fraction}'", end
        return f"'{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}{fraction}'", end

    return read


def _time(digits: int) -> Reader:
    size = (digits + 1) // 2

    def read(data: bytes, at: int) -> tuple[Value, int]:
        end = at + 3 + size
        it = int.from_bytes(data[at:end], "big") - (1 << (8 * (3 + size) - 1))
        sign, it = ("-", -it) if it < 0 else ("", it)
        whole, part = it >> 8 * size, it & ((1 << 8 * size) - 1)
        text = f"{sign}{whole >> 12 & 1023:02d}:{whole >> 6 & 63:02d}:{whole & 63:02d}"
        return f"'{text}.{part * _FRACTION[size]:06d}'" if size else f"'{text}'", end

    return read


def _decimal(precision: int, scale: int) -> Reader:
    left = precision - scale
    whole, first = divmod(left, 9)
    parts, last = divmod(scale, 9)
    # Groups of digits: how many bytes each has, and how many digits.
    before = ([(_DIGIT_BYTES[first], first)] if first else []) + [(4, 9)] * whole
    behind = [(4, 9)] * parts + ([(_DIGIT_BYTES[last], last)] if last else [])
    size = sum(width for width, _ in before + behind)
    flip = (1 << 8 * size) - 1
    top = 1 << (8 * size - 1)

    def read(data: bytes, at: int) -> tuple[Value, int]:
        end = at + size
        it = int.from_bytes(data[at:end], "big") ^ top
        sign = ""
        if it & top:  # what is negative is stored with every bit inverted
            sign, it = "-", it ^ flip
        raw = it.to_bytes(size, "big")
        digits, place = "", 0
        for count, (width, wide) in enumerate(before + behind):
            if count == len(before):
                digits += "."
            digits += str(int.from_bytes(raw[place : place + width], "big")).zfill(wide)
            place += width
        return sign + (digits.lstrip("0") or "0").removesuffix("."), end

    return read


def _string(width: int) -> Reader:
    def read(data: bytes, at: int) -> tuple[Value, int]:
        start = at + width
        end = start + int.from_bytes(data[at:start], "little")
        value = data[start:end]
        return value if end - start > LARGE else f"X'{value.hex()}'", end

    return read


def _padded(width: int, length: int) -> Reader:
    """BINARY(n), whose zeros at the end the log leaves out."""

    def read(data: bytes, at: int) -> tuple[Value, int]:
        start = at + width
        end = start + int.from_bytes(data[at:start], "little")
        return f"X'{data[start:end].ljust(length, bytes(1)).hex()}'", end

    return read


def _compressed(width: int) -> Reader:
    def read(data: bytes, at: int) -> tuple[Value, int]:
        start = at + width
        end = start + int.from_bytes(data[at:start], "little")
        return literal(inflated(data[start:end])), end

    return read


def inflated(data: bytes) -> bytes:
    """What MariaDB compressed: a byte that says how, the length of the original, and zlib's stream.

    Raises
    ------
    ValueError
        When it was compressed in another way.
    """
    if not data or not data[0]:
        return data[1:]
    how, raw, size = data[0] >> 4, data[0] & 8, data[0] & 7
    if how != 8:
        raise ValueError(how)
    value = zlib.decompress(data[1 + size :], wbits=-15 if raw else 15)
    if len(value) != int.from_bytes(data[1 : 1 + size], "big"):
        raise ValueError(how)
    return value


# By type, what makes the reader of a column from its metadata.
_MADE: dict[int, Callable[[bytes], Reader]] = {
    FLOAT: lambda _: _float,
    DOUBLE: lambda _: _double,
    YEAR: lambda _: _year,
    DATE: lambda _: _date,
    DECIMAL: lambda of: _decimal(of[0], of[1]),
    BIT: lambda of: _number(of[1] + (of[0] > 0), "big"),  # whole bytes, and bits that are left
    TIMESTAMP: lambda of: _timestamp(of[0]),
    DATETIME: lambda of: _datetime(of[0]),
    TIME: lambda of: _time(of[0]),
    VARCHAR: lambda of: _string(_width(int.from_bytes(of, "little"))),
    VAR_STRING: lambda of: _string(_width(int.from_bytes(of, "little"))),
    VARCHAR_COMPRESSED: lambda of: _compressed(_width(int.from_bytes(of, "little"))),
    BLOB: lambda of: _string(of[0]),
    GEOMETRY: lambda of: _string(of[0]),
    BLOB_COMPRESSED: lambda of: _compressed(of[0]),
}
