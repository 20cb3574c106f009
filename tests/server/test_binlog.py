"""The log of the database on the web server, and the hold on its writers: on a sandbox's machine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pymysql
import pytest

from tests.faults.conftest import opened
from tsalab import migrate
from tsalab.errors import MigrationError
from tsalab.lab import Lab
from tsalab.server import binlog, followers
from tsalab.steps import World


@pytest.fixture(scope="module")
def lab(module_sandbox: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with opened(module_sandbox, tmp_path_factory.mktemp("work")) as lab:
        yield lab


def write(world: World, name: str) -> None:
    with migrate.connect(world.source) as connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO categories (name) VALUES (%s)", (name,))


def test_a_log_is_switched_on_and_held_writers_are_refused(lab: Lab) -> None:
    world = World(lab.place)
    server = world.server
    assert "log_bin" in binlog.lacking(server)
    binlog.enable(server)
    assert binlog.lacking(server) == []
    first = binlog.position(server)
    write(world, "before")
    at = binlog.hold(server)
    assert at > first
    assert binlog.held(server)
    with pytest.raises(pymysql.err.MySQLError, match="read-only"):
        write(world, "held")
    assert binlog.position(server) == at
    binlog.release(server)
    write(world, "after")
    assert binlog.position(server) > at


def test_who_follows_may_read_and_nothing_else(lab: Lab) -> None:
    world = World(lab.place)
    server, beside = world.server, followers.BESIDE
    first, again = (followers.admit(server, beside, "tsagallery") for _ in range(2))
    assert first != again
    login = migrate.Login("127.0.0.1", world.source.port, beside.user, again, "tsagallery")
    with migrate.connect(login) as connection, connection.cursor() as cursor:
        cursor.execute("SHOW MASTER STATUS")
        assert cursor.fetchall()
        cursor.execute("SELECT COUNT(*) FROM images")
        with pytest.raises(pymysql.err.MySQLError, match="denied"):
            cursor.execute("DELETE FROM images")
    followers.dismiss(server, beside)
    followers.dismiss(server, beside)
    with pytest.raises(MigrationError):
        migrate.connect(login)
