"""A whole table for the target: its CREATE, and what is added when it is full."""

from __future__ import annotations

from dataclasses import replace

from tsalab.messages import say
from tsalab.migrate.catalogue.asking import quote
from tsalab.migrate.catalogue.servers import Server
from tsalab.migrate.ddl.attributes import Attribute
from tsalab.migrate.ddl.columns import rewrite_column
from tsalab.migrate.ddl.context import Context, recollated
from tsalab.migrate.ddl.findings import Findings
from tsalab.migrate.ddl.keys import choose_path, early_keys, first_column, rewrite_keys
from tsalab.migrate.ddl.options import rewrite_options, rewrite_partitions
from tsalab.migrate.ddl.statement import Statement, parse, render
from tsalab.migrate.ddl.tokens import Kind, Tokens, significant, text
from tsalab.migrate.model import Column, Reference, Table


def rewrite(table: Table, source: Server, target: Server, findings: Findings) -> Table:
    """The table for a target; everything that is otherwise there is said in `findings`.

    Parameters
    ----------
    table
        As the catalogue reads it: `Table.create` is the source's own statement.
    source, target
        From where to where.
    findings
        Added to.
    """
    statement = parse(table.create)
    context = Context(source, target, table.name, _collation(statement, source), table.engine, findings)
    definitions: dict[str, tuple[Attribute, ...]] = {}
    there: list[Column] = []
    for column in table.columns:
        definition, made = rewrite_column(column, statement.columns[column.name], context)
        definitions[column.name] = definition
        there.append(made)
    known = {key.name: key for key in table.keys}
    keys = rewrite_keys(statement.keys, known, table.columns, context)
    path = choose_path(keys, known, table.columns, tuple(there))
    early = early_keys(keys, known, table.columns, path)
    items = [text(keys[name]) for name in early]
    items += _counting_key(table, keys, context)
    items += [check for tokens in statement.checks if (check := _check(tokens, context))]
    for _ in statement.others:
        findings.refuse(context.subject, say("migration.refusal.period"))
    create = render(
        table.name,
        definitions,
        items,
        rewrite_options(statement.options, context),
        rewrite_partitions(statement.partitions, context),
    )
    return replace(
        table,
        create=create,
        late_keys={name: text(key) for name, key in keys.items() if name not in early},
        foreign_keys=_foreign_keys(statement, context),
        references={name: _reference(key) for name, key in statement.foreign_keys.items()},
        path=path,
        target_columns=tuple(there) if tuple(there) != table.columns else (),
    )


def _collation(statement: Statement, source: Server) -> str:
    """The table's collation: an older server leaves it out where it is the character set's default."""
    for name, option in statement.options.items():
        if name.endswith("COLLATE"):
            return option.value
    for name, option in statement.options.items():
        if name.endswith(("CHARSET", "CHARACTER SET")):
            return source.defaults.get(option.value, "")
    return ""


def _check(tokens: Tokens, context: Context) -> str:
    words = [piece.word for piece in significant(tokens)]
    if words[-2:] == ["NOT", "ENFORCED"] and context.target.mariadb:
        context.findings.convert(
            context.subject, text(tokens), "", say("migration.conversion.check", server=context.target.named)
        )
        return ""
    return text(recollated(tokens, context.subject, context.target, context.findings))


def _counting_key(table: Table, keys: dict[str, Tokens], context: Context) -> list[str]:
    """InnoDB numbers only a column that leads a key; MyISAM and Aria number within a group."""
    counted = next((column.name for column in table.columns if column.auto_increment), "")
    if not counted or any(first_column(key) == counted for key in keys.values()):
        return []
    name = counted
    while name in keys:
        name += "_"
    definition = f"KEY {quote(name)} ({quote(counted)})"
    context.findings.convert(
        context.subject, "", definition, say("migration.conversion.counting_key", column=counted)
    )
    return [definition]


def _foreign_keys(statement: Statement, context: Context) -> dict[str, str]:
    found = {}
    for name, tokens in statement.foreign_keys.items():
        pieces = significant(tokens)
        at = [piece.word for piece in pieces].index("REFERENCES")
        if pieces[at + 2].text == ".":
            context.findings.refuse(
                say("migration.unsupported.foreign_key", key=name, table=context.table),
                say("migration.unsupported.because.other_database"),
            )
        found[name] = text(tokens)
    return found


def _reference(tokens: Tokens) -> Reference:
    pieces = significant(tokens)
    words = [piece.word for piece in pieces]
    at = words.index("REFERENCES")
    return Reference(
        tuple(_list(pieces, words.index("FOREIGN"))), pieces[at + 1].name, tuple(_list(pieces, at))
    )


def _list(pieces: Tokens, start: int) -> list[str]:
    """Names of the next list in parentheses."""
    texts = [piece.text for piece in pieces]
    first = texts.index("(", start)
    return [piece.name for piece in pieces[first + 1 : texts.index(")", first)] if piece.kind is Kind.NAME]
