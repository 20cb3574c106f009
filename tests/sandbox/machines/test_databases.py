"""Aurora clusters: their master user, their sleep, their snapshots, and what kills them."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from typing import Any

import psutil
import pymysql
import pytest
from machineground import CLUSTER, MASTER_PASSWORD, Ground, until

from tsalab.errors import SandboxError
from tsalab.sandbox import processes
from tsalab.sandbox.machines.databases import Endpoint
from tsalab.sandbox.ports import is_free


def connect(endpoint: Endpoint, password: str = MASTER_PASSWORD, **more: Any) -> pymysql.Connection[Any]:
    return pymysql.connect(
        host=endpoint.host, port=endpoint.port, user="admin", password=password, autocommit=True, **more
    )


def ask(endpoint: Endpoint, *statements: str, **more: Any) -> Any:
    with connect(endpoint, **more) as connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        return cursor.fetchall()


def create(ground: Ground, name: str) -> Endpoint:
    return ground.estate.databases.create(
        name, username="admin", password=MASTER_PASSWORD, database="TSAGalleryData"
    )


def server_pid(ground: Ground, name: str) -> int:
    (found,) = [
        process.pid
        for process in processes.members(ground.folder)
        if process.environ().get("TSALAB_MACHINE") == name
    ]
    return found


def test_a_new_cluster_keeps_pace(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TSALAB_PACE", "2")
    began = time.monotonic()
    made = create(ground, "slow")
    assert 2 <= time.monotonic() - began < 10
    assert ask(made, "SELECT 1") == ((1,),)
    ground.estate.databases.delete("slow")


def test_the_master_user_has_the_rights_that_rds_gives(ground: Ground, cluster: Endpoint) -> None:
    ((grant,),) = ask(cluster, "SHOW GRANTS")

    assert "WITH GRANT OPTION" in grant
    assert not any(word in grant for word in (" SUPER", " FILE", "SHUTDOWN", "ALL PRIVILEGES"))
    ask(cluster, "CREATE USER u1@'%' IDENTIFIED BY 'x'", "GRANT SELECT ON TSAGalleryData.* TO u1@'%'")
    for refused in ("SET GLOBAL max_connections = 5", "SELECT 1 INTO OUTFILE '/tmp/x'", "SHUTDOWN"):
        with pytest.raises(pymysql.err.Error, match="Access denied"):
            ask(cluster, refused)
    ask(cluster, "DROP USER u1@'%'")


def test_the_database_is_there_and_speaks_utf8mb4(cluster: Endpoint) -> None:
    assert ask(cluster, "SELECT @@character_set_database", database="TSAGalleryData") == (("utf8mb4",),)


@pytest.mark.parametrize("user", ["root", "rdsadmin", "mariadb.sys", ""])
def test_no_other_account_lets_anybody_in(cluster: Endpoint, user: str) -> None:
    with pytest.raises(pymysql.err.OperationalError):
        pymysql.connect(host=cluster.host, port=cluster.port, user=user, password="")


def test_the_password_is_in_no_argument_and_no_log(ground: Ground, cluster: Endpoint) -> None:
    for process in processes.members(ground.folder):
        assert MASTER_PASSWORD not in " ".join(process.cmdline())
        assert MASTER_PASSWORD not in str(process.environ())
    home = ground.folder.path("databases", CLUSTER)
    assert MASTER_PASSWORD not in (home / "mariadbd.log").read_text()
    assert not (home / "first.sql").exists()
    assert home.stat().st_mode & 0o077 == 0


def test_a_paused_cluster_wakes_when_somebody_connects(ground: Ground) -> None:
    databases = ground.estate.databases
    endpoint = create(ground, "sleeper")
    try:
        ask(endpoint, "CREATE TABLE t (a INT)", "INSERT INTO t VALUES (7)", database="TSAGalleryData")
        databases.pause("sleeper")
        assert databases.is_paused("sleeper")
        answers: list[Any] = []
        several = [
            threading.Thread(
                target=lambda: answers.append(ask(endpoint, "SELECT a FROM t", database="TSAGalleryData"))
            )
            for _ in range(4)
        ]
        for thread in several:
            thread.start()
        for thread in several:
            thread.join()
        assert answers == [((7,),)] * 4
        assert not databases.is_paused("sleeper")
        databases.pause("sleeper")
        databases.resume("sleeper")
        assert not databases.is_paused("sleeper")
    finally:
        databases.delete("sleeper")


def test_a_cluster_pauses_itself_when_nobody_is_connected(ground: Ground) -> None:
    databases = ground.estate.databases
    endpoint = create(ground, "dozer")
    try:
        with connect(endpoint):
            assert databases.connections("dozer") == 1
            databases.set_auto_pause("dozer", 0.05)
            time.sleep(0.2)  # longer than the pause: an idle connection keeps it awake
            assert not databases.is_paused("dozer")
        until(lambda: databases.is_paused("dozer"))
        assert ask(endpoint, "SELECT 1") == ((1,),)
        databases.set_auto_pause("dozer", None)
    finally:
        databases.delete("dozer")


def test_a_connection_that_asks_nothing_is_closed_after_eight_hours_of_the_clock(ground: Ground) -> None:
    """As a server does by its `wait_timeout`; one that waits for an answer is none of these."""
    databases, clock = ground.estate.databases, ground.estate.clock
    endpoint = create(ground, "closer")
    try:
        with connect(endpoint) as idle, connect(endpoint) as busy, clock.borrowed():
            idle.ping(reconnect=False)
            clock.set(rate=28_800)  # eight hours in a second
            with busy.cursor() as cursor:
                cursor.execute("SELECT SLEEP(2)")
                assert cursor.fetchall() == ((0,),)
            with pytest.raises(pymysql.err.OperationalError, match="Lost connection"):
                idle.ping(reconnect=False)
            clock.set(rate=1)
            busy.ping(reconnect=False)
        until(lambda: databases.connections("closer") == 0)
    finally:
        databases.delete("closer")


def test_whoever_comes_while_it_wakes_is_held_and_served(ground: Ground) -> None:
    """AWS documents of neither version that it turns somebody away; an impatient client wakes it, too."""
    databases, clock = ground.estate.databases, ground.estate.clock
    endpoint = create(ground, "holder")
    try:
        databases.pause("holder")
        with clock.borrowed():
            clock.set(resume_seconds=1.5)
            began = time.monotonic()
            impatient = socket.create_connection((endpoint.host, endpoint.port))
            assert time.monotonic() - began < 0.5  # let in at once
            impatient.settimeout(0.5)
            with impatient, pytest.raises(TimeoutError):
                impatient.recv(1)  # and kept waiting
            assert ask(endpoint, "SELECT 1") == ((1,),)
            assert 1.5 <= time.monotonic() - began < 10
    finally:
        databases.delete("holder")


def test_another_password_replaces_the_first(ground: Ground) -> None:
    endpoint = create(ground, "changer")
    try:
        ground.estate.databases.set_password("changer", "an'other")
        assert ask(endpoint, "SELECT 1", password="an'other") == ((1,),)
        with pytest.raises(pymysql.err.OperationalError, match="Access denied"):
            ask(endpoint, "SELECT 1")
    finally:
        ground.estate.databases.delete("changer")


def test_a_snapshot_taken_under_writes_holds_data_and_users(ground: Ground) -> None:
    databases = ground.estate.databases
    endpoint = create(ground, "original")
    database = {"database": "TSAGalleryData"}
    try:
        ask(endpoint, "CREATE TABLE t (a INT PRIMARY KEY AUTO_INCREMENT, b VARCHAR(500))", **database)
        ask(
            endpoint,
            "CREATE USER reader@'%' IDENTIFIED BY 'r'",
            "GRANT SELECT ON TSAGalleryData.* TO reader@'%'",
        )
        stop = threading.Event()
        written = 0

        def write() -> None:
            nonlocal written
            with connect(endpoint, **database) as connection, connection.cursor() as cursor:
                while not stop.is_set():
                    cursor.execute("INSERT INTO t (b) VALUES (REPEAT('x', 500))")
                    written += 1

        writer = threading.Thread(target=write)
        writer.start()
        until(lambda: written > 20)
        before = written
        databases.snapshot("original", "snap")
        after = written + 1
        stop.set()
        writer.join()
        assert databases.snapshots() == ["snap"]
        with pytest.raises(SandboxError, match="already has a snapshot 'snap'"):
            databases.snapshot("original", "snap")
        restored = databases.restore("snap", "copy")
        ((rows,),) = ask(restored, "SELECT COUNT(*) FROM t", **database)
        assert before <= rows <= after
        with pymysql.connect(host=restored.host, port=restored.port, user="reader", password="r") as reader:
            reader.ping()
        ((kept,),) = ask(endpoint, "SELECT COUNT(*) FROM t", **database)
        assert kept == written
    finally:
        for name in ("original", "copy"):
            databases.delete(name)
        databases.delete_snapshot("snap")
    assert databases.snapshots() == []
    with pytest.raises(SandboxError, match="no snapshot 'snap'"):
        databases.restore("snap", "copy")


def test_a_killed_server_comes_back_with_what_was_committed(ground: Ground) -> None:
    endpoint = create(ground, "victim")
    try:
        ask(endpoint, "CREATE TABLE t (a INT)", "INSERT INTO t VALUES (1), (2)", database="TSAGalleryData")
        first = server_pid(ground, "victim")
        os.kill(first, signal.SIGKILL)
        until(lambda: not psutil.pid_exists(first))
        assert ask(endpoint, "SELECT COUNT(*) FROM t", database="TSAGalleryData") == ((2,),)
    finally:
        ground.estate.databases.delete("victim")


def test_a_deleted_cluster_leaves_nothing(ground: Ground) -> None:
    endpoint = create(ground, "gone")
    with connect(endpoint) as connection:
        ground.estate.databases.delete("gone")
        with pytest.raises(pymysql.err.Error):
            connection.ping(reconnect=False)
    assert is_free(endpoint.port)
    assert not ground.folder.path("databases", "gone").exists()
    with pytest.raises(SandboxError, match="no database cluster 'gone'"):
        ground.estate.databases.pause("gone")
    ground.estate.databases.delete("gone")


def test_two_clusters_cannot_have_one_name(ground: Ground, cluster: Endpoint) -> None:
    with pytest.raises(SandboxError, match=f"already has a database cluster '{CLUSTER}'"):
        create(ground, CLUSTER)


def test_clusters_resume_as_they_were(own: Ground) -> None:
    databases = own.estate.databases
    awake, asleep = create(own, "awake"), create(own, "asleep")
    ask(awake, "CREATE TABLE t (a INT)", "INSERT INTO t VALUES (1)", database="TSAGalleryData")
    databases.pause("asleep")
    own.estate.stop()
    assert processes.members(own.folder) == []
    own.up()
    own.estate.databases.resume_all()
    assert own.estate.databases.is_paused("asleep")
    assert not own.estate.databases.is_paused("awake")
    assert own.estate.databases.address("asleep") == asleep
    assert ask(awake, "SELECT a FROM t", database="TSAGalleryData") == ((1,),)


def test_a_server_that_cannot_start_says_why(own: Ground) -> None:
    endpoint = create(own, "broken")
    own.estate.databases.pause("broken")
    for file in own.folder.path("databases", "broken", "data").glob("ibdata*"):
        file.write_bytes(b"nonsense")
    with pytest.raises(SandboxError, match="The database server of broken did not start") as caught:
        own.estate.databases.resume("broken")
    assert "InnoDB" in caught.value.why
    with pytest.raises(pymysql.err.OperationalError):
        ask(endpoint, "SELECT 1")
