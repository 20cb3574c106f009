"""DDL is done on the target too where it gives the same there; anything else stops it, and it says so."""

from __future__ import annotations

import pytest

from tsalab.errors import CaptureError
from tsalab.migrate.capture import Position, Replication, go_on_after, noted
from tsalab.migrate.capture.queries import Query
from tsalab.migrate.capture.statements import Change, RefusedError, understood

CHANGES = {
    "a new table, with the source's collation": (
        (
            "CREATE TABLE n (id INT AUTO_INCREMENT PRIMARY KEY, s VARCHAR(20) DEFAULT 'it''s', KEY k (s))"
            " COMMENT 'a)b'"
        ),
        "INSERT INTO n (s) VALUES ('ä'), (NULL)",
    ),
    "one filled by a query": (
        "CREATE TABLE n (PRIMARY KEY (id)) AS SELECT id, s FROM t",
        "UPDATE n SET s = 'y'",
    ),
    "one like another": ("CREATE TABLE `n ``x` LIKE t", "INSERT INTO `n ``x` (id) VALUES (9)"),
    "by its full name": ("CREATE TABLE here.n (id INT PRIMARY KEY)", "INSERT INTO n VALUES (1)"),
    "columns come, move and go": (
        "ALTER TABLE t ADD COLUMN a INT NOT NULL DEFAULT 7 AFTER id, ADD b TEXT, ADD KEY (a)",
        "INSERT INTO t (id, a, b) VALUES (100, 1, 'x')",
        "ALTER TABLE here.t DROP COLUMN a, CHANGE s text_of VARCHAR(90) CHARACTER SET latin1, ALGORITHM=COPY",
        "UPDATE t SET text_of = 'é' WHERE id = 100",
        "ALTER TABLE t RENAME COLUMN text_of TO s, MODIFY id BIGINT",
        "INSERT INTO t (id) VALUES (1234567890123)",
    ),
    "a time of now": (
        "ALTER TABLE t ADD made TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP",
        "INSERT INTO t (id) VALUES (50)",
    ),
    "indexes": (
        "CREATE UNIQUE INDEX i ON t (s)",
        "CREATE FULLTEXT INDEX f ON here.t (s)",
        "DROP INDEX i ON t",
        "INSERT INTO t VALUES (60, 's1')",
    ),
    "foreign keys": (
        (
            "CREATE TABLE child (id INT PRIMARY KEY, t INT,"
            " FOREIGN KEY f (t) REFERENCES here.t (id) ON DELETE CASCADE)"
        ),
        "INSERT INTO child VALUES (1, 1), (2, 2), (3, 3)",
        "DELETE FROM t WHERE id = 1",
        "ALTER TABLE child DROP FOREIGN KEY f",
        "DELETE FROM t WHERE id = 2",
    ),
    "emptied": ("TRUNCATE TABLE t", "INSERT INTO t VALUES (1, 'anew')", "TRUNCATE here.t"),
    "dropped, and made again": (
        "DROP TABLE t",
        "CREATE TABLE t (k CHAR(3) PRIMARY KEY)",
        "INSERT INTO t VALUES ('abc')",
    ),
    "renamed": (
        "RENAME TABLE t TO u",
        "INSERT INTO u VALUES (70, 'u')",
        "ALTER TABLE u RENAME TO v",
        "DELETE FROM v",
    ),
    "what is not ours": (
        "CREATE DATABASE elsewhere",
        "CREATE TABLE elsewhere.t (id INT PRIMARY KEY, secret INT)",
        "INSERT INTO elsewhere.t VALUES (1, 1)",
        "CREATE TRIGGER elsewhere.tr BEFORE INSERT ON elsewhere.t FOR EACH ROW SET NEW.secret = 2",
        "DROP DATABASE elsewhere",
        "CREATE USER 'somebody'@'localhost'",
        "GRANT SELECT ON here.* TO 'somebody'@'localhost'",
        "DROP USER 'somebody'@'localhost'",
        "ANALYZE TABLE t",
        "CREATE TEMPORARY TABLE passing (id INT)",
        "INSERT INTO t VALUES (80, 'ours')",
    ),
}  # fmt: skip


def test_done_on_the_target_too(followed) -> None:
    followed.servers[0].sql("ALTER DATABASE here COLLATE utf8mb4_german2_ci")
    with followed.following() as replication:
        for name, statements in CHANGES.items():
            followed.here("DROP TABLE IF EXISTS child, t, n, `n ``x`, u, v", TABLE, ROWS, *statements)
            replication.catch_up(30)
            there = definitions(followed.servers[1], "there")
            assert definitions(followed.servers[0], "here") == there, name
            followed.must_be_equal()


TABLE = "CREATE TABLE t (id INT PRIMARY KEY, s VARCHAR(20))"
ROWS = "INSERT INTO t SELECT seq, CONCAT('s', seq) FROM seq_1_to_9"


def definitions(server, database: str) -> dict[str, str]:
    """Statements that make the tables, by the server, without what it counts on from."""
    with server.link(database) as link, link.cursor() as cursor:
        cursor.execute("SHOW TABLES")
        names = sorted(name for (name,) in cursor.fetchall() if not name.startswith("_tsalab_"))
        found = {}
        for name in names:
            cursor.execute("SHOW CREATE TABLE `" + name.replace("`", "``") + "`")
            made = cursor.fetchone()[1]
            found[name] = made.split(" AUTO_INCREMENT=")[0] if " AUTO_INCREMENT=" in made else made
    return found


