"""A column's definition, as the target takes it."""

from __future__ import annotations

from dataclasses import replace

from tsalab.messages import say
from tsalab.migrate.ddl.attributes import TYPE, Attribute, changed, has, value_of, without, words_of
from tsalab.migrate.ddl.context import NEVER, Context, collated, recollated
from tsalab.migrate.ddl.tokens import Kind, text, tokens
from tsalab.migrate.model import Column

Attributes = tuple[Attribute, ...]

# MariaDB's own types: what holds their text, and since when MariaDB and MySQL have them.
_AS_TEXT = {
    "uuid": ("char", "char(36)", (10, 7), NEVER),
    "inet6": ("varchar", "varchar(45)", (10, 5), NEVER),
    "inet4": ("varchar", "varchar(15)", (10, 10), NEVER),
}
# The text of these is of ASCII, and equal without regard to case.
_ASCII = (Attribute("CHARACTER SET", "ascii"), Attribute("COLLATE", "ascii_general_ci"))
# Types that are refused where the target lacks them.
_NEWER = {"vector": ((11, 7), (9, 0)), "xmltype": ((12, 3), NEVER)}
_LONG = {
    "tinytext", "text", "mediumtext", "longtext", "tinyblob", "blob", "mediumblob", "longblob", "json",
    "geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon",
    "geometrycollection", "geomcollection",
}  # fmt: skip
_NOW = {"CURRENT_TIMESTAMP", "NOW", "LOCALTIME", "LOCALTIMESTAMP"}
# Said by one vendor about how it stores a column; it means nothing to the other.
_OF_MARIADB = ("COMPRESSED", "REF_SYSTEM_ID", "WITHOUT SYSTEM VERSIONING")
_OF_MYSQL = ("COLUMN_FORMAT", "STORAGE", "ENGINE_ATTRIBUTE", "SECONDARY_ENGINE_ATTRIBUTE", "VISIBLE")


def rewrite_column(column: Column, of: Attributes, context: Context) -> tuple[Attributes, Column]:
    """The definition for the target, and the column that it makes."""
    of = _explicit_collation(column, of, context)
    if column.kind in _AS_TEXT:
        return _as_text(column, of, context)
    _refuse_unknown_type(column, context)
    _refuse_sequences(column, of, context)
    of, there = _recollated(column, of, context)
    of = _invisible(column, of, context)
    if context.crossing:
        to_vendor = _to_mariadb if context.target.mariadb else _to_mysql
        of, there = to_vendor(there, of, context)
    return of, there


def _explicit_collation(column: Column, of: Attributes, context: Context) -> Attributes:
    """Without it, a column has its character set's default, and servers differ about that."""
    if not column.collation or has(of, "COLLATE") or column.kind == "json":
        return of
    if column.collation == context.collation and not has(of, "CHARACTER SET"):
        return of
    added = [Attribute("CHARACTER SET", column.charset), Attribute("COLLATE", column.collation)]
    return (of[0], *added, *without(of[1:], "CHARACTER SET"))


def _recollated(column: Column, of: Attributes, context: Context) -> tuple[Attributes, Column]:
    if not column.collation or column.kind == "json":
        return of, column
    subject = context.column(column.name)
    known = context.target.defaults
    three_bytes = {"utf8", "utf8mb3"}  # one character set, which has had two names
    same = column.charset in three_bytes and three_bytes & known.keys()
    there = column.charset in known or f"{column.charset}_bin" in context.target.collations or same
    if known and not there:
        context.findings.refuse(
            subject, say("migration.refusal.charset", charset=column.charset, server=context.target.named)
        )
        return of, column
    new = collated(subject, column.collation, context.target, context.findings)
    return changed(of, "COLLATE", new), replace(column, collation=new)


def _as_text(column: Column, of: Attributes, context: Context) -> tuple[Attributes, Column]:
    kind, definition, mariadb, mysql = _AS_TEXT[column.kind]
    if not context.target_lacks(mariadb, mysql):
        return of, column
    subject = context.column(column.name)
    context.findings.convert(
        subject,
        column.definition,
        definition,
        say("migration.conversion.type", kind=column.kind, server=context.target.named),
    )
    there = replace(column, kind=kind, definition=definition, charset="ascii", collation="ascii_general_ci")
    of = (Attribute(TYPE, definition), *_ASCII, *of[1:])
    of = _invisible(column, of, context)
    return (of if context.target.mariadb else _parenthesised(there, of, context)), there


