"""Keys for the target: which of them a table is made with, which come late, and along which it is read."""

from __future__ import annotations

from collections.abc import Mapping

from tsalab.messages import say
from tsalab.migrate.ddl.context import Context
from tsalab.migrate.ddl.statement import parts_of
from tsalab.migrate.ddl.tokens import Kind, Token, Tokens, significant, text
from tsalab.migrate.model import Column, Key

# Exact kinds, whose order is the same on every server.
_ORDERED = {
    "tinyint", "smallint", "mediumint", "int", "bigint", "decimal",
    "date", "time", "datetime", "timestamp", "year",
    "binary", "varbinary", "char", "varchar",
}  # fmt: skip

SPATIAL = {
    "geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon",
    "geometrycollection", "geomcollection",
}  # fmt: skip


def rewrite_keys(
    keys: Mapping[str, Tokens], of: Mapping[str, Key], columns: tuple[Column, ...], context: Context
) -> dict[str, Tokens]:
    """Every key as the target takes it; one that it cannot have is left out or refused, and said."""
    spatial = {column.name for column in columns if column.kind in SPATIAL}
    found = {}
    for name, pieces in keys.items():
        key = of.get(name)
        if key is not None and not context.target.mariadb and _orders(key, spatial):
            _refuse_or_drop(key, pieces, context)
            continue
        made = _rewritten(name, pieces, key, context)
        if made:
            found[name] = made
    if not context.target.mariadb and "PRIMARY" not in found:
        _show_clustering(found, of, columns, context)
    return found


def _show_clustering(
    found: dict[str, Tokens], of: Mapping[str, Key], columns: tuple[Column, ...], context: Context
) -> None:
    """MySQL does not hide the unique key that stands in for a primary one (error 3522)."""
    nullable = {column.name for column in columns if column.nullable}
    for name, pieces in found.items():
        key = of.get(name)
        if key is not None and key.unique and not nullable & set(key.columns):
            shown = tuple(piece for piece in pieces if piece.word != "INVISIBLE")
            if shown != pieces:
                found[name] = shown
                context.findings.convert(
                    context.key(name),
                    "INVISIBLE",
                    "",
                    say("migration.conversion.clustering_key", server=context.target.named),
                )


def _orders(key: Key, spatial: set[str]) -> bool:
    """Whether it is an ordinary key over a spatial value, by its first bytes: MariaDB alone has such."""
    return key.kind == "BTREE" and bool(spatial & set(key.columns))


def _refuse_or_drop(key: Key, pieces: Tokens, context: Context) -> None:
    subject, server = context.key(key.name), context.target.named
    if key.unique:
        context.findings.refuse(subject, say("migration.refusal.spatial_key", server=server))
    else:
        context.findings.convert(
            subject, text(pieces), "", say("migration.conversion.spatial_key", server=server)
        )


def _rewritten(name: str, pieces: Tokens, key: Key | None, context: Context) -> Tokens:
    subject = context.key(name)
    before, parts, after = parts_of(pieces)
    findings = context.findings
    if any(part and part[-1].word == "OVERLAPS" for part in parts):
        findings.refuse(subject, say("migration.refusal.period"))
        return ()
    if context.target.mariadb and any(part and part[0].text == "(" for part in parts):
        findings.refuse(subject, say("migration.refusal.functional_key", server=context.target.named))
        return ()
    if not context.target.mariadb and before[0].word == "VECTOR":
        findings.convert(
            subject, text(pieces), "", say("migration.conversion.vector_key", server=context.target.named)
        )
        return ()
    if not context.target.mariadb and key is not None and _is_long(key, context.engine):
        findings.refuse(subject, say("migration.refusal.long_unique", server=context.target.named))
        return ()
    return (*pieces[: len(pieces) - len(after)], *_options(after, subject, context))


