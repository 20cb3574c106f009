"""A copy: whole, of one moment, again and after an interruption; never over somebody else's rows."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from tsalab.errors import MigrationError
from tsalab.migrate import (
    Event,
    Migration,
    Options,
    Phase,
    Report,
    checkpoints,
    compare,
    connect,
    count,
    digest,
    tables,
)

from .gallery import GALLERY

RESUME = Options(resume=True)


def copied(pair, options: Options = RESUME, **more) -> Report:
    return Migration(*pair, options).run(**more)


def how(report: Report) -> dict[str, str]:
    return {table.table: table.how for table in report.tables}


def test_the_gallery(pair, here, servers) -> None:
    source, target = pair
    here(*GALLERY)
    seen: list[tuple[Event, int]] = []
    report = Migration(source, target).run(lambda event: seen.append((event, threading.get_ident())))
    assert {done.table: (done.rows, done.how) for done in report.tables} == {
        "categories": (2, "copied"),
        "image_tags": (3, "copied"),
        "images": (2, "copied"),
    }
    assert all(done.source_digest == done.target_digest for done in report.tables)
    assert report.foreign_keys == 2
    assert {thread for _, thread in seen} == {threading.get_ident()}
    last = {event.table: event for event, _ in seen if event.table}
    assert {event.phase for event in last.values()} == {Phase.DONE}
    assert all(event.rows == event.total for event in last.values())
    assert last["images"].bytes > 50
    comparison = compare(source, target)
    assert comparison.equal
    assert not comparison.only_in_target
    assert [(row.source_rows, row.target_rows) for row in comparison.rows] == [(2, 2), (3, 3), (2, 2)]
    for table in ("categories", "images", "image_tags"):
        assert shown(servers[0], "here", table) == shown(servers[1], "there", table)


def shown(server, database: str, table: str) -> str:
    with (
        server.link(database) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(f"SHOW CREATE TABLE {table}")
        return cursor.fetchone()[1]


def test_large_tables_go_in_pieces(pair, here) -> None:
    here(
        "CREATE TABLE t (id INT PRIMARY KEY, body TEXT, KEY (body(10)), FULLTEXT words (body))",
        "INSERT INTO t SELECT seq, REPEAT(CHAR(65 + seq % 26), 500) FROM seq_1_to_20000",
    )
    seen: list[Event] = []
    (done,) = copied(pair, on_event=seen.append).tables
    assert done.pieces > 4
    rows = [event.rows for event in seen if event.phase is Phase.COPY]
    assert rows == sorted(rows)
    assert Phase.KEYS in {event.phase for event in seen}
    assert compare(*pair).equal
    with connect(pair[1]) as connection, connection.cursor() as cursor:
        cursor.execute("SHOW INDEX FROM t")
        assert {row[2] for row in cursor.fetchall()} == {"PRIMARY", "body", "words"}


def test_again_changes_nothing(pair, here) -> None:
    here(*GALLERY)
    copied(pair)
    again = copied(pair)
    assert set(how(again).values()) == {"already equal"}
    assert again.foreign_keys == 0
    with pytest.raises(MigrationError, match="begun by an earlier migration") as caught:
        copied(pair, Options())
    assert "--resume" in str(caught.value)


def test_our_own_rows_are_replaced_when_the_source_went_on(pair, here) -> None:
    here(*GALLERY)
    copied(pair)
    here("DELETE FROM image_tags LIMIT 1", "UPDATE categories SET name = 'new' WHERE id = 7")
    assert how(copied(pair)) == {"categories": "copied", "image_tags": "copied", "images": "already equal"}
    assert compare(*pair).equal
    assert [row.source_rows for row in compare(*pair).rows] == [2, 2, 2]


def test_only_the_piece_that_changed_is_copied_again(pair, here) -> None:
    here(
        "CREATE TABLE t (id INT PRIMARY KEY, body TEXT)",
        "INSERT INTO t SELECT seq, REPEAT('x', 1000) FROM seq_1_to_10000",
    )
    before = copied(pair).tables[0]
    here("UPDATE t SET body = 'y' WHERE id = 5000", "INSERT INTO t VALUES (-7, 'z'), (20000, 'z')")
    after = copied(pair).tables[0]
    assert after.how == "resumed"
    assert before.pieces - 3 <= after.proven < before.pieces
    assert compare(*pair).equal


def test_somebody_elses_rows_are_not(pair, here, there) -> None:
    here(*GALLERY)
    copied(pair)
    there("INSERT INTO categories (name) VALUES ('written through the site')")
    with pytest.raises(MigrationError, match="categories holds 3 rows that are not"):
        copied(pair)
    assert not compare(*pair).equal
    copied(pair, Options(resume=True, replace=True))
    assert compare(*pair).equal


@pytest.mark.parametrize("key", ["id INT PRIMARY KEY", "id INT"])
def test_rows_that_came_another_way_are_replaced_only_when_asked(pair, here, there, key: str) -> None:
    here(f"CREATE TABLE t ({key}, a INT)", "INSERT INTO t VALUES (1, 1), (2, 2)")
    there(f"CREATE TABLE t ({key}, a INT)", "INSERT INTO t VALUES (2, 3), (9, 9)")
    with pytest.raises(MigrationError, match="t holds 2 rows that are not"):
        copied(pair)
    copied(pair, Options(replace=True))
    assert compare(*pair).equal


def test_what_the_dump_loaded_is_recognised(pair, here, there) -> None:
    here(*GALLERY)
    there(*GALLERY)
    assert set(how(copied(pair)).values()) == {"already equal"}


def test_the_snapshot_is_of_one_moment(pair, here, monkeypatch) -> None:
    here(
        "CREATE TABLE a (id INT)",
        "CREATE TABLE b (id INT)",
        "INSERT INTO a VALUES (1)",
        "INSERT INTO b VALUES (1)",
    )
    before = {}
    for name in "ab":
        with connect(pair[0]) as connection:
            before[name] = digest(connection, name)
    written = []

    def write(event: Event) -> None:
        if not written:
            written.append(event)
            here("INSERT INTO a VALUES (2)", "INSERT INTO b VALUES (2)")

    copied(pair, on_event=write)
    assert written
    with connect(pair[1]) as connection:
        assert {name: digest(connection, name) for name in "ab"} == before


def test_interrupted_at_any_point_it_continues(pair, here) -> None:
    here(*GALLERY)
    for stop in range(40):
        steps = iter(range(stop + 1))

        def tell(_: Event, steps=steps, stop=stop) -> None:
            if next(steps) == stop:
                raise KeyboardInterrupt

        try:
            copied(pair, on_event=tell)
        except KeyboardInterrupt:
            rows = {row.table: row.target_rows for row in compare(*pair).rows}
            assert all(rows[table] in (None, 0, full) for table, full in (("images", 2), ("image_tags", 3)))
            continue
        break
    else:
        pytest.fail("never finished")
    assert stop > 3
    assert compare(*pair).equal


def test_prepare_creates_empty_tables(pair, here) -> None:
    here(*GALLERY)
    made = Migration(*pair).prepare()
    assert sorted(table.name for table in made.tables) == ["categories", "image_tags", "images"]
    assert made.present == ()
    assert sorted(Migration(*pair).prepare().present) == ["categories", "image_tags", "images"]
    assert [row.target_rows for row in compare(*pair).rows] == [0, 0, 0]
    copied(pair)
    assert compare(*pair).equal


def test_stored_objects_come_last(pair, here) -> None:
    here(
        *GALLERY,
        "CREATE VIEW second AS SELECT 1 AS one",
        "CREATE VIEW first AS SELECT one FROM second",
        "CREATE TRIGGER tr BEFORE INSERT ON images FOR EACH ROW SET NEW.title = CONCAT('t', NEW.title)",
        "CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 41 + 1",
        "CREATE PROCEDURE p() SELECT 1",
        "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO SELECT 1",
    )
    report = copied(pair)
    assert sorted(report.objects) == [
        "event e",
        "function f",
        "procedure p",
        "trigger tr",
        "view first",
        "view second",
    ]
    assert compare(*pair).equal, "no trigger ran on what was copied"
    with connect(pair[1]) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT f(), (SELECT one FROM first)")
        assert cursor.fetchone() == (42, 1)
        cursor.execute("SELECT STATUS FROM information_schema.EVENTS WHERE EVENT_SCHEMA = DATABASE()")
        assert cursor.fetchone() == ("DISABLED",)
    assert copied(pair).objects == ()


def test_the_source_is_only_read(pair, here, servers) -> None:
    source, target = pair
    here(*GALLERY)
    servers[0].sql("GRANT SELECT, SHOW VIEW ON here.* TO reader@localhost")
    reader = replace(source, user="reader", password="r")
    assert len(copied((reader, target)).tables) == 3


def test_a_choice_of_tables(pair, here) -> None:
    here(*GALLERY)
    copied(pair, Options(tables=("categories",)))
    assert [row.target_rows for row in compare(*pair).rows] == [2, None, None]
    with pytest.raises(MigrationError, match="categorie") as caught:
        copied(pair, Options(tables=("categorie",)))
    assert "categories" in str(caught.value)


def test_our_notes_are_not_part_of_the_data(pair, here) -> None:
    here("CREATE TABLE t (a INT)")
    copied(pair)
    with connect(pair[1]) as connection:
        assert tables(connection) == ["t"]
        assert count(connection, checkpoints.NAME) == 1