def _refuse_unknown_type(column: Column, context: Context) -> None:
    if column.kind in _NEWER and context.target_lacks(*_NEWER[column.kind]):
        context.findings.refuse(
            context.column(column.name),
            say("migration.refusal.type", kind=column.kind, server=context.target.named),
        )


def _refuse_sequences(column: Column, of: Attributes, context: Context) -> None:
    """A default that counts by a sequence: sequences are not moved, also where only tables were chosen."""
    if any(piece.word == "NEXTVAL" for piece in tokens(value_of(of, "DEFAULT"))):
        context.findings.refuse(context.column(column.name), say("migration.unsupported.because.sequence"))


def _invisible(column: Column, of: Attributes, context: Context) -> Attributes:
    if has(of, "INVISIBLE") and context.target_lacks((10, 3), (8, 0, 23)):
        context.findings.convert(
            context.column(column.name),
            "INVISIBLE",
            "",
            say("migration.conversion.invisible", server=context.target.named),
        )
        return without(of, "INVISIBLE")
    return of


def _dropped(column: Column, of: Attributes, names: tuple[str, ...], context: Context) -> Attributes:
    for name in names:
        if has(of, name):
            context.findings.convert(
                context.column(column.name),
                " ".join(str(attribute) for attribute in of if attribute.name == name),
                "",
                say("migration.conversion.storage", server=context.target.named),
            )
    return without(of, *names)


def _to_mysql(column: Column, of: Attributes, context: Context) -> tuple[Attributes, Column]:
    of = _dropped(column, of, _OF_MARIADB, context)
    of = tuple(Attribute("STORED") if attribute.name == "PERSISTENT" else attribute for attribute in of)
    return _parenthesised(column, _expressions(column, of, context), context), column


def _to_mariadb(column: Column, of: Attributes, context: Context) -> tuple[Attributes, Column]:
    subject = context.column(column.name)
    of = _dropped(column, of, _OF_MYSQL, context)
    if column.generated and has(of, "NOT NULL"):
        context.findings.convert(
            subject,
            "NOT NULL",
            "",
            say("migration.conversion.generated_not_null", server=context.target.named),
        )
        of = without(of, "NOT NULL")
        column = replace(column, nullable=True)
    if column.kind == "json":
        context.findings.convert(subject, "json", "longtext", say("migration.conversion.json"))
        column = replace(
            column, kind="longtext", definition="longtext", charset="utf8mb4", collation="utf8mb4_bin"
        )
    if column.kind == "geomcollection":  # the same type under another name
        of = changed(of, TYPE, "geometrycollection")
        column = replace(column, kind="geometrycollection", definition="geometrycollection")
    of = tuple(
        Attribute("REF_SYSTEM_ID", attribute.value, assigned=True) if attribute.name == "SRID" else attribute
        for attribute in of
    )
    return _expressions(column, of, context), column


def _expressions(column: Column, of: Attributes, context: Context) -> Attributes:
    subject = context.column(column.name)
    return tuple(
        replace(
            attribute,
            value=text(recollated(tokens(attribute.value), subject, context.target, context.findings)),
        )
        if attribute.name in {"GENERATED ALWAYS AS", "AS", "DEFAULT", "CHECK"}
        else attribute
        for attribute in of
    )


def _parenthesised(column: Column, of: Attributes, context: Context) -> Attributes:
    """MySQL takes a function, and any default of a TEXT or BLOB, in parentheses only (error 1101)."""
    value = value_of(of, "DEFAULT")
    if not value or not _needs_parentheses(column.kind, value):
        return of
    becomes = f"({value})"
    context.findings.convert(
        context.column(column.name),
        f"DEFAULT {value}",
        f"DEFAULT {becomes}",
        say("migration.conversion.default", server=context.target.named),
    )
    return changed(of, "DEFAULT", becomes)


def _needs_parentheses(kind: str, value: str) -> bool:
    pieces = words_of(value)
    first = pieces[0]
    if first.text == "(" or first.word == "NULL":
        return False
    if first.word in _NOW:
        return kind not in {"timestamp", "datetime"}
    literal = (
        first.kind is not Kind.WORD
        or first.text[0].isdigit()
        or first.word in {"TRUE", "FALSE"}
        or (len(pieces) == 2 and pieces[1].kind is Kind.TEXT)
    )
    return kind in _LONG or not literal
