"""A source that is written to, and a reader who would see a transaction in part."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pymysql

from ..conftest import Server

ACCOUNTS, MONEY = 60, 1000

TABLES = (
    "CREATE TABLE accounts (id INT PRIMARY KEY, money INT NOT NULL, seen TIMESTAMP(6) NULL)",
    f"INSERT INTO accounts SELECT seq, {MONEY}, NULL FROM seq_1_to_{ACCOUNTS}",
    (
        "CREATE TABLE moved (id BIGINT AUTO_INCREMENT PRIMARY KEY, giver INT NOT NULL, taker INT, amount INT,"
        " note TEXT, CONSTRAINT by_whom FOREIGN KEY (giver) REFERENCES accounts (id))"
    ),
    "CREATE TABLE log (number INT, word VARCHAR(9) CHARACTER SET utf16)",  # without a key
    "CREATE TABLE ballast (k VARCHAR(20) COLLATE utf8mb4_german2_ci PRIMARY KEY, body MEDIUMBLOB)",
)


class Writers:
    """Who moves money about, each transfer one transaction that also notes itself."""

    def __init__(self, server: Server, *, ddl: bool, pace: float) -> None:
        self._server, self._ddl, self._pace = server, ddl, pace
        self.transactions = 0
        self._lock = threading.Lock()
        self._end = threading.Event()
        self.threads: list[threading.Thread] = []

    def work(self, seed: int) -> None:
        chance = random.Random(seed)  # noqa: S311 - the same every time
        with self._server.link("here") as link, link.cursor() as cursor:
            while not self._end.wait(self._pace):
                try:
                    made = self._one(chance, link, cursor, seed)
                except pymysql.err.OperationalError as error:
                    if error.args[0] not in {1205, 1213}:
                        raise
                    link.rollback()
                    continue
                with self._lock:
                    self.transactions += made

    def _one(self, chance: random.Random, link, cursor, seed: int) -> int:
        giver, taker = chance.sample(range(1, ACCOUNTS + 1), 2)
        amount = chance.randrange(1, 100)
        if self._ddl and seed == 0 and chance.random() < 0.03:
            what = chance.choice(
                [
                    "ALTER TABLE ballast ADD COLUMN IF NOT EXISTS extra INT DEFAULT 5",
                    "ALTER TABLE ballast DROP COLUMN IF EXISTS extra",
                    "TRUNCATE TABLE ballast",
                    "CREATE OR REPLACE TABLE passing (id INT PRIMARY KEY)",
                ]
            )
            cursor.execute(what)
            return 1
        link.begin()
        cursor.execute("UPDATE accounts SET money = money - %s WHERE id = %s", (amount, giver))
        cursor.execute("UPDATE accounts SET money = money + %s, seen = NOW(6) WHERE id = %s", (amount, taker))
        cursor.execute("INSERT INTO moved VALUES (NULL, %s, %s, %s, 'ä')", (giver, taker, amount))
        cursor.execute("INSERT INTO log VALUES (1, 'é')")
        key = f"k{chance.randrange(30)}"
        if chance.random() < 0.5:
            body = chance.randbytes(chance.choice([10, 1000, 40_000]))
            cursor.execute("REPLACE INTO ballast (k, body) VALUES (%s, _binary %s)", (key, body))
        elif chance.random() < 0.5:
            cursor.execute("DELETE FROM ballast WHERE k > %s", (key,))
        else:
            cursor.execute(
                "UPDATE IGNORE ballast SET k = CONCAT(k, '_') WHERE k = %s AND LENGTH(k) < 15", (key,)
            )
        link.commit()
        return 1

    def end(self) -> None:
        """Write no more; returns when the last transaction has ended."""
        self._end.set()
        for thread in self.threads:
            thread.join()


@contextmanager
def writing(server: Server, count: int = 2, *, ddl: bool = False, pace: float = 0.004) -> Iterator[Writers]:
    """Write within the block, with so many seconds between two transactions of a writer."""
    writers = Writers(server, ddl=ddl, pace=pace)
    writers.threads = [threading.Thread(target=writers.work, args=(seed,)) for seed in range(count)]
    for thread in writers.threads:
        thread.start()
    try:
        yield writers
    finally:
        writers.end()


@contextmanager
def watched(server: Server) -> Iterator[list[int]]:
    """Look at the target within the block: money is neither made nor lost, and each transfer is noted once.

    Gives how many transfers there were, look by look.
    """
    looks: list[int] = []
    wrong: list[object] = []
    end = threading.Event()

    def look() -> None:
        with server.link("there") as link, link.cursor() as cursor:
            while not end.is_set() and not wrong:
                with suppress(pymysql.err.OperationalError):  # DDL changed a table since the snapshot
                    cursor.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT")
                    cursor.execute(
                        "SELECT (SELECT SUM(money) FROM accounts), (SELECT COUNT(*) FROM moved),"
                        " (SELECT COUNT(*) FROM log)"
                    )
                    money, moved, logged = cursor.fetchone()
                    link.rollback()
                    if money != ACCOUNTS * MONEY or moved != logged or (looks and moved < looks[-1]):
                        wrong.append((money, moved, logged, looks[-1:]))
                    looks.append(moved)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield looks
    finally:
        end.set()
        thread.join()
    assert not wrong, wrong
