"""A statement of the Data API with its parameters put in; pure.

Values go in as literals in which nothing can be meant but a value: text and bytes as
hexadecimal digits, numbers as the digits that Python writes. So no value can end its own
literal, whatever the SQL mode or the character set of the connection.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from tsalab.migrate.ddl.tokens import Kind, Token, significant, tokens
from tsalab.sandbox.control.json_service import ApiError

_BIGGEST = 2**63
_HINTS = {
    "DATE": re.compile(r"\d{4}-\d{2}-\d{2}"),
    "TIME": re.compile(r"\d{2}:\d{2}:\d{2}(\.\d{1,6})?"),
    "TIMESTAMP": re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(\.\d{1,6})?"),
    "DECIMAL": re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?"),
}


def bind(sql: str, parameters: Sequence[Mapping[str, Any]]) -> str:
    """Put values in the place of their names.

    Parameters
    ----------
    sql
        One statement; ``:name`` stands for a value, outside of texts, quoted names and comments.
    parameters
        As the API has them: ``name``, ``value``, ``typeHint``.

    Raises
    ------
    ApiError
        When there is more than one statement, a value is missing, given twice, or of a kind
        that MySQL has not.
    """
    pieces = tokens(sql)
    _one_statement(pieces)
    literals = _literals(parameters)
    out: list[str] = []
    index = 0
    while index < len(pieces):
        name = _placeholder(pieces, index)
        if name is None:
            out.append(pieces[index].text)
            index += 1
            continue
        if name not in literals:
            raise ApiError("BadRequestException", f"Named parameter :{name} has no value.")
        out.append(literals[name])
        index += 2
    return "".join(out)


def _one_statement(pieces: Sequence[Token]) -> None:
    found = significant(pieces)
    if not found:
        raise ApiError("BadRequestException", "The SQL statement is empty.")
    if any(piece.text == ";" and piece.kind is Kind.SIGN for piece in found[:-1]):
        raise ApiError("BadRequestException", "Multistatements aren't supported")


def _placeholder(pieces: Sequence[Token], index: int) -> str | None:
    """The name that stands here behind a colon."""
    if pieces[index].text != ":" or index + 1 == len(pieces):
        return None
    name = pieces[index + 1]
    if name.kind is not Kind.WORD or name.text[0].isdigit():
        return None
    return name.text


def _literals(parameters: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    literals: dict[str, str] = {}
    for parameter in parameters:
        name = parameter.get("name", "")
        if name in literals:
            raise ApiError("BadRequestException", f"Named parameter :{name} is given twice.")
        literals[name] = _literal(name, parameter.get("value") or {}, parameter.get("typeHint"))
    return literals


def _literal(name: str, value: Mapping[str, Any], hint: str | None) -> str:
    if len(value) != 1:
        raise ApiError("BadRequestException", f"Named parameter :{name} must have exactly one value.")
    ((kind, given),) = value.items()
    if kind == "isNull":
        if not given:
            raise ApiError("BadRequestException", f"Named parameter :{name}: isNull can only be true.")
        return "NULL"
    if kind == "arrayValue":
        raise ApiError("BadRequestException", "Array parameters are not supported.")
    if hint is not None and kind != "stringValue":
        raise ApiError("BadRequestException", f"Named parameter :{name}: typeHint takes a stringValue.")
    if kind == "stringValue":
        return _text(name, given, hint)
    return _OTHERS[kind](name, given)


def _boolean(_name: str, given: bool) -> str:
    return "TRUE" if given else "FALSE"


def _long(name: str, given: int) -> str:
    if not -_BIGGEST <= given < _BIGGEST:
        raise ApiError("BadRequestException", f"Named parameter :{name}: {given} is not a long.")
    return f"{given:d}"


def _double(name: str, given: float) -> str:
    if not math.isfinite(given):
        raise ApiError("BadRequestException", f"Named parameter :{name} is not a finite number.")
    return f"{float(given)!r}e0" if "e" not in repr(float(given)) else repr(float(given))


def _blob(_name: str, given: bytes) -> str:
    return f"X'{given.hex()}'"


_OTHERS: dict[str, Callable[[str, Any], str]] = {
    "booleanValue": _boolean,
    "longValue": _long,
    "doubleValue": _double,
    "blobValue": _blob,
}


def _text(name: str, given: str, hint: str | None) -> str:
    if hint is not None:
        _hold(name, given, hint)
    try:
        return f"_utf8mb4 X'{given.encode().hex()}'"
    except UnicodeEncodeError:
        raise ApiError("BadRequestException", f"Named parameter :{name} is not Unicode text.") from None


def _hold(name: str, given: str, hint: str) -> None:
    if hint == "UUID":
        try:
            UUID(given)
        except ValueError:
            raise _unlike(name, hint) from None
    elif hint in _HINTS and not _HINTS[hint].fullmatch(given):
        raise _unlike(name, hint)


def _unlike(name: str, hint: str) -> ApiError:
    return ApiError("BadRequestException", f"Named parameter :{name}: the value is no {hint}.")
