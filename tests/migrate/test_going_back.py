"""What going back needs: which rows were written since, and a database without tables."""

from __future__ import annotations

from tsalab.migrate import Migration, compare, drop_tables, marks, tables, written
from tsalab.migrate.login import opened

from .gallery import GALLERY


def test_a_row_that_is_new_or_changed_counts_and_one_that_went_does_not(pair, here) -> None:
    here("CREATE TABLE t (id INT, v TEXT)", "CREATE TABLE still (id INT)", "INSERT INTO still VALUES (1)")
    here("INSERT INTO t VALUES (1, 'secret'), (2, 'b'), (2, 'b')")
    then = marks(pair[0])
    assert written(then, then) == {}
    assert "secret" not in str(then)
    assert {len(mark) for mark in then["t"]} == {16}
    here("INSERT INTO t VALUES (2, 'b'), (3, NULL)", "UPDATE t SET v = 'a' WHERE id = 1")
    here("CREATE TABLE fresh (id INT)", "INSERT INTO fresh VALUES (1)", "DELETE FROM still")
    assert written(marks(pair[0]), then) == {"t": 3, "fresh": 1}


def test_marks_are_equal_on_both_sides_of_a_copy(pair, here) -> None:
    here(*GALLERY)
    source, target = pair
    migration = Migration(source, target)
    migration.prepare()
    migration.run()
    assert marks(source) == marks(target)


def test_every_table_goes_whatever_refers_to_it_and_the_lab_can_copy_again(pair, here, there) -> None:
    here(*GALLERY)
    source, target = pair
    Migration(source, target).run()
    there("CREATE VIEW seen AS SELECT id FROM images", "CREATE TABLE own (id INT)")
    gone = drop_tables(target)
    assert {"images", "image_tags", "categories", "seen", "own"} <= set(gone)
    assert drop_tables(target) == []
    with opened(target) as connection:
        assert tables(connection) == []
    Migration(source, target).run()
    assert compare(source, target).equal
