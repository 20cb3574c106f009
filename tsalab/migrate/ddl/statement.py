"""SHOW CREATE TABLE taken apart, and a statement put together again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tsalab.migrate.catalogue.asking import quote
from tsalab.migrate.ddl.attributes import Attribute, attributes
from tsalab.migrate.ddl.tokens import (
    Kind,
    Token,
    Tokens,
    closing,
    plain,
    significant,
    split,
    stripped,
    text,
    tokens,
)

_KEY_WORDS = {"PRIMARY", "UNIQUE", "KEY", "INDEX", "FULLTEXT", "SPATIAL", "VECTOR"}


@dataclass(frozen=True)
class Option:
    """A table's option: how its name stands there, and its value."""

    label: str
    value: str

    def __str__(self) -> str:
        return f"{self.label}={self.value}" if self.value else self.label


@dataclass(frozen=True)
class Statement:
    """A CREATE TABLE in its parts.

    Attributes
    ----------
    name
        The table's.
    columns
        By name: what stands behind it.
    keys
        By name (``PRIMARY`` for the primary key), whole.
    foreign_keys
        By name, whole.
    checks, others
        Whole: CHECKs of the table; anything else in the list, e.g. a PERIOD.
    options
        By name in capitals.
    partitions
        From PARTITION BY on; empty when there are none.
    """

    name: str
    columns: Mapping[str, tuple[Attribute, ...]]
    keys: Mapping[str, Tokens] = field(default_factory=dict)
    foreign_keys: Mapping[str, Tokens] = field(default_factory=dict)
    checks: tuple[Tokens, ...] = ()
    others: tuple[Tokens, ...] = ()
    options: Mapping[str, Option] = field(default_factory=dict)
    partitions: Tokens = ()


def parse(create: str) -> Statement:
    """Take a statement of SHOW CREATE TABLE apart.

    Raises
    ------
    ValueError
        When it is none.
    """
    pieces = plain(tokens(create))
    start = next((index for index, piece in enumerate(pieces) if piece.text == "("), None)
    if start is None:
        raise ValueError("no list of columns")
    end = closing(pieces, start)
    name = significant(pieces[:start])[-1].name
    items = [item for item in split(pieces[start + 1 : end]) if item]
    columns = {item[0].name: attributes(item[1:]) for item in items if item[0].kind is Kind.NAME}
    keys: dict[str, Tokens] = {}
    foreign: dict[str, Tokens] = {}
    checks: list[Tokens] = []
    others: list[Tokens] = []
    for item in items:
        words = [piece.word or piece.kind for piece in significant(item)]
        if item[0].kind is Kind.NAME:
            continue
        if words[0] in _KEY_WORDS:
            keys["PRIMARY" if words[0] == "PRIMARY" else _first_name(item)] = item
        elif "FOREIGN" in words[:3]:
            foreign[_first_name(item)] = item
        elif "CHECK" in words[:3]:
            checks.append(item)
        else:
            others.append(item)
    options, partitions = _tail(pieces[end + 1 :])
    return Statement(name, columns, keys, foreign, tuple(checks), tuple(others), options, partitions)


def render(
    name: str,
    columns: Mapping[str, tuple[Attribute, ...]],
    items: list[str],
    options: Mapping[str, Option],
    partitions: str = "",
) -> str:
    """A CREATE TABLE of these parts."""
    lines = [f"{quote(column)} {' '.join(map(str, of))}" for column, of in columns.items()]
    body = ",\n".join(f"  {line}" for line in lines + items)
    tail = " ".join(map(str, options.values()))
    return f"CREATE TABLE {quote(name)} (\n{body}\n) {tail}".rstrip() + (
        f"\n{partitions}" if partitions else ""
    )


def parts_of(key: Tokens) -> tuple[Tokens, list[Tokens], Tokens]:
    """What stands before a key's list, its parts, and what stands behind."""
    start = next(index for index, piece in enumerate(key) if piece.text == "(")
    end = closing(key, start)
    return key[:start], split(key[start + 1 : end]), key[end + 1 :]


def _first_name(item: Tokens) -> str:
    for piece in item:
        if piece.kind is Kind.NAME:
            return piece.name
        if piece.text == "(":
            break
    return ""


def _tail(pieces: Tokens) -> tuple[dict[str, Option], Tokens]:
    words = [piece.word for piece in pieces]
    cut = words.index("PARTITION") if "PARTITION" in words else len(pieces)
    return _options(significant(pieces[:cut])), stripped(pieces[cut:])


def _options(pieces: Tokens) -> dict[str, Option]:
    found: dict[str, Option] = {}
    label: list[Token] = []
    index = 0
    while index < len(pieces):
        piece = pieces[index]
        if piece.text == "=":
            last = closing(pieces, index + 1) if pieces[index + 1].text == "(" else index + 1
            _add(found, label, text(pieces[index + 1 : last + 1]))
            label, index = [], last
        elif [part.word for part in label] == ["TABLESPACE"]:
            _add(found, label, piece.text)
            label = []
        elif piece.text != ",":
            label.append(piece)
        index += 1
    _add(found, label, "")
    return found


def _add(found: dict[str, Option], label: list[Token], value: str) -> None:
    if label:
        found[" ".join(piece.name for piece in label).upper()] = Option(
            " ".join(piece.text for piece in label), value
        )
