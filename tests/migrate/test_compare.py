"""Counts and digests: what is equal, and what is not."""

from __future__ import annotations

import pytest

from tsalab.errors import MigrationError
from tsalab.migrate import (
    compare,
    connect,
    count,
    digest,
    tables,
)
from tsalab.migrate.model import Column

from .gallery import GALLERY


def test_only_in_target(pair, here, there) -> None:
    source, target = pair
    here("CREATE TABLE a (id INT)")
    there("CREATE TABLE extra (id INT)")
    compared = compare(source, target)
    assert compared.only_in_target == ("extra",)
    assert not compared.equal


def test_counts_tables_and_a_usable_connection_afterwards(pair, here) -> None:
    here(*GALLERY)
    with connect(pair[0]) as connection:
        assert tables(connection) == ["categories", "image_tags", "images"]
        assert count(connection, "image_tags") == 3
        first = digest(connection, "images")
        assert (first.table, first.rows, len(first.digest)) == ("images", 2, 64)
        with connection.cursor() as cursor:
            cursor.execute("SELECT name FROM categories WHERE id = 7")
            assert cursor.fetchone() == ("Söhne 🏔",)


def test_equal_rows_in_another_order_and_other_columns(pair, here, there) -> None:
    here("CREATE TABLE t (a INT, b INT)", "INSERT INTO t VALUES (1, 2), (3, NULL)")
    there("CREATE TABLE t (a INT, b INT)", "INSERT INTO t VALUES (3, NULL), (1, 2)")
    assert compare(*pair).equal
    there("UPDATE t SET a = 2, b = 1 WHERE a = 1")
    assert not compare(*pair).equal


def test_mysqls_json_is_compared_by_structure() -> None:
    from tsalab.migrate.digests import Summer

    column = (Column("a", "json", False),)
    one, two = Summer("t", column), Summer("t", column)
    one.add((b'{"a": 1, "b": "\\u00fc"}',))
    two.add(('{"b":"ü","a":1}',))
    assert one.digest() == two.digest()


def test_no_such_table(pair) -> None:
    with connect(pair[0]) as connection, pytest.raises(MigrationError, match="no table t"):
        digest(connection, "t")
