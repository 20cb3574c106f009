"""What makes a table whole once its rows are there: late keys, foreign keys; and the stored objects."""

from __future__ import annotations

from collections.abc import Sequence

from tsalab.messages import say
from tsalab.migrate.catalogue import foreign_key_names, keys, quote
from tsalab.migrate.catalogue.objects import names_of_objects
from tsalab.migrate.login import Connection, Login, named
from tsalab.migrate.model import Reference, StoredObject, Table

# The server builds one of these at a time, each by going through the whole table.
_ALONE = ("FULLTEXT", "SPATIAL")


def add_late_keys(connection: Connection, table: Table, target: Login) -> int:
    """Add the keys that the table lacks: all in one pass, those the server takes alone one by one."""
    with named(target, say("migration.doing.adding_indexes", table=table.name), table.name):
        present = {key.name for key in keys(connection, table.name)}
        missing = [definition for name, definition in table.late_keys.items() if name not in present]
        alone = [definition for definition in missing if definition.lstrip().upper().startswith(_ALONE)]
        together = [definition for definition in missing if definition not in alone]
        for group in (together, *([definition] for definition in alone)):
            if group:
                added = ", ".join(f"ADD {definition}" for definition in group)
                with connection.cursor() as cursor:
                    cursor.execute(f"ALTER TABLE {quote(table.name)} {added}")
    return len(missing)


def add_foreign_keys(connection: Connection, table: Table, target: Login) -> tuple[int, list[str]]:
    """Add the foreign keys that the table lacks; how many, and notes about rows they do not hold for.

    The rows are looked through by a query, and the key is added without another look: with
    checks on, the server would copy the whole table for it.
    """
    notes: list[str] = []
    with named(target, say("migration.doing.adding_keys", table=table.name), table.name):
        present = foreign_key_names(connection, table.name)
        missing = {name: made for name, made in table.foreign_keys.items() if name not in present}
        for name in missing:
            reference = table.references.get(name)
            if reference is not None and (orphans := _orphans(connection, table.name, reference)):
                notes.append(say("migration.note.orphans", key=name, table=table.name, count=orphans))
        if missing:
            added = ", ".join(f"ADD {definition}" for definition in missing.values())
            with connection.cursor() as cursor:
                cursor.execute(f"ALTER TABLE {quote(table.name)} {added}")
    return len(missing), notes


def make_objects(
    connection: Connection, objects: Sequence[StoredObject], target: Login
) -> tuple[list[str], list[str]]:
    """Make views, triggers, routines and events that are not there; names made, and names left out."""
    made, left_out = [], []
    with named(target, say("migration.doing.reading_tables")):
        present = set(names_of_objects(connection))
    for each in objects:
        label = f"{each.kind} {each.name}"
        if not each.copied:
            left_out.append(label)
        elif label not in present:
            with (
                named(target, say("migration.doing.making_object", what=label)),
                connection.cursor() as cursor,
            ):
                for variable, value in each.session.items():
                    cursor.execute(f"SET {variable} = %s", (value,))
                cursor.execute(each.create)
            made.append(label)
    return made, left_out


def _orphans(connection: Connection, child: str, reference: Reference) -> int:
    """Rows whose parent is not there.

    First each value is looked for once: the key's index gives them without its rows, which
    takes a sixth of the time. Rows are counted only when one of them is missing.
    """
    pairs = list(zip(reference.columns, reference.parent_columns, strict=True))
    ours = ", ".join(quote(column) for column, _ in pairs)
    joined = " AND ".join(f"c.{quote(column)}=p.{quote(theirs)}" for column, theirs in pairs)
    whole = " AND ".join(f"{quote(column)} IS NOT NULL" for column, _ in pairs)
    values = f"SELECT DISTINCT {ours} FROM {quote(child)} WHERE {whole}"  # noqa: S608 - names are quoted
    rows = f"SELECT {ours} FROM {quote(child)} WHERE {whole}"  # noqa: S608 - names are quoted
    orphans = 0
    for what in (values, rows):
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT COUNT(*) FROM ({what}) c LEFT JOIN {quote(reference.parent)} p ON {joined}"  # noqa: S608 - names are quoted
                f" WHERE p.{quote(pairs[0][1])} IS NULL"
            )
            row = cursor.fetchone()
        assert row is not None  # noqa: S101 - COUNT always gives a row
        orphans = int(row[0])
        if not orphans:
            break
    return orphans
