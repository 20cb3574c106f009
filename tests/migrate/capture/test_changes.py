"""Rows that are hard to apply: large ones, such without a key, keys that change places, foreign keys."""

from __future__ import annotations

import threading

import pytest

from tsalab.errors import CaptureError
from tsalab.migrate.capture import Replication

from .load import watched


def scalar(server, database: str, query: str):
    with server.link(database) as link, link.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchone()[0]


def test_rows_that_no_statement_has_room_for(followed) -> None:
    """Of 5 MB, where the target takes packets of 4 MB."""
    source = followed.servers[0]
    followed.here(
        (
            "CREATE TABLE big (id INT PRIMARY KEY, n INT, body LONGBLOB, t LONGTEXT CHARACTER SET utf16,"
            " e ENUM('', 'x'), at TIMESTAMP NULL, twice INT AS (n * 2))"
        ),
        (
            "CREATE TABLE child (id INT PRIMARY KEY, big INT, FOREIGN KEY (big) REFERENCES big (id)"
            " ON DELETE CASCADE ON UPDATE CASCADE)"
        ),
        "CREATE TABLE keyless (body LONGBLOB, n INT)",
    )
    source.sql("SET GLOBAL max_allowed_packet = 67108864")
    try:
        with followed.following() as replication:
            followed.here(
                "SET sql_mode = ''",
                (
                    "INSERT INTO big (id, n, body, t, e) VALUES"
                    " (1, 5, REPEAT(X'00275C0A', 1250000), '漢', 'no member'),"
                    " (2, NULL, REPEAT('x', 300000), REPEAT('é', 1500000), 'x')"
                ),
                "INSERT INTO child VALUES (10, 1), (20, 2)",
                "INSERT INTO keyless VALUES (REPEAT('y', 5000000), 1), (REPEAT('y', 5000000), 2), (NULL, 3)",
            )
            replication.catch_up(60)
            followed.must_be_equal()
            followed.here(
                "UPDATE big SET n = 6 WHERE id = 1",
                "UPDATE big SET body = CONCAT(body, 'end'), id = 3, at = '2020-01-01' WHERE id = 1",
                "UPDATE keyless SET body = REPEAT('z', 5000001) WHERE n = 1",
                "DELETE FROM keyless WHERE n = 2",
            )
            replication.catch_up(60)
            followed.must_be_equal()
            # The child followed its parent's key, and was not lost when that row was written anew.
            assert scalar(followed.servers[1], "there", "SELECT big FROM child WHERE id = 10") == 3
            followed.here("DELETE FROM big WHERE id = 3")
    finally:
        source.sql("SET GLOBAL max_allowed_packet = 4194304")
    assert scalar(followed.servers[1], "there", "SELECT COUNT(*) FROM child") == 1


def test_keys_change_places_and_rows_refer_to_themselves(followed) -> None:
    followed.here(
        "CREATE TABLE tree (id INT PRIMARY KEY, up INT, u INT UNIQUE, FOREIGN KEY (up) REFERENCES tree (id))",
        "INSERT INTO tree VALUES (1, NULL, 1), (2, 1, 2), (3, 2, 3)",
        "CREATE TABLE a (id INT PRIMARY KEY, b INT)",
        "CREATE TABLE b (id INT PRIMARY KEY, a INT, FOREIGN KEY (a) REFERENCES a (id) ON DELETE SET NULL)",
        "ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES b (id) ON DELETE CASCADE",
        "CREATE TABLE pairs (x INT, y VARCHAR(9), n INT, PRIMARY KEY (x, y))",
        (
            "CREATE TABLE zero (id INT AUTO_INCREMENT PRIMARY KEY, hidden INT INVISIBLE, w INT,"
            " v INT AS (w + 1) UNIQUE)"
        ),
    )
    with followed.following():
        followed.here(
            "UPDATE tree SET u = u + 10 ORDER BY u DESC",
            "UPDATE tree SET u = u - 1 ORDER BY u",
            "DELETE FROM tree ORDER BY id DESC",
            "INSERT INTO tree VALUES (5, 5, 5)",
            "SET foreign_key_checks = 0",
            "INSERT INTO a VALUES (1, 1), (2, 2)",
            "INSERT INTO b VALUES (1, 2), (2, 99)",  # an orphan, as the source let it in
            "SET foreign_key_checks = 1",
            "DELETE FROM a WHERE id = 2",
            "DELETE FROM b WHERE id = 1",
            "INSERT INTO pairs VALUES (1, 'a', 1), (1, 'b', 2), (2, 'a', 3), (2, 'É', 4)",
            "UPDATE pairs SET x = x + 1 ORDER BY x DESC",
            "DELETE FROM pairs WHERE n IN (1, 2, 4)",
            "SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO'",
            "INSERT INTO zero (id, hidden, w) VALUES (0, 7, 1), (-3, NULL, 2)",
        )


def test_rows_without_a_key_go_one_by_one(followed) -> None:
    followed.here("CREATE TABLE t (a INT, b VARCHAR(9))", "INSERT INTO t VALUES (1, 'x'), (1, 'x'), (1, 'X')")
    with followed.following():
        followed.here(
            "INSERT INTO t VALUES (1, 'x'), (NULL, NULL), (NULL, NULL)",
            "DELETE FROM t WHERE a = 1 LIMIT 2",
            "UPDATE t SET b = 'y' WHERE a IS NULL LIMIT 1",
        )


