"""Broken connections, a stop, Ctrl-C, crashes around DDL: it goes on where it was, and leaves nothing."""

from __future__ import annotations

import signal
import threading
import time

import pymysql
import pytest

from tsalab.migrate.capture import Replication, State, noted
from tsalab.migrate.capture.altering import Altering
from tsalab.migrate.capture.following import Following

from .load import TABLES, writing
from .test_ddl import definitions
from .test_killed import begun


def connections(server) -> set[int]:
    """Of everybody but the one who asks."""
    with server.link() as link, link.cursor() as cursor:
        cursor.execute("SELECT id FROM information_schema.PROCESSLIST WHERE user <> 'system user'")
        return {number for (number,) in cursor.fetchall()} - {link.thread_id()}


def none_left(followed) -> None:
    deadline = time.monotonic() + 10
    while any(connections(server) for server in followed.servers):
        assert time.monotonic() < deadline, "connections were left open"
        time.sleep(0.05)  # a server takes a moment to see that a socket was closed


@pytest.mark.parametrize("side", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_broken_connections_are_made_again(followed, side: int) -> None:
    followed.here(*TABLES)
    server = followed.servers[side]
    with writing(followed.servers[0], 1) as writers, followed.following() as replication:
        for _ in range(2):
            reached = replication.figures.transactions
            while replication.figures.transactions == reached:
                time.sleep(0.01)  # until it comes further
            for number in connections(server):
                try:
                    if number not in connections_of_writers(server):
                        server.sql(f"KILL {number}")
                except pymysql.err.OperationalError as error:
                    if error.args[0] != 1094:  # it ended by itself meanwhile
                        raise
        writers.end()
        replication.catch_up(60)
    assert replication.figures.state is State.STOPPED
    none_left(followed)


def connections_of_writers(server) -> set[int]:
    """Connections whose statements are the load's."""
    with server.link() as link, link.cursor() as cursor:
        cursor.execute("SELECT id FROM information_schema.PROCESSLIST WHERE user = 'root' AND db = 'here'")
        mine = {number for (number,) in cursor.fetchall()}
        cursor.execute("SELECT id FROM information_schema.PROCESSLIST WHERE command = 'Binlog Dump'")
        return mine - {number for (number,) in cursor.fetchall()}


def test_stopped_and_gone_on(followed) -> None:
    followed.here("CREATE TABLE t (id INT PRIMARY KEY)")
    replication = followed.copy()
    for number in range(2):
        followed.here(f"INSERT INTO t VALUES ({number})")
        with replication.running():
            replication.catch_up(20)
            assert replication.figures.lag_seconds == 0
            assert replication.figures.lag_bytes == 0
        assert replication.figures.state is State.STOPPED
        assert replication.figures.transactions == number + 1
        none_left(followed)
    followed.must_be_equal()
    assert not [thread for thread in threading.enumerate() if thread.name in {"replication", "binary log"}]


@pytest.mark.parametrize("busy", [pytest.param(False, marks=pytest.mark.slow), True])
def test_ctrl_c_leaves_nothing_running(followed, busy: bool) -> None:
    followed.here("CREATE TABLE t (id INT PRIMARY KEY, n INT)", "INSERT INTO t VALUES (1, 1)")
    start = followed.copy().start
    with followed.servers[1].link("there") as link, link.cursor() as cursor:
        if busy:
            cursor.execute("SELECT * FROM t FOR UPDATE")
            followed.here("UPDATE t SET n = 2")
        process = begun(followed, start)
        assert process.stdout.readline() == "follows\n"
        deadline = time.monotonic() + 20
        while busy and not waits(followed.servers[1]):
            assert time.monotonic() < deadline, "the lock is not waited for"
            time.sleep(0.2)  # InnoDB looks anew only when nobody has asked for a tenth of a second
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
        assert process.returncode not in {0, 1}
    none_left(followed)
    again = Replication(followed.source, followed.target)
    with again.running():
        again.catch_up(20)
    followed.must_be_equal()


def waits(server) -> bool:
    with server.link() as link, link.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM information_schema.INNODB_LOCK_WAITS")
        return cursor.fetchone()[0] > 0


class CrashError(BaseException):
    """As if the process had ended there."""


DDL = (
    "ALTER TABLE t ADD KEY (n)",  # done twice, it would be there twice
    "CREATE TABLE u (PRIMARY KEY (id)) AS SELECT id FROM t",
)
MORE_DDL = (
    "ALTER TABLE t ADD COLUMN more INT DEFAULT 3",
    "ALTER TABLE t DROP COLUMN n",
    "TRUNCATE TABLE t",
    "DROP TABLE t",
    "RENAME TABLE t TO u",
    "ALTER TABLE t ENGINE=InnoDB",
)


@pytest.mark.parametrize("statements", [DDL, pytest.param(MORE_DDL, marks=pytest.mark.slow)])
@pytest.mark.parametrize("moment", ["noted", "run", "written"])
def test_a_crash_around_ddl(followed, monkeypatch, moment: str, statements: tuple[str, ...]) -> None:
    """Before it is run, before the position behind it is written, and after."""
    run, write = Altering.run, Following._write

    def crash_before(self, change, query) -> None:
        raise CrashError

    def crash_after(self, change, query) -> None:
        run(self, change, query)
        raise CrashError

    def crash_written(self, after) -> None:
        write(self, after)
        if after.pending is None:
            raise CrashError

    for statement in statements:
        followed.there("DROP TABLE IF EXISTS t, u, _tsalab_pieces, _tsalab_capture")
        followed.here(
            "DROP TABLE IF EXISTS t, u",
            "CREATE TABLE t (id INT PRIMARY KEY, n INT)",
            "INSERT INTO t VALUES (1, 1), (2, 2)",
        )
        replication = followed.copy()
        followed.here("INSERT INTO t VALUES (3, 3)", statement)
        with monkeypatch.context() as patch:
            if moment == "written":
                patch.setattr(Following, "_write", crash_written)
            else:
                patch.setattr(Altering, "run", crash_before if moment == "noted" else crash_after)
            with pytest.raises(CrashError):
                replication.run()
        pending = noted(followed.target).pending
        assert (pending is None) is (moment == "written"), statement
        again = Replication(followed.source, followed.target)
        with again.running():
            again.catch_up(20)
        followed.must_be_equal()
        assert again.figures.transactions >= 2
        assert definitions(followed.servers[0], "here") == definitions(followed.servers[1], "there"), (
            statement
        )
