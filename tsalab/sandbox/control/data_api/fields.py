"""What a query answers, in the Data API's words: fields, their types, and records as JSON; pure."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pymysql.constants import FIELD_TYPE as CODE
from pymysql.constants import FLAG

Value = str | bytes | None
Field = dict[str, Any]

_BINARY_CHARSET = 63
_BITS = 1
# Type codes of java.sql.Types, which is what the API's `type` is.
_INTEGERS = {
    CODE.TINY: (-6, "TINYINT"),
    CODE.SHORT: (5, "SMALLINT"),
    CODE.INT24: (4, "MEDIUMINT"),
    CODE.LONG: (4, "INT"),
    CODE.LONGLONG: (-5, "BIGINT"),
    CODE.YEAR: (91, "YEAR"),
}
_DOUBLES = {CODE.FLOAT: (7, "FLOAT"), CODE.DOUBLE: (8, "DOUBLE")}
_DECIMALS = {CODE.DECIMAL: (3, "DECIMAL"), CODE.NEWDECIMAL: (3, "DECIMAL")}
_TIMES = {
    CODE.DATE: (91, "DATE"),
    CODE.NEWDATE: (91, "DATE"),
    CODE.TIME: (92, "TIME"),
    CODE.DATETIME: (93, "DATETIME"),
    CODE.TIMESTAMP: (93, "TIMESTAMP"),
}
_TEXTS = {
    CODE.STRING: (1, "CHAR"),
    CODE.VAR_STRING: (12, "VARCHAR"),
    CODE.VARCHAR: (12, "VARCHAR"),
    CODE.BLOB: (-1, "TEXT"),
    CODE.TINY_BLOB: (-1, "TINYTEXT"),
    CODE.MEDIUM_BLOB: (-1, "MEDIUMTEXT"),
    CODE.LONG_BLOB: (-1, "LONGTEXT"),
    CODE.ENUM: (1, "ENUM"),
    CODE.SET: (1, "SET"),
    CODE.JSON: (-1, "JSON"),
}
_BLOBS = {
    CODE.STRING: (-2, "BINARY"),
    CODE.VAR_STRING: (-3, "VARBINARY"),
    CODE.VARCHAR: (-3, "VARBINARY"),
    CODE.BLOB: (-4, "BLOB"),
    CODE.TINY_BLOB: (-4, "TINYBLOB"),
    CODE.MEDIUM_BLOB: (-4, "MEDIUMBLOB"),
    CODE.LONG_BLOB: (-4, "LONGBLOB"),
    CODE.GEOMETRY: (-2, "GEOMETRY"),
}
_UNKNOWN = (1111, "OTHER")
_NULL = (0, "NULL")


@dataclass(frozen=True)
class Options:
    """How numbers are wanted that a client's language may not hold.

    Parameters
    ----------
    decimals_as_numbers
        ``DOUBLE_OR_LONG`` rather than ``STRING``.
    longs_as_strings
        ``STRING`` rather than ``LONG``.
    """

    decimals_as_numbers: bool = False
    longs_as_strings: bool = False

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> Options:
        """From ``resultSetOptions``."""
        return cls(
            asked.get("decimalReturnType") == "DOUBLE_OR_LONG", asked.get("longReturnType") == "STRING"
        )


class Column:
    """A column of a result.

    Parameters
    ----------
    packet
        The driver's description of it (`pymysql.protocol.FieldDescriptorPacket`).
    """

    def __init__(self, packet: Any) -> None:
        self._packet = packet
        self.label = str(packet.name)
        self._code, self._flags = int(packet.type_code), int(packet.flags)
        self._binary = packet.charsetnr == _BINARY_CHARSET
        # MySQL's BOOLEAN is a TINYINT that is shown one digit wide; JDBC drivers read it as a bit.
        self._boolean = (self._code == CODE.TINY and packet.length == 1) or (
            self._code == CODE.BIT and packet.length == _BITS
        )

    @property
    def type(self) -> tuple[int, str]:
        """Number and name of its type."""
        if self._boolean or self._code == CODE.BIT:
            return -7, "BIT"
        if self._code == CODE.NULL:
            return _NULL
        blob = self._binary and not self._flags & (FLAG.ENUM | FLAG.SET)
        kinds = _INTEGERS | _DOUBLES | _DECIMALS | _TIMES | (_BLOBS if blob else _TEXTS)
        number, name = kinds.get(self._code, _UNKNOWN)
        unsigned = self._code in _INTEGERS | _DOUBLES | _DECIMALS and self._flags & FLAG.UNSIGNED
        return number, f"{name} UNSIGNED" if unsigned and self._code != CODE.YEAR else name

    def metadata(self) -> dict[str, Any]:
        """As ``columnMetadata`` has it."""
        number, name = self.type
        packet = self._packet
        return {
            "arrayBaseColumnType": 0,
            "isAutoIncrement": bool(self._flags & FLAG.AUTO_INCREMENT),
            "isCaseSensitive": bool(self._flags & FLAG.BINARY) or self._binary,
            "isCurrency": False,
            "isSigned": self._code in _INTEGERS | _DOUBLES | _DECIMALS and not self._flags & FLAG.UNSIGNED,
            "label": self.label,
            "name": str(packet.org_name or packet.name),
            "nullable": 0 if self._flags & FLAG.NOT_NULL else 1,
            "precision": int(packet.length),
            "scale": int(packet.scale) if self._code in _DECIMALS else 0,
            # JDBC calls MySQL's databases catalogues: of a schema, nothing is said.
            "schemaName": "",
            "tableName": str(packet.table_name or ""),
            "type": number,
            "typeName": name,
        }

    def field(self, value: Value, options: Options = Options()) -> Field:
        """A value of it, as ``records`` has it."""
        if value is None:
            return {"isNull": True}
        if self._boolean:
            return {"booleanValue": value not in {"0", b"\0"}}
        if self._code in _INTEGERS:
            return {"stringValue": value} if options.longs_as_strings else _long(str(value))
        if self._code in _DOUBLES:
            return {"doubleValue": float(value)}
        if self._code in _DECIMALS:
            return _number(str(value)) if options.decimals_as_numbers else {"stringValue": value}
        if isinstance(value, bytes):
            return {"blobValue": value}
        return {"stringValue": value}


def _long(digits: str) -> Field:
    value = int(digits)
    # An unsigned BIGINT may not fit into the API's long.
    return {"longValue": value} if value < 2**63 else {"stringValue": digits}


def _number(digits: str) -> Field:
    return {"doubleValue": float(digits)} if "." in digits else _long(digits)


def as_json(columns: Sequence[Column], rows: Iterable[Sequence[Value]], options: Options) -> str:
    """Records as ``formattedRecords`` has them: a list of objects, in one text."""
    records = [
        {
            column.label: _bare(column.field(value, options))
            for column, value in zip(columns, row, strict=True)
        }
        for row in rows
    ]
    return json.dumps(records, ensure_ascii=False, separators=(",", ":"))


def _bare(field: Field) -> Any:
    ((kind, value),) = field.items()
    if kind == "isNull":
        return None
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value
