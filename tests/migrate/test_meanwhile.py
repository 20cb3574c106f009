"""What goes on beside a copy: writes to the source, and the memory, pace and patience of the engine."""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tsalab.migrate import Event, Migration, Options, Verify, compare
from tsalab.migrate.throttle import Throttle

from .conftest import Server
from .test_killed import begun

ACCOUNTS = 2000


@contextmanager
def transfers(server: Server) -> Iterator[list[int]]:
    """Move money between accounts, each transfer one transaction that also notes itself."""
    chance = random.Random(7)  # noqa: S311 - the same every time
    done: list[int] = []
    end = threading.Event()

    def work() -> None:
        with (
            server.link("here") as link,
            link.cursor() as cursor,
        ):
            while not end.is_set():
                giver, taker = chance.randrange(ACCOUNTS), chance.randrange(ACCOUNTS)
                amount = chance.randrange(100)
                link.begin()
                cursor.execute("UPDATE accounts SET money = money - %s WHERE id = %s", (amount, giver))
                cursor.execute("UPDATE accounts SET money = money + %s WHERE id = %s", (amount, taker))
                cursor.execute("INSERT INTO moved VALUES (NULL, %s, %s, %s)", (giver, taker, amount))
                cursor.execute("INSERT INTO log VALUES (%s)", (len(done) + 1,))
                link.commit()
                done.append(amount)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield done
    finally:
        end.set()
        thread.join()


def test_a_source_that_is_written_to_arrives_as_of_one_moment(pair, here, servers) -> None:
    here(
        "CREATE TABLE accounts (id INT PRIMARY KEY, money INT NOT NULL, name CHAR(200) NOT NULL)",
        f"INSERT INTO accounts SELECT seq, 1000, REPEAT('n', 200) FROM seq_0_to_{ACCOUNTS - 1}",
        "CREATE TABLE moved (id INT AUTO_INCREMENT PRIMARY KEY, giver INT, taker INT, amount INT)",
        "CREATE TABLE log (number INT)",
        "CREATE TABLE ballast (id INT PRIMARY KEY, body CHAR(200))",
        "INSERT INTO ballast SELECT seq, REPEAT('b', 200) FROM seq_1_to_40000",
    )
    with transfers(servers[0]) as done:
        while len(done) < 20:
            time.sleep(0.01)  # until it runs
        begun_at = len(done)
        Migration(*pair).run()
        ended_at = len(done)
    assert ended_at > begun_at, "nothing was written meanwhile"
    with (
        servers[1].link("there") as link,
        link.cursor() as cursor,
    ):
        cursor.execute("SELECT COUNT(*), MAX(number) FROM log")
        logged, last = cursor.fetchone()
        cursor.execute("SELECT COUNT(*) FROM moved")
        moved = cursor.fetchone()[0]
        assert begun_at - 1 <= moved < ended_at
        assert logged == last == moved
        cursor.execute(
            "SELECT COUNT(*) FROM accounts a WHERE money <> 1000"
            " - (SELECT COALESCE(SUM(amount), 0) FROM moved WHERE giver = a.id)"
            " + (SELECT COALESCE(SUM(amount), 0) FROM moved WHERE taker = a.id)"
        )
        assert cursor.fetchone()[0] == 0, "an account is of another moment than what was moved"


@pytest.mark.parametrize(
    ("key", "size"),
    [
        ("id INT PRIMARY KEY", 16),
        pytest.param("id INT PRIMARY KEY", 64, marks=pytest.mark.slow),
        pytest.param("id INT", 64, marks=pytest.mark.slow),
    ],
)
def test_memory_is_the_same_however_large_a_row_is(pair, here, servers, key: str, size: int) -> None:
    """Size in MB; the servers write down no more than 4 MB as one value."""
    here(f"CREATE TABLE t ({key}, body LONGBLOB)")
    servers[0].sql("SET GLOBAL max_allowed_packet = 134217728")
    try:
        here(
            f"INSERT INTO t VALUES (1, REPEAT(X'00275C0A', {size * 250_000}))",
            "INSERT INTO t SELECT seq, REPEAT('x', 20000) FROM seq_2_to_1000",
        )
    finally:
        servers[0].sql("SET GLOBAL max_allowed_packet = 4194304")
    process = begun(*pair)
    out, err = process.communicate(timeout=200)
    assert process.returncode == 0, err.decode()
    told = json.loads(out)
    assert told["rows"] == 1000
    if "PRIMARY" in key:  # a row without a place of its own has to be held as a whole
        assert told["peak"] < 150e6
    assert hashes(servers[0], "here") == hashes(servers[1], "there")


