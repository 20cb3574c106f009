"""What goes wrong on the way is named, with the table and the server; the target is left as it was."""

from __future__ import annotations

import socket
from dataclasses import replace

import pymysql
import pytest

from tsalab.errors import MigrationError
from tsalab.migrate import (
    Login,
    Progress,
    compare,
    connect,
    copy,
    plan,
    prepare,
)
from tsalab.migrate.planning import choosing

from .gallery import GALLERY


def test_wrong_password(pair) -> None:
    with pytest.raises(MigrationError, match=r"source here at 127.0.0.1:.* refused user root") as caught:
        plan(replace(pair[0], password="hidden wrong"))
    assert "hidden" not in str(caught.value)
    assert "word of root" not in repr(pair[0])


def test_unknown_database(pair) -> None:
    with pytest.raises(MigrationError, match="has no database nowhere"):
        connect(replace(pair[0], database="nowhere"))


def test_nobody_answers(pair) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(MigrationError, match=r"cannot be reached \(2 tries\)"):
        connect(replace(pair[0], port=port), tries=2)


def test_a_waking_server_is_waited_for(pair, monkeypatch) -> None:
    from tsalab.migrate import login

    real, calls = login._open, []

    def asleep(*given):
        calls.append(given)
        if len(calls) < 3:
            raise pymysql.err.OperationalError(2013, "Lost connection during query")
        return real(*given)

    monkeypatch.setattr(login, "_open", asleep)
    monkeypatch.setattr(login, "_BACK_OFF", 0.01)
    connect(pair[0]).close()
    assert len(calls) == 3


def test_a_row_that_the_target_does_not_take(pair, here, there, servers) -> None:
    source, target = pair
    here("CREATE TABLE t (b LONGBLOB)", "INSERT INTO t VALUES (REPEAT('x', 3000000))")
    servers[1].sql("SET GLOBAL max_allowed_packet = 1048576")
    try:
        with pytest.raises(MigrationError, match=r"does not take a row of table t|broke while writing"):
            copy(source, target)
    finally:
        servers[1].sql("SET GLOBAL max_allowed_packet = 4194304")
    assert compare(source, target).rows[0].target_rows == 0


def test_a_connection_that_is_killed(pair, here, servers) -> None:
    source, target = pair
    here(*GALLERY)

    def kill(_: Progress) -> None:
        with (
            pymysql.connect(
                host="127.0.0.1", port=servers[1].port, user="root", password="word of root"
            ) as other,
            other.cursor() as cursor,
        ):
            cursor.execute("SELECT id FROM information_schema.PROCESSLIST WHERE db = 'there'")
            for (number,) in cursor.fetchall():
                cursor.execute(f"KILL {number}")

    with pytest.raises(MigrationError, match=r"target there at .* broke while"):
        copy(source, target, kill)


def test_a_table_the_target_refuses(pair, here, monkeypatch) -> None:
    source, target = pair
    here("CREATE TABLE t (a INT)")
    real = choosing.rewrite
    monkeypatch.setattr(
        choosing, "rewrite", lambda *given: replace(real(*given), create="CREATE TABLE t (a NOSUCH)")
    )
    with pytest.raises(MigrationError, match="refused creating table t"):
        copy(source, target)


def test_a_full_disk() -> None:
    from tsalab.migrate.login import translate

    login = Login("h", 1, "u", "p", "d", "target")
    for number in (1021, 1114):
        error = pymysql.err.OperationalError(number, "The table 't' is full")
        assert "no room left for table t" in translate(error, login, "writing", "t").what
    broken = pymysql.err.InternalError(1030, 'Got error 28 "No space left on device"')
    assert "no room" in translate(broken, login, "writing", "t").what


def test_a_socket_that_breaks() -> None:
    from tsalab.migrate.login import named

    with (
        pytest.raises(MigrationError, match="broke while reading"),
        named(Login("h", 1, "u", "p", "d"), "reading"),
    ):
        raise ConnectionResetError


@pytest.mark.parametrize(
    ("statement", "match"),
    [
        ("CREATE SEQUENCE s", "sequence s"),
        ("CREATE TABLE t (a INT) WITH SYSTEM VERSIONING", "system versioned t"),
    ],
)
def test_what_cannot_be_copied_is_refused(pair, here, statement: str, match: str) -> None:
    here(statement)
    with pytest.raises(MigrationError, match=match):
        copy(*pair)


def test_a_key_into_another_database(pair, here, servers) -> None:
    servers[0].sql("CREATE DATABASE other", "CREATE TABLE other.o (id INT PRIMARY KEY)")
    try:
        here("CREATE TABLE t (o INT, FOREIGN KEY (o) REFERENCES other.o (id))")
        with pytest.raises(MigrationError, match="foreign key"):
            plan(pair[0])
        here("DROP TABLE t")
    finally:
        servers[0].sql("DROP DATABASE other")


def test_another_table_of_that_name(pair, here, there) -> None:
    source, target = pair
    here("CREATE TABLE t (a INT, b INT)")
    there("CREATE TABLE t (a INT, c DATE)")
    with pytest.raises(MigrationError, match="another table t") as caught:
        prepare(source, target)
    assert "b, c" in caught.value.why


def test_a_table_that_arrives_changed_is_rolled_back(pair, here, there) -> None:
    source, target = pair
    here("CREATE TABLE t (name VARCHAR(20))", "INSERT INTO t VALUES ('too long for it')")
    there("CREATE TABLE t (name VARCHAR(5))")
    with pytest.raises(MigrationError, match="did not arrive as it was sent"):
        copy(source, target)
    assert compare(source, target).rows[0].target_rows == 0
