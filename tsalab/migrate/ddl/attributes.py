"""What stands behind a column's name: its type, and one attribute after the other."""

from __future__ import annotations

from dataclasses import dataclass

from tsalab.migrate.ddl.tokens import Kind, Tokens, closing, significant, stripped, text, tokens

# Attributes of several words, and those that have a value behind them.
_LONG = (
    ("CHARACTER", "SET"),
    ("NOT", "NULL"),
    ("NOT", "ENFORCED"),
    ("ON", "UPDATE"),
    ("GENERATED", "ALWAYS", "AS"),
    ("WITHOUT", "SYSTEM", "VERSIONING"),
    ("WITH", "SYSTEM", "VERSIONING"),
)
_VALUED = {
    "AS",
    "CHARACTER SET",
    "CHECK",
    "COLLATE",
    "COLUMN_FORMAT",
    "COMMENT",
    "CONSTRAINT",
    "DEFAULT",
    "GENERATED ALWAYS AS",
    "ON UPDATE",
    "SRID",
    "STORAGE",
}
TYPE = "TYPE"


@dataclass(frozen=True)
class Attribute:
    """One attribute; the type itself is the first, and called `TYPE`."""

    name: str
    value: str = ""
    assigned: bool = False

    def __str__(self) -> str:
        if self.name == TYPE:
            return self.value
        if self.assigned:
            return f"{self.name}={self.value}"
        return f"{self.name} {self.value}" if self.value else self.name


def attributes(pieces: Tokens) -> tuple[Attribute, ...]:
    """Attributes in their order; the first is the type."""
    pieces = stripped(pieces)
    index = _value_end(pieces, 0)
    found = [Attribute(TYPE, text(pieces[:index]))]
    while index < len(pieces):
        if pieces[index].kind is Kind.SPACE:
            index += 1
            continue
        name, index = _label(pieces, index)
        if index < len(pieces) and pieces[index].text == "=":
            end = _value_end(pieces, index + 1)
            found.append(Attribute(name, text(pieces[index + 1 : end]).strip(), assigned=True))
            index = end
        elif name in _VALUED:
            end = _value_end(pieces, index)
            found.append(Attribute(name, text(pieces[index:end]).strip()))
            index = end
        else:
            found.append(Attribute(name))
    return tuple(found)


def value_of(of: tuple[Attribute, ...], name: str) -> str:
    """The value of an attribute; empty when it is not there."""
    return next((attribute.value for attribute in of if attribute.name == name), "")


def has(of: tuple[Attribute, ...], name: str) -> bool:
    """Whether there is such an attribute."""
    return any(attribute.name == name for attribute in of)


def without(of: tuple[Attribute, ...], *names: str) -> tuple[Attribute, ...]:
    """All others."""
    return tuple(attribute for attribute in of if attribute.name not in names)


def changed(of: tuple[Attribute, ...], name: str, value: str) -> tuple[Attribute, ...]:
    """With another value for one of them."""
    return tuple(
        Attribute(name, value, attribute.assigned) if attribute.name == name else attribute
        for attribute in of
    )


def _label(pieces: Tokens, index: int) -> tuple[str, int]:
    """The attribute's name that begins here, in capitals, and where it ends."""
    following = [
        (at, piece.word)
        for at, piece in enumerate(pieces[index : index + 8], start=index)
        if piece.kind is not Kind.SPACE
    ]
    words = tuple(word for _, word in following)
    for long in _LONG:
        if words[: len(long)] == long:
            return " ".join(long), following[len(long) - 1][0] + 1
    piece = pieces[index]
    return (piece.word or piece.name.upper()), index + 1


def _value_end(pieces: Tokens, index: int) -> int:
    """Where a value ends: a literal, a name, a call, or a parenthesis."""
    while index < len(pieces) and pieces[index].kind is Kind.SPACE:
        index += 1
    if index < len(pieces) and pieces[index].text in {"-", "+"}:
        return _value_end(pieces, index + 1)
    if index >= len(pieces):
        return index
    if pieces[index].text == "(":
        return closing(pieces, index) + 1
    end = index + 1
    while end < len(pieces):
        here, before = pieces[end], pieces[end - 1]
        if here.text == "(" and before.kind is Kind.WORD:
            end = closing(pieces, end) + 1
        elif here.text == "." and before.kind in {Kind.WORD, Kind.NAME}:
            end += 2  # the decimals of a number, or the name behind a database's
        elif here.kind is Kind.TEXT and before.kind is Kind.WORD:
            end += 1  # b'0', _utf8mb4'…'
        else:
            break
    return end


def words_of(value: str) -> Tokens:
    """A value's pieces without spaces."""
    return significant(tokens(value))
