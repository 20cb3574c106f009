"""What following takes is looked at first, and what lacks is named."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from tsalab.errors import CaptureError, MigrationError
from tsalab.migrate import Migration, Options
from tsalab.migrate.capture import Position, Replication, current_position


def refused(replication: Replication) -> str:
    with pytest.raises(CaptureError) as caught:
        replication.run()
    return f"{caught.value.what} {caught.value.why}"


@pytest.mark.parametrize(
    ("name", "value", "usual"),
    [
        ("binlog_format", "MIXED", "ROW"),
        ("binlog_row_image", "MINIMAL", "FULL"),
        ("binlog_row_metadata", "MINIMAL", "FULL"),
    ],
)
def test_settings_of_the_source(followed, name: str, value: str, usual: str) -> None:
    source = followed.servers[0]
    start = current_position(followed.source)
    source.sql(f"SET GLOBAL {name} = {value}")
    try:
        said = refused(Replication(followed.source, followed.target, start=start))
    finally:
        source.sql(f"SET GLOBAL {name} = {usual}")
    assert f"The setting {name} has to be {usual}, and is {value}." in said


@pytest.mark.parametrize(
    ("name", "value", "usual", "said"),
    [
        ("binlog_row_metadata", "MINIMAL", "FULL", "does not name the columns"),
        ("binlog_row_image", "MINIMAL", "FULL", "not have all columns"),
        ("binlog_format", "STATEMENT", "ROW", "logged as a statement"),
    ],
)
def test_a_session_of_other_settings(followed, name: str, value: str, usual: str, said: str) -> None:
    followed.here("CREATE TABLE t (id INT PRIMARY KEY, a INT, b INT)", "INSERT INTO t VALUES (1, 1, 1)")
    replication = followed.copy()
    source = followed.servers[0]
    source.sql(f"SET GLOBAL {name} = {value}")
    try:
        followed.here("UPDATE t SET a = 2")
    finally:
        source.sql(f"SET GLOBAL {name} = {usual}")
    assert said in refused(replication)


def test_a_source_without_a_log(followed) -> None:
    source, target = followed.servers[1].login("there", "source"), followed.source  # the other way round
    assert "has no binary log" in refused(Replication(source, target, start=Position("log.000001", 4)))
    with pytest.raises(CaptureError, match="has no binary log"):
        current_position(source)
    report = Migration(source, replace(target, database="here"), Options(objects=False)).run()
    with pytest.raises(CaptureError, match="did not say where its binary log stood"):
        Replication.after(report, source, target)


def test_privileges(followed) -> None:
    source = followed.servers[0]
    source.sql(
        "CREATE OR REPLACE USER 'follower'@'localhost' IDENTIFIED BY 'f'",
        "GRANT SELECT ON here.* TO 'follower'@'localhost'",
    )
    followed.here("CREATE TABLE t (id INT PRIMARY KEY)")
    start = followed.copy().start
    login = replace(followed.source, user="follower", password="f")
    replication = Replication(login, followed.target, start=start)
    assert "follower lacks REPLICATION SLAVE, BINLOG MONITOR" in refused(replication)
    source.sql("GRANT BINLOG MONITOR ON *.* TO 'follower'@'localhost'")
    assert "follower lacks REPLICATION SLAVE." in refused(replication)
    source.sql("GRANT REPLICATION SLAVE ON *.* TO 'follower'@'localhost'")
    followed.here("INSERT INTO t VALUES (1)")
    with replication.running():
        replication.catch_up(20)
    followed.must_be_equal()
    source.sql("DROP USER 'follower'@'localhost'")


def test_a_log_that_was_thrown_away(followed) -> None:
    source = followed.servers[0]
    start = current_position(followed.source)
    source.sql("FLUSH BINARY LOGS")
    now = current_position(followed.source).file
    deadline = time.monotonic() + 20
    while logs(source) != [now]:  # one is kept for as long as the server believes that somebody reads it
        assert time.monotonic() < deadline, "the log is not thrown away"
        source.sql(f"PURGE BINARY LOGS TO '{now}'")
    said = refused(Replication(followed.source, followed.target, start=start))
    assert f"no longer has its binary log from {start}" in said
    assert f"first that is there is {current_position(followed.source).file}" in said
    beyond = replace(current_position(followed.source), offset=1 << 30)
    assert "no longer has" in refused(Replication(followed.source, followed.target, start=beyond))


def logs(server) -> list[str]:
    with server.link() as link, link.cursor() as cursor:
        cursor.execute("SHOW BINARY LOGS")
        return [row[0] for row in cursor.fetchall()]


def test_tables_and_triggers(followed) -> None:
    followed.here("CREATE TABLE m (id INT) ENGINE=MyISAM", "CREATE TABLE t (id INT PRIMARY KEY)")
    start = current_position(followed.source)
    assert "Table m is MyISAM" in refused(Replication(followed.source, followed.target, start=start))
    followed.here("DROP TABLE m")
    start = followed.copy().start
    followed.there("CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.id = 7")
    assert "trigger tr would do again" in refused(Replication(followed.source, followed.target, start=start))


def test_where_to_begin(followed) -> None:
    assert "holds no position" in refused(Replication(followed.source, followed.target))
    followed.here("CREATE TABLE t (id INT PRIMARY KEY)")
    replication = followed.copy()
    replication.run(until=current_position(followed.source))
    followed.servers[0].sql("CREATE OR REPLACE DATABASE elsewhere")
    other = replace(followed.source, database="elsewhere")
    assert "follows the database here, and not elsewhere" in refused(Replication(other, followed.target))
    followed.here("INSERT INTO t VALUES (1)")
    # One that was told to begin earlier goes on where the target is.
    again = Replication(followed.source, followed.target, start=replication.start)
    again.run(until=current_position(followed.source))
    assert again.figures.transactions == 1


def test_two_of_them(followed, monkeypatch) -> None:
    monkeypatch.setattr("tsalab.migrate.capture.following._PATIENCE", 0)
    followed.here("CREATE TABLE t (id INT PRIMARY KEY)")
    with followed.following() as replication:
        replication.catch_up(20)
        second = Replication(followed.source, followed.target)
        assert "Another capture applies them" in refused(second)


def test_who_waits_is_told(followed) -> None:
    followed.here("CREATE TABLE t (id INT PRIMARY KEY)")
    replication = followed.copy()
    with pytest.raises(CaptureError, match="are not applied"):
        replication.drain_to(replication.start, 1)
    with replication.running():
        end = replication.catch_up(20)
        with pytest.raises(CaptureError, match=r"came to .* in 0.2 s, and not to"):
            replication.drain_to(replace(end, offset=end.offset + 1), 0.2)
    followed.there("DROP TABLE t")
    followed.here("INSERT INTO t VALUES (1)")
    with pytest.raises(MigrationError, match="t"), replication.running():
        replication.catch_up(20)
