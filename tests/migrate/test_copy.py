"""A copy: whole, of one moment, again and after an interruption; never over somebody else's rows."""

from __future__ import annotations

import threading
from dataclasses import replace

import pymysql
import pytest

from tsalab.errors import MigrationError
from tsalab.migrate import (
    Progress,
    compare,
    connect,
    copy,
    count,
    digest,
    ledger,
    plan,
    prepare,
    tables,
)

from .gallery import GALLERY


def test_the_gallery(pair, here, servers) -> None:
    source, target = pair
    here(*GALLERY)
    seen: list[tuple[Progress, int]] = []
    report = copy(source, target, lambda progress: seen.append((progress, threading.get_ident())))
    assert [(done.table, done.rows, done.how) for done in report.tables] == [
        ("categories", 2, "copied"),
        ("image_tags", 3, "copied"),
        ("images", 2, "copied"),
    ]
    assert report.foreign_keys == 2
    assert {thread for _, thread in seen} == {threading.get_ident()}
    last = {progress.table: progress for progress, _ in seen}
    assert all(progress.rows == progress.total for progress in last.values())
    assert last["images"].bytes > 50
    comparison = compare(source, target)
    assert comparison.equal
    assert not comparison.only_in_target
    assert [(row.source_rows, row.target_rows) for row in comparison.rows] == [(2, 2), (3, 3), (2, 2)]
    for table in ("categories", "images", "image_tags"):
        assert shown(servers[0], "here", table) == shown(servers[1], "there", table)


def shown(server, database: str, table: str) -> str:
    with (
        pymysql.connect(
            host="127.0.0.1", port=server.port, user="root", password="word of root", database=database
        ) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(f"SHOW CREATE TABLE {table}")
        return cursor.fetchone()[1]


def test_large_tables_go_in_batches(pair, here, monkeypatch) -> None:
    source, target = pair
    here(
        "CREATE TABLE t (id INT PRIMARY KEY, body TEXT)",
        "INSERT INTO t SELECT seq, REPEAT(CHAR(65 + seq % 26), 500) FROM seq_1_to_5000",
    )
    seen: list[Progress] = []
    copy(source, target, seen.append)
    assert [step.rows for step in seen] == sorted(step.rows for step in seen)
    assert len(seen) > 4
    assert compare(source, target).equal


def test_again_changes_nothing(pair, here) -> None:
    source, target = pair
    here(*GALLERY)
    copy(source, target)
    again = copy(source, target)
    assert {done.how for done in again.tables} == {"already equal"}
    assert again.foreign_keys == 0


def test_our_own_rows_are_replaced_when_the_source_went_on(pair, here) -> None:
    source, target = pair
    here(*GALLERY)
    copy(source, target)
    here("DELETE FROM image_tags LIMIT 1", "UPDATE categories SET name = 'new' WHERE id = 7")
    assert {done.table: done.how for done in copy(source, target).tables} == {
        "categories": "replaced",
        "image_tags": "replaced",
        "images": "already equal",
    }
    assert compare(source, target).equal
    assert compare(source, target).rows[2].source_rows == 2


def test_somebody_elses_rows_are_not(pair, here, there) -> None:
    source, target = pair
    here(*GALLERY)
    copy(source, target)
    there("INSERT INTO categories (name) VALUES ('written through the site')")
    with pytest.raises(MigrationError, match="categories holds 3 rows that are not"):
        copy(source, target)
    assert not compare(source, target).equal
    assert copy(source, target, replace=True).tables[0].how == "replaced"
    assert compare(source, target).equal


def test_what_the_dump_loaded_is_recognised(pair, here, there) -> None:
    source, target = pair
    here(*GALLERY)
    there(*GALLERY)
    assert {done.how for done in copy(source, target).tables} == {"already equal"}


def test_the_snapshot_is_of_one_moment(pair, here, monkeypatch) -> None:
    source, target = pair
    here(
        "CREATE TABLE a (id INT)",
        "CREATE TABLE b (id INT)",
        "INSERT INTO a VALUES (1)",
        "INSERT INTO b VALUES (1)",
    )
    before = {name: digest(connect(source), name) for name in "ab"}
    written = []

    def write(progress: Progress) -> None:
        if not written:
            written.append(progress)
            here("INSERT INTO a VALUES (2)", "INSERT INTO b VALUES (2)")

    copy(source, target, write)
    assert {name: digest(connect(target), name) for name in "ab"} == before


def test_interrupted_at_any_point_it_continues(pair, here) -> None:
    source, target = pair
    here(*GALLERY)
    for stop in range(12):
        steps = iter(range(stop + 1))

        def tell(_: Progress, steps=steps, stop=stop) -> None:
            if next(steps) == stop:
                raise KeyboardInterrupt

        try:
            copy(source, target, tell)
        except KeyboardInterrupt:
            rows = {row.table: row.target_rows for row in compare(source, target).rows}
            assert all(rows[table] in (0, full) for table, full in (("images", 2), ("image_tags", 3)))
            continue
        break
    else:
        pytest.fail("never finished")
    assert compare(source, target).equal


def test_prepare_creates_empty_tables(pair, here) -> None:
    source, target = pair
    here(
        *GALLERY,
        "CREATE VIEW v AS SELECT 1",
        "CREATE TRIGGER tr BEFORE INSERT ON images FOR EACH ROW SET @x = 1",
        "CREATE FUNCTION f() RETURNS INT RETURN 1",
        "CREATE PROCEDURE p() SELECT 1",
        "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO SELECT 1",
    )
    made = prepare(source, target)
    assert made.created == ("categories", "image_tags", "images")
    assert made.rows == {"categories": 2, "image_tags": 3, "images": 2}
    assert made.left_out == ("event e", "function f", "procedure p", "trigger tr", "view v")
    assert prepare(source, target).created == ()
    assert plan(source).tables == made.tables
    assert [row.target_rows for row in compare(source, target).rows] == [0, 0, 0]
    assert copy(source, target).left_out == made.left_out


def test_the_source_is_only_read(pair, here, servers) -> None:
    source, target = pair
    here(*GALLERY)
    servers[0].sql("GRANT SELECT, SHOW VIEW ON here.* TO reader@localhost")
    reader = replace(source, user="reader", password="r")
    assert len(copy(reader, target).tables) == 3


def test_ledger_is_not_part_of_the_data(pair, here) -> None:
    here("CREATE TABLE t (a INT)")
    copy(*pair)
    with connect(pair[1]) as connection:
        assert tables(connection) == ["t"]
        assert count(connection, ledger.NAME) == 1
