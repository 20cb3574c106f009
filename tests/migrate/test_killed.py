"""Killed at any moment, a migration that resumes ends with equal data, whatever went on meanwhile."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pymysql
import pytest

from tsalab.errors import MigrationError
from tsalab.migrate import Login, Migration, Options, compare

from .conftest import Server, start, wait

MOVER = Path(__file__).with_name("mover.py")
VICTIMS = ("engine", "target", "source", "connection")
SEEDS = range(14)
# What make test sees of them.
SOME = {("engine", 0)}
KILLS = [
    pytest.param(victim, seed, marks=() if (victim, seed) in SOME else pytest.mark.slow)
    for victim in VICTIMS
    for seed in SEEDS
]


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Server]]:
    """Servers that may be killed: nobody else's."""
    pair = tuple(start(tmp_path_factory.mktemp(name)) for name in "ab")
    source = pair[0]
    source.sql("CREATE DATABASE here CHARACTER SET utf8mb4")
    source.sql(
        "CREATE TABLE numbered (id INT PRIMARY KEY, body TEXT, n INT, KEY (n))",
        (
            "INSERT INTO numbered SELECT seq, REPEAT(CHAR(65 + seq % 26), seq % 400), seq % 97"
            " FROM seq_1_to_60000"
        ),
        (
            "CREATE TABLE named (name VARCHAR(40) COLLATE utf8mb4_unicode_ci, place INT, body BLOB,"
            " PRIMARY KEY (name, place))"
        ),
        (
            "INSERT INTO named SELECT CONCAT('ä', seq DIV 10), seq % 10, REPEAT(X'275C00', seq % 100)"
            " FROM seq_1_to_40000"
        ),
        "CREATE TABLE nameless (a INT, b VARCHAR(20))",
        "INSERT INTO nameless SELECT seq % 500, 'twice' FROM seq_1_to_20000",
        "CREATE TABLE child (id INT PRIMARY KEY, parent INT, FOREIGN KEY (parent) REFERENCES numbered (id))",
        "INSERT INTO child SELECT seq, seq FROM seq_1_to_5000",
        database="here",
    )
    yield pair
    for server in pair:
        server.process.kill()
        server.process.wait()


def again(server: Server) -> None:
    """Start a killed server again, on its data."""
    server.process = psutil.Popen(server.argv, stderr=subprocess.DEVNULL)
    wait(server)


def begun(source: Login, target: Login) -> subprocess.Popen[bytes]:
    given = {
        side: {name: getattr(login, name) for name in ("host", "port", "user", "password", "database")}
        for side, login in (("source", source), ("target", target))
    }
    process = subprocess.Popen(
        [sys.executable, str(MOVER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps(given).encode())
    process.stdin.close()
    process.stdin = None
    return process


def rows_there(server: Server) -> int:
    """Rows that are on the target for good, by our notes; 0 before there are any."""
    with (
        server.link("there") as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("SHOW TABLES LIKE '\\_tsalab\\_pieces'")
        if not cursor.fetchall():
            return 0
        cursor.execute("SELECT COALESCE(SUM(row_total), 0) FROM _tsalab_pieces")
        return int(cursor.fetchone()[0])


def strike(victim: str, process: subprocess.Popen[bytes], servers: tuple[Server, Server]) -> None:
    source, target = servers
    if victim == "engine":
        process.kill()
    elif victim == "connection":
        for server, database in ((source, "here"), (target, "there")):
            kill_all(server, database)
    else:
        server = target if victim == "target" else source
        server.process.kill()
        server.process.wait()
    process.communicate(timeout=60)
    for server in servers:
        if not server.process.is_running():
            again(server)


def kill_all(server: Server, database: str) -> None:
    with (
        server.link() as link,
        link.cursor() as cursor,
    ):
        cursor.execute("SELECT id FROM information_schema.PROCESSLIST WHERE db = %s", (database,))
        for (number,) in cursor.fetchall():
            try:
                cursor.execute("KILL %s", (number,))
            except pymysql.err.OperationalError as error:
                if error.args[0] != 1094:  # it may have ended by itself meanwhile
                    raise


@pytest.mark.parametrize(("victim", "seed"), KILLS)
def test_it_ends_equal(own: tuple[Server, Server], victim: str, seed: int) -> None:
    chance = random.Random(f"{victim} {seed}")  # noqa: S311 - the same every time
    source, target = own
    target.sql("DROP DATABASE IF EXISTS there", "CREATE DATABASE there CHARACTER SET utf8mb4")
    ours, theirs = source.login("here", "source"), target.login("there", "target")
    before = checksums(source)
    process = begun(ours, theirs)
    goal = chance.randrange(1, 125_000)
    while process.poll() is None and rows_there(target) < goal:
        time.sleep(0.002)  # between two looks
    strike(victim, process, own)
    assert checksums(source) == before, "the source was written to"
    if chance.random() < 0.5:
        change(source, chance)
    report = Migration(ours, theirs, Options(resume=True)).run()
    assert compare(ours, theirs).equal
    assert report.rows == sum(row.source_rows or 0 for row in compare(ours, theirs).rows)
    with pytest.raises(MigrationError, match="begun by an earlier"):
        Migration(ours, theirs).run()


def change(server: Server, chance: random.Random) -> None:
    """What the source's application does between the crash and the next run."""
    at = chance.randrange(5001, 60_000)
    server.sql(
        f"DELETE FROM numbered WHERE id BETWEEN {at} AND {at + 50}",
        f"UPDATE named SET body = 'changed' WHERE name = 'ä{at % 4000}'",
        f"INSERT INTO named VALUES ('new {at} {time.monotonic_ns()}', 1, NULL)",
        "INSERT INTO nameless VALUES (1, 'more')",
        database="here",
    )


def checksums(server: Server) -> list[tuple[object, ...]]:
    with (
        server.link("here") as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("CHECKSUM TABLE numbered, named, nameless, child")
        found = list(cursor.fetchall())
        cursor.execute("SHOW TABLES")
        return found + list(cursor.fetchall())
