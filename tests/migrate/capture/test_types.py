"""Changes of every type of column arrive as they were, in the eyes of the server itself."""

from __future__ import annotations

from ..test_types import ZOO, hex_of
from .zoo import MORE


def test_every_type_inserted_updated_and_deleted(followed) -> None:
    zoo = {f"t{number}": table for number, table in enumerate([*ZOO.values(), *MORE.values()])}
    relaxed = "SET SESSION sql_mode = ''"
    followed.here(relaxed, *(f"CREATE TABLE {name} ({columns})" for name, (columns, _) in zoo.items()))
    with followed.following() as replication:
        filled = {name: values for name, (_, values) in zoo.items() if values}
        followed.here(relaxed, *(f"INSERT INTO {name} VALUES {values}" for name, values in filled.items()))
        replication.catch_up(30)
        same(followed, zoo)
        followed.here(relaxed, *emptied(followed.servers[0], filled))
        replication.catch_up(30)
        same(followed, zoo)
        followed.here(*(f"DELETE FROM {name} LIMIT 1" for name in filled))
        replication.catch_up(30)
        followed.must_be_equal()
        followed.here(*(f"DELETE FROM {name}" for name in filled))


def emptied(server, names) -> list[str]:
    """Statements that make about every second value NULL that may be so."""
    with server.link("here") as link, link.cursor() as cursor:
        cursor.execute(
            "SELECT TABLE_NAME, COLUMN_NAME FROM information_schema.COLUMNS"
            " WHERE TABLE_SCHEMA = 'here' AND IS_NULLABLE = 'YES'"
        )
        found = [(table, column.replace("`", "``")) for table, column in cursor.fetchall() if table in names]
    assert len(found) > 50
    sets: dict[str, list[str]] = {}
    for table, column in found:
        sets.setdefault(table, []).append(f"`{column}` = IF(RAND() < 0.5, NULL, `{column}`)")
    return [f"UPDATE {table} SET {', '.join(changes)}" for table, changes in sets.items()]


def same(followed, zoo) -> None:
    source, target = followed.servers
    for name in zoo:
        assert hex_of(source, "here", name) == hex_of(target, "there", name), name