REFUSED = {
    "ALTER TABLE t ADD u CHAR(36) DEFAULT UUID()": "by chance",
    "ALTER TABLE t DROP PRIMARY KEY, ADD n INT AUTO_INCREMENT PRIMARY KEY": "order",
    "ALTER IGNORE TABLE t ADD UNIQUE (s)": "order",
    "ALTER TABLE t PARTITION BY HASH (id) PARTITIONS 2": "not applied by itself",
    "ALTER TABLE t DISCARD TABLESPACE": "not applied by itself",
    "ALTER TABLE t ADD SYSTEM VERSIONING": "not applied by itself",
    "ALTER TABLE t ENGINE=MyISAM": "MyISAM has no transactions",
    "CREATE TABLE m (id INT) ENGINE = MEMORY": "MEMORY has no transactions",
    "CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.s = 'x'": "at the cut-over",
    "CREATE DEFINER=`a`@`b` SQL SECURITY DEFINER VIEW v AS SELECT 1 AS one": "at the cut-over",
    "CREATE SEQUENCE here.sq": "at the cut-over",
    "ALTER DATABASE here COLLATE utf8mb4_bin": "the database itself",
    "DROP DATABASE here": "the database itself",
    "RENAME TABLE t TO u, u TO w": "several at once",
    "ALTER TABLE t RENAME TO apart.t": "several at once",
    "RENAME TABLE apart.t TO here.u": "several at once",
    "CREATE TABLE c LIKE apart.t": "not followed",
    "UPDATE t SET s = NOW()": "logged as a statement",
    "LOAD DATA INFILE 'x' INTO TABLE here.t": "logged as a statement",
}


@pytest.mark.parametrize("statement", REFUSED)
def test_refused(statement: str) -> None:
    with pytest.raises(RefusedError, match=REFUSED[statement]):
        understood(query(statement), "here", lambda _: True)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE elsewhere.t SET s = 1",
        "CREATE VIEW v AS SELECT 1",
        "CREATE USER here@localhost",
        "RENAME USER a TO b",
        "DROP DATABASE elsewhere",
        "ALTER TABLE other.t ENGINE=MyISAM",
        "XA COMMIT 'x'",
    ],
)
def test_nothing_of_ours(statement: str) -> None:
    assert understood(query(statement, "elsewhere"), "here", lambda _: True) is None


def test_tables_that_are_not_followed_are_left_alone() -> None:
    for statement in ("CREATE TABLE u (a INT)", "ALTER TABLE u ENGINE=MyISAM", "DROP TABLE u", "TRUNCATE u"):
        assert understood(query(statement), "here", lambda name: name == "t") is None
    both = understood(query("DROP TABLE t, u, elsewhere.t"), "here", lambda name: name == "t")
    assert both == Change("DROP TABLE IF EXISTS `t`", ("t",))


def query(statement: str, database: str = "here") -> Query:
    return Query(database, statement, 0, 0, True, Position("log.1", 4), Position("log.1", 5), 0)


def test_stopped_before_it_and_on_after_it(followed) -> None:
    followed.here(TABLE, ROWS)
    replication = followed.copy()
    by_hand = "ALTER TABLE t DROP PRIMARY KEY, ADD n INT AUTO_INCREMENT PRIMARY KEY"
    followed.here(
        "INSERT INTO t VALUES (100, 'before')", by_hand, "INSERT INTO t (id, s) VALUES (1, 'after')"
    )
    with pytest.raises(CaptureError) as caught:
        replication.run()
    assert by_hand in caught.value.what
    assert rows(followed) == 10, "what was before it is there, and no more"
    with pytest.raises(CaptureError, match="were applied up to"):
        Replication(followed.source, followed.target).run()
    # A person does it, and says so.
    followed.there(by_hand)
    end = Position.parse(caught.value.next_step.split('parse("')[1].split('"')[0])
    go_on_after(followed.target, end)
    note = noted(followed.target)
    assert note is not None
    assert (note.position, note.pending) == (end, None)
    with pytest.raises(CaptureError, match="does not go on at"):
        go_on_after(followed.target, Position(end.file, 4))
    again = Replication(followed.source, followed.target)
    with again.running():
        again.catch_up(20)
    assert rows(followed) == 11
    followed.must_be_equal()


def rows(followed) -> int:
    with followed.servers[1].link("there") as link, link.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM t")
        return cursor.fetchone()[0]


def test_what_the_target_refuses_stops_it(followed) -> None:
    followed.here(TABLE)
    replication = followed.copy()
    followed.there("CREATE TABLE in_the_way (id INT)")
    followed.here("CREATE TABLE in_the_way (id INT PRIMARY KEY)")
    with pytest.raises(CaptureError, match="in_the_way") as caught:
        replication.run()
    assert "The target refused it" in caught.value.why
    followed.there("DROP TABLE in_the_way")
    again = Replication(followed.source, followed.target)
    with again.running():
        again.catch_up(20)
    followed.must_be_equal()
