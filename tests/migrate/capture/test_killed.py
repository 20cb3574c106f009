"""Killed at any moment, it goes on without loss or doubles, and nobody ever sees half a transaction."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tsalab.migrate.capture import Replication, noted

from .load import TABLES, watched, writing

FOLLOWER = Path(__file__).with_name("follower.py")


def begun(followed, start=None) -> subprocess.Popen[str]:
    given = {
        side: {
            name: getattr(login, name) for name in ("host", "port", "user", "password", "database", "role")
        }
        for side, login in (("source", followed.source), ("target", followed.target))
    }
    process = subprocess.Popen(
        [sys.executable, str(FOLLOWER)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    process.stdin.write(json.dumps(given | {"start": start and str(start)}))
    process.stdin.close()
    process.stdin = None
    return process


@pytest.mark.parametrize(
    ("kills", "ddl", "pace"),
    [
        (2, True, 0.004),
        pytest.param(25, False, 0, marks=pytest.mark.slow),
        pytest.param(25, True, 0.004, marks=pytest.mark.slow),
    ],
)
def test_nothing_is_lost_or_done_twice(followed, kills: int, ddl: bool, pace: float) -> None:
    chance = random.Random(kills)  # noqa: S311 - the same every time
    followed.here(*TABLES)
    start = followed.copy().start
    source, target = followed.servers
    positions = []
    with watched(target) as looks, writing(source, ddl=ddl, pace=pace) as writers:
        for _ in range(kills):
            process = begun(followed, start)
            assert process.stdout.readline() == "follows\n", process.stderr.read()
            wait_for(followed, further=chance.randrange(3))
            time.sleep(chance.random() * 0.2)  # anywhere in its work
            process.kill()
            process.communicate()
            positions.append(noted(followed.target).position)
    assert positions == sorted(positions)
    assert positions[-1] > start
    assert looks[-1] > 0, "nothing was applied before the last kill"
    with watched(target):
        last = Replication(followed.source, followed.target)
        with last.running():
            last.catch_up(60)
    followed.must_be_equal()
    assert last.figures.transactions == writers.transactions
    moved = last.figures.tables["moved"]
    assert moved.inserts == counted(target, "moved")


def wait_for(followed, further: int) -> None:
    """Until it has come further so many times."""
    deadline = time.monotonic() + 30
    before = noted(followed.target)
    while further:
        now = noted(followed.target)
        further -= now != before
        before = now
        assert time.monotonic() < deadline, "it does not come further"


def counted(server, table: str) -> int:
    with server.link("there") as link, link.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*) FROM {table}")
        return cursor.fetchone()[0]