def hashes(server: Server, database: str) -> tuple[tuple[object, ...], ...]:
    with (
        server.link(database) as link,
        link.cursor() as cursor,
    ):
        cursor.execute("SELECT id, LENGTH(body), SHA2(body, 256) FROM t ORDER BY id")
        return cursor.fetchall()


def test_no_faster_than_allowed(pair, here) -> None:
    here(
        "CREATE TABLE t (id INT PRIMARY KEY, body CHAR(250))",
        "INSERT INTO t SELECT seq, REPEAT('x', 250) FROM seq_1_to_20000",
    )
    report = Migration(*pair, Options(max_mb_s=5)).run()
    assert report.bytes > 5_000_000
    assert report.seconds > 0.8 * (report.bytes - 4_200_000) / 5_000_000  # the last block is not waited for
    assert report.throttled > 0


def test_it_waits_while_others_are_served_slowly(pair, here) -> None:
    here("CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1)")
    lags = iter([0.5, 0.5, 0.1])
    asked = []

    def lag() -> float:
        asked.append(time.monotonic())
        return next(lags, 0.0)

    report = Migration(*pair, Options(max_lag=0.2, lag=lag)).run()
    assert len(asked) >= 3
    assert report.throttled >= asked[2] - asked[0]


def test_a_stopped_throttle_lets_go() -> None:
    throttle = Throttle(max_lag=0.1, lag=lambda: 1.0)
    threading.Timer(0.05, throttle.stop).start()
    throttle.wait()
    assert throttle.waited < 5


@pytest.mark.parametrize("verify", Verify)
def test_however_much_is_proven_the_rows_are_the_same(pair, here, verify: Verify) -> None:
    here(
        "CREATE TABLE t (id INT PRIMARY KEY, a FLOAT)",
        "CREATE TABLE u (a DOUBLE)",
        "INSERT INTO t VALUES (1, 0.1), (2, NULL)",
        "INSERT INTO u VALUES (0.1), (0.1)",
    )
    report = Migration(*pair, Options(verify=verify)).run()
    assert compare(*pair).equal
    assert all(bool(table.target_digest) is (verify is Verify.FULL) for table in report.tables)


def test_tables_by_any_key_go_in_pieces(pair, here) -> None:
    """Text, several columns, a unique key and no primary one, partitions, negative and unsigned numbers."""
    filler = "REPEAT('x', 900)"
    here(
        "CREATE TABLE texts (k VARCHAR(30) COLLATE utf8mb4_unicode_ci, body TEXT, PRIMARY KEY (k))",
        f"INSERT INTO texts SELECT CONCAT('é', seq, \"'\"), {filler} FROM seq_1_to_6000",
        "CREATE TABLE several (a CHAR(3), b DATE, c DECIMAL(5, 2), body TEXT, PRIMARY KEY (a, b, c))",
        (
            "INSERT INTO several SELECT seq % 7, '2020-01-01' + INTERVAL seq % 11 DAY, seq / 100 - 20,"
            f" {filler} FROM seq_1_to_6000"
        ),
        "CREATE TABLE uniques (u BINARY(4) NOT NULL, body TEXT, UNIQUE KEY uk (u))",
        f"INSERT INTO uniques SELECT UNHEX(LPAD(HEX(seq * 7919), 8, '0')), {filler} FROM seq_1_to_6000",
        ("CREATE TABLE parts (id BIGINT PRIMARY KEY, body TEXT) PARTITION BY HASH (id) PARTITIONS 3"),
        f"INSERT INTO parts SELECT CAST(seq AS SIGNED) - 3000, {filler} FROM seq_1_to_6000",
        "CREATE TABLE extremes (id BIGINT UNSIGNED PRIMARY KEY, body TEXT)",
        f"INSERT INTO extremes SELECT 18446744073709551615 - seq * 3000000007, {filler} FROM seq_0_to_6000",
    )
    events: list[Event] = []
    report = Migration(*pair).run(events.append)
    assert {table.table: table.pieces > 3 for table in report.tables} == dict.fromkeys(
        ("texts", "several", "uniques", "parts", "extremes"), True
    )
    assert compare(*pair).equal
    here("DELETE FROM several WHERE a = '3'", "UPDATE texts SET body = '' WHERE k LIKE 'é59%'")
    again = Migration(*pair, Options(resume=True)).run()
    assert all(table.proven > 0 for table in again.tables)
    assert compare(*pair).equal