def _is_long(key: Key, engine: str) -> bool:
    """Whether it is MariaDB's UNIQUE over values that no index can hold: by a hash of them."""
    return key.unique and key.kind == "HASH" and engine.upper() != "MEMORY"


def _options(after: Tokens, subject: str, context: Context) -> Tokens:
    """What stands behind a key's list."""
    words = [piece.word for piece in after]
    for hidden in ("IGNORED", "INVISIBLE"):
        if hidden in words:
            return _hidden(after, words.index(hidden), subject, context)
    if context.crossing and "PARSER" in words:
        at = words.index("PARSER")
        context.findings.convert(
            subject,
            text(after[at - 2 : at + 3]).strip(),
            "",
            say("migration.conversion.parser", server=context.target.named),
        )
        return after[: at - 2] + after[at + 3 :]
    return after


def _hidden(after: Tokens, at: int, subject: str, context: Context) -> Tokens:
    """A key that no query uses: IGNORED on MariaDB, INVISIBLE on MySQL."""
    was = after[at].text
    lacking = context.target_lacks((10, 6), (8, 0))
    becomes = "" if lacking else ("IGNORED" if context.target.mariadb else "INVISIBLE")
    if becomes != was.upper():
        context.findings.convert(
            subject, was, becomes, say("migration.conversion.hidden_key", server=context.target.named)
        )
    new = (Token(Kind.WORD, becomes),) if becomes else ()
    return after[:at] + new + after[at + 1 :]


def choose_path(
    keys: Mapping[str, Tokens], of: Mapping[str, Key], here: tuple[Column, ...], there: tuple[Column, ...]
) -> Key | None:
    """The key that a table is read and written along.

    The primary key first, then any other unique one whose columns cannot be NULL, in their
    order. Every column must take part whole and ascending, and be of a kind that both sides
    keep exactly and order alike.
    """
    ours = {column.name: column for column in here}
    theirs = {column.name: column for column in there}
    for name in sorted(keys, key=lambda name: name != "PRIMARY"):
        key = of.get(name)
        if (
            key is not None
            and key.unique
            and key.whole
            and key.kind == "BTREE"
            and not {"IGNORED", "INVISIBLE", "DESC"} & {piece.word for piece in keys[name]}
            and all(_ordered(ours.get(column), theirs.get(column)) for column in key.columns)
        ):
            return key
    return None


def _ordered(here: Column | None, there: Column | None) -> bool:
    return (
        here is not None
        and there is not None
        and not here.generated
        and not here.nullable
        and here.kind in _ORDERED
        and here.kind == there.kind
        and here.collation == there.collation
    )


def early_keys(
    keys: Mapping[str, Tokens], of: Mapping[str, Key], columns: tuple[Column, ...], path: Key | None
) -> list[str]:
    """Names of the keys that a table is made with.

    The primary key; the one it is filled along; what AUTO_INCREMENT needs. Without a primary key
    the first unique one whose columns cannot be NULL is what InnoDB orders its rows by, so that
    one is there from the beginning, and none of its kind may come before the path.
    """
    nullable = {column.name for column in columns if column.nullable}
    early = [name for name in keys if name == "PRIMARY"]
    clustering = [name for name in keys if _is_clustering(of.get(name), nullable) and name != "PRIMARY"]
    if path is not None and path.name in clustering:
        early += clustering[: clustering.index(path.name) + 1]
    elif not early:
        early += clustering[:1]
    counted = next((column.name for column in columns if column.auto_increment), "")
    if counted and not any(first_column(keys[name]) == counted for name in early):
        early += [name for name in keys if first_column(keys[name]) == counted][:1]
    return [name for name in keys if name in early]


def _is_clustering(key: Key | None, nullable: set[str]) -> bool:
    return key is not None and key.unique and key.whole and not nullable & set(key.columns)


def first_column(key: Tokens) -> str:
    """The name of the column that leads a key; empty for an expression."""
    _, parts, _ = parts_of(key)
    first = significant(parts[0])
    return first[0].name if first else ""