def test_a_large_transaction_is_never_seen_in_part(followed) -> None:
    followed.here(
        "CREATE TABLE accounts (money INT)",
        "INSERT INTO accounts VALUES (60000)",
        "CREATE TABLE moved (id INT AUTO_INCREMENT PRIMARY KEY, filler CHAR(200))",
        "CREATE TABLE log (id INT AUTO_INCREMENT PRIMARY KEY)",
    )
    rows = 12_000  # several times what is usually committed at once
    with followed.following() as replication, watched(followed.servers[1]) as looks:
        followed.here(
            "START TRANSACTION",
            f"INSERT INTO moved (filler) SELECT REPEAT('f', 200) FROM seq_1_to_{rows}",
            f"INSERT INTO log SELECT NULL FROM seq_1_to_{rows}",
            "UPDATE moved SET filler = 'g' WHERE id % 10 = 0",
            "COMMIT",
        )
        replication.catch_up(60)
    assert set(looks) <= {0, rows}


def test_a_target_that_is_no_copy_stops_it(followed) -> None:
    followed.here("CREATE TABLE t (id INT PRIMARY KEY, n INT)", "INSERT INTO t VALUES (1, 1), (2, 2), (3, 3)")
    for there, here, said in (
        ("DELETE FROM t WHERE id = 2", "UPDATE t SET n = n + 1", "update found 0 rows in place of 1"),
        ("DELETE FROM t WHERE id = 3", "DELETE FROM t", "delete found 2 rows in place of 3"),
    ):
        followed.there("DROP TABLE IF EXISTS t, _tsalab_pieces, _tsalab_capture")
        replication = followed.copy()
        followed.there(there)
        followed.here(here)
        with pytest.raises(CaptureError, match=said):
            replication.run()
    # Nothing of the source's transaction stayed.
    assert scalar(followed.servers[1], "there", "SELECT SUM(n) FROM t") == 5


def test_columns_that_differ_stop_it(followed) -> None:
    followed.here(
        "CREATE TABLE t (id INT PRIMARY KEY, s VARCHAR(9) CHARACTER SET latin1, f FLOAT, gone INT)",
    )
    replication = followed.copy()
    followed.there(
        "ALTER TABLE t MODIFY s VARCHAR(9) CHARACTER SET utf8mb4, MODIFY f DOUBLE, DROP gone, ADD more INT"
    )
    followed.here("INSERT INTO t VALUES (1, 'é', 0.1, 1)")
    with pytest.raises(CaptureError, match="cannot hold the source's rows: gone, more, s, f"):
        replication.run()


def test_only_some_tables_and_no_other_database(followed) -> None:
    followed.here("CREATE TABLE t (id INT PRIMARY KEY)", "CREATE TABLE u (id INT PRIMARY KEY)")
    start = followed.copy().start
    followed.servers[0].sql(
        "CREATE OR REPLACE DATABASE elsewhere",
        "CREATE TABLE elsewhere.t (id INT PRIMARY KEY)",
        "INSERT INTO elsewhere.t VALUES (7)",
        "DROP DATABASE elsewhere",
    )
    followed.here(
        "INSERT INTO t VALUES (1)",
        "INSERT INTO u VALUES (1)",
        "CREATE TABLE w (id INT)",
        "CREATE TABLE _tsalab_mine (id INT PRIMARY KEY)",
        "INSERT INTO _tsalab_mine VALUES (1)",
    )
    replication = Replication(followed.source, followed.target, start=start, tables=("t",))
    with replication.running():
        replication.catch_up(20)
    assert scalar(followed.servers[1], "there", "SELECT COUNT(*) FROM t") == 1
    assert scalar(followed.servers[1], "there", "SELECT COUNT(*) FROM u") == 0
    assert set(replication.figures.tables) == {"t"}


@pytest.mark.parametrize(
    "statement",
    [
        "SET GLOBAL log_bin_compress = 1, log_bin_compress_min_len = 10",
        pytest.param("SET GLOBAL binlog_checksum = NONE", marks=pytest.mark.slow),
    ],
)
def test_however_the_log_is_written(followed, statement: str) -> None:
    source = followed.servers[0]
    followed.here("CREATE TABLE t (id INT PRIMARY KEY, body TEXT)")
    source.sql(statement)
    try:
        with followed.following() as replication:
            followed.here(
                "INSERT INTO t SELECT seq, REPEAT('squeeze ', 50) FROM seq_1_to_500",
                "UPDATE t SET body = REPEAT('ä', 100) WHERE id < 300",
                "DELETE FROM t WHERE id > 400",
                "ALTER TABLE t ADD COLUMN a_long_name INT COMMENT 'something to be said about it'",
            )
            for _ in range(3):
                source.sql("FLUSH BINARY LOGS")
                followed.here("UPDATE t SET body = CONCAT(body, '!') LIMIT 5")
            replication.catch_up(30)
            assert replication.figures.tables["t"].updates == 299 + 15
    finally:
        source.sql(
            "SET GLOBAL log_bin_compress = 0, log_bin_compress_min_len = 256",
            "SET GLOBAL binlog_checksum = CRC32",
        )


def test_others_who_use_the_target_are_waited_for(followed) -> None:
    followed.here("CREATE TABLE t (id INT PRIMARY KEY, n INT)", "INSERT INTO t VALUES (1, 1), (2, 1)")
    target = followed.servers[1]
    target.sql("SET GLOBAL innodb_lock_wait_timeout = 1")
    try:
        with followed.following() as replication:
            with target.link("there") as link, link.cursor() as cursor:
                cursor.execute("SELECT * FROM t WHERE id = 1 FOR UPDATE")
                followed.here("UPDATE t SET n = 2")
                waiting = threading.Event()
                waiting.wait(1.5)  # longer than the server lets us wait for the lock
                link.rollback()
            replication.catch_up(20)
    finally:
        target.sql("SET GLOBAL innodb_lock_wait_timeout = 50")
