"""What goes wrong on the way is named, with the table and the server; the target is left as it was."""

from __future__ import annotations

import socket
from dataclasses import replace

import pymysql
import pytest

from tsalab.errors import MigrationError
from tsalab.migrate import Event, Login, Migration, Options, compare, connect
from tsalab.migrate.planning import choosing

from .gallery import GALLERY


def test_wrong_password(pair) -> None:
    with pytest.raises(MigrationError, match=r"source here at 127.0.0.1:.* refused user root") as caught:
        Migration(replace(pair[0], password="hidden wrong"), pair[1]).plan()
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
            Migration(source, target).run()
    finally:
        servers[1].sql("SET GLOBAL max_allowed_packet = 4194304")
    assert compare(source, target).rows[0].target_rows == 0


def test_a_connection_that_is_killed(pair, here, servers) -> None:
    source, target = pair
    here(*GALLERY)

    def kill(_: Event) -> None:
        with (
            servers[1].link() as other,
            other.cursor() as cursor,
        ):
            cursor.execute("SELECT id FROM information_schema.PROCESSLIST WHERE db = 'there'")
            for (number,) in cursor.fetchall():
                cursor.execute(f"KILL {number}")

    with pytest.raises(MigrationError, match=r"target there at .* broke while"):
        Migration(source, target).run(kill)


def test_a_table_the_target_refuses(pair, here, monkeypatch) -> None:
    source, target = pair
    here("CREATE TABLE t (a INT)")
    real = choosing.rewrite
    monkeypatch.setattr(
        choosing, "rewrite", lambda *given: replace(real(*given), create="CREATE TABLE t (a NOSUCH)")
    )
    with pytest.raises(MigrationError, match="refused creating table t"):
        Migration(source, target).run()


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
        Migration(*pair).run()


def test_a_key_into_another_database(pair, here, servers) -> None:
    servers[0].sql("CREATE DATABASE other", "CREATE TABLE other.o (id INT PRIMARY KEY)")
    try:
        here("CREATE TABLE t (o INT, FOREIGN KEY (o) REFERENCES other.o (id))")
        with pytest.raises(MigrationError, match="foreign key"):
            Migration(*pair).prepare()
        here("DROP TABLE t")
    finally:
        servers[0].sql("DROP DATABASE other")


def test_another_table_of_that_name(pair, here, there) -> None:
    source, target = pair
    here("CREATE TABLE t (a INT, b INT)")
    there("CREATE TABLE t (a INT, c DATE)")
    with pytest.raises(MigrationError, match="Nothing was moved") as caught:
        Migration(source, target).prepare()
    assert "these columns differ: b, c" in caught.value.why


@pytest.mark.parametrize("key", ["PRIMARY KEY", ""])
def test_a_table_that_arrives_changed_is_rolled_back(pair, here, there, key: str) -> None:
    source, target = pair
    here(f"CREATE TABLE t (name VARCHAR(20) {key})", "INSERT INTO t VALUES ('sent')")
    there(
        f"CREATE TABLE t (name VARCHAR(20) {key})",
        "CREATE TRIGGER other BEFORE INSERT ON t FOR EACH ROW SET NEW.name = CONCAT(NEW.name, '!')",
    )
    with pytest.raises(MigrationError, match="did not arrive as it was sent"):
        Migration(source, target).run()
    assert compare(source, target).rows[0].target_rows == 0


def test_a_duplicate_on_the_target_is_rolled_back(pair, here, there) -> None:
    source, target = pair
    here("CREATE TABLE t (id INT PRIMARY KEY, a INT)", "INSERT INTO t VALUES (1, 1), (2, 1)")
    there("CREATE TABLE t (id INT PRIMARY KEY, a INT UNIQUE)")
    with pytest.raises(MigrationError, match=r"did not arrive as it was sent|Nothing was moved"):
        Migration(source, target).run()
    assert compare(source, target).rows[0].target_rows == 0


def test_a_target_without_local_infile(pair, here, servers) -> None:
    source, target = pair
    here("CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1)")
    servers[1].sql("SET GLOBAL local_infile = 0")
    try:
        with pytest.raises(MigrationError, match="local_infile"):
            Migration(source, target).run()
    finally:
        servers[1].sql("SET GLOBAL local_infile = 1")
    assert compare(source, target).rows[0].target_rows is None


def test_a_target_login_without_the_right_to_create(pair, here, servers) -> None:
    source, target = pair
    here("CREATE TABLE t (id INT PRIMARY KEY)")
    servers[1].sql(
        "CREATE USER weak@localhost IDENTIFIED BY 'w'", "GRANT SELECT ON there.* TO weak@localhost"
    )
    try:
        with pytest.raises(MigrationError) as caught:
            Migration(source, replace(target, user="weak", password="w")).run()
    finally:
        servers[1].sql("DROP USER weak@localhost")
    assert "weak" in str(caught.value) or "CREATE" in str(caught.value)
    assert compare(source, target).rows[0].target_rows is None


def test_a_target_that_is_the_source(pair, here, servers) -> None:
    here("CREATE TABLE t (id INT PRIMARY KEY)", "INSERT INTO t VALUES (1)")
    again = replace(pair[0], host="localhost")
    with pytest.raises(MigrationError, match="Nothing was moved") as caught:
        Migration(pair[0], again, Options(resume=True, replace=True)).run()
    assert "the source's own database" in caught.value.why
    with servers[0].link("here") as link, link.cursor() as cursor:
        cursor.execute("SHOW TABLES")
        assert cursor.fetchall() == (("t",),)
