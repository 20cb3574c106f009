"""From MariaDB into a MySQL, by an account that owns its database and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tsalab.errors import MigrationError
from tsalab.migrate import Event, Login, Migration, Options, Phase, Verify, compare, connect

from .conftest import Server
from .gallery import GALLERY
from .test_types import ZOO

Pair = tuple[Login, Login]
# MySQL prints the small ones of these another way, so that digests of text differ.
FLOATS = "(0.1,1e-5),(3.4e38,1.7976931348623157e308),(-0.0,5e-324),(1e-40,-1.5e-7),(NULL,NULL)"
# What Aurora's accounts may not do: all of it needs SUPER or files of the server.
NEVER = ("SET GLOBAL", "SET PERSIST", "SQL_LOG_BIN", "INTO OUTFILE", "LOAD DATA INFILE", "LOAD_FILE", "FLUSH")
# MySQL's TIME ends at the whole second; MariaDB's, a second later.
OUTSIDE = "-838:59:59.000001"
KEYS = ("id INT AUTO_INCREMENT PRIMARY KEY, ", "")


@pytest.fixture
def here(servers: tuple[Server, Server], pair_to_mysql: Pair) -> Callable[..., None]:
    """Run SQL in the source database."""
    return lambda *statements: servers[0].sql(*statements, database="here")


@pytest.fixture
def there(mysql: Server, pair_to_mysql: Pair) -> Callable[..., None]:
    """Run SQL in the target database."""
    return lambda *statements: mysql.sql(*statements, database="there")


def rows_of(server: Server, database: str, table: str) -> list[Any]:
    """Rows as the driver reads them: what an application would see."""
    with server.link(database) as link, link.cursor() as cursor:
        cursor.execute("SET time_zone = '+00:00'")
        name = table if table.startswith("`") else f"`{table}`"  # words that are one vendor's alone
        cursor.execute(f"SHOW COLUMNS FROM {name}")
        columns = [(row[0], str(row[1])) for row in cursor.fetchall()]
        # A FLOAT prints fewer digits than it has.
        names = ["`" + name.replace("`", "``") + "`" for name, _ in columns]
        asked = [
            f"{name}+0e0" if kind == "float" else name for name, (_, kind) in zip(names, columns, strict=True)
        ]
        cursor.execute(f"SELECT {', '.join(asked)} FROM {name}".replace("%", "%%"), ())
        documents = {place for place, (_, kind) in enumerate(columns) if kind == "json"}
        if table == "json_":
            documents = set(range(len(columns)))
        return sorted(
            (
                tuple(
                    json.loads(value) if place in documents and value is not None else value
                    for place, value in enumerate(row)
                )
                for row in cursor.fetchall()
            ),
            key=repr,
        )


@pytest.mark.parametrize("name", ZOO)
def test_types(pair_to_mysql: Pair, here, servers, mysql: Server, name: str) -> None:
    columns, values = ZOO[name]
    values = values and values.replace(OUTSIDE, OUTSIDE.partition(".")[0])
    here(
        "SET SESSION sql_mode = ''",
        f"CREATE TABLE {name} ({columns})",
        *([f"INSERT INTO {name} VALUES {values}"] if values else []),
    )
    report = Migration(*pair_to_mysql).run()
    assert rows_of(servers[0], "here", name) == rows_of(mysql, "there", name)
    assert all(table.source_digest == table.target_digest != "" for table in report.tables)
    again = Migration(*pair_to_mysql, Options(resume=True)).run()
    assert [table.how for table in again.tables] == ["already equal"]


def test_a_value_that_mysql_cannot_hold_is_refused_and_nothing_stays(pair_to_mysql: Pair, here) -> None:
    here("CREATE TABLE t (id INT PRIMARY KEY, a TIME(6))", f"INSERT INTO t VALUES (1, '{OUTSIDE}')")
    with pytest.raises(MigrationError, match="did not arrive as it was sent"):
        Migration(*pair_to_mysql).run()
    assert [row.target_rows for row in compare(*pair_to_mysql).rows] == [0]


def test_the_gallery_with_its_keys(pair_to_mysql: Pair, here) -> None:
    here(*GALLERY, "CREATE VIEW names AS SELECT name FROM categories")
    report = Migration(*pair_to_mysql).run()
    assert report.foreign_keys == 2
    assert report.objects == ("view names",)
    assert compare(*pair_to_mysql).equal
    with connect(pair_to_mysql[1]) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM names")
        assert cursor.fetchone() == (2,)


@pytest.mark.parametrize("key", KEYS, ids=["with a key", "without"])
def test_numbers_that_the_servers_print_differently_are_proven_by_value(
    pair_to_mysql: Pair, here, there, servers, mysql: Server, key: str
) -> None:
    here(f"CREATE TABLE f ({key}a FLOAT, b DOUBLE)", f"INSERT INTO f (a, b) VALUES {FLOATS}")
    Migration(*pair_to_mysql).run()
    assert rows_of(servers[0], "here", "f") == rows_of(mysql, "there", "f")
    again = Migration(*pair_to_mysql, Options(resume=True)).run()
    assert [table.how for table in again.tables] == ["already equal"]
    there("UPDATE f SET b = 1e-6 WHERE b = 1e-5")
    with pytest.raises(MigrationError, match="rows"):
        Migration(*pair_to_mysql, Options(resume=True)).run()
    Migration(*pair_to_mysql, Options(resume=True, replace=True)).run()
    assert rows_of(servers[0], "here", "f") == rows_of(mysql, "there", "f")


@pytest.mark.parametrize("key", KEYS, ids=["with a key", "without"])
def test_a_number_that_changed_at_the_source_is_copied_again(
    pair_to_mysql: Pair, here, servers, mysql: Server, key: str
) -> None:
    here(f"CREATE TABLE f ({key}a FLOAT, b DOUBLE)", f"INSERT INTO f (a, b) VALUES {FLOATS}")
    Migration(*pair_to_mysql).run()
    here("UPDATE f SET b = 1e-6 WHERE b = 1e-5")
    report = Migration(*pair_to_mysql, Options(resume=True)).run()
    assert [table.how for table in report.tables] == ["copied"]
    assert rows_of(servers[0], "here", "f") == rows_of(mysql, "there", "f")


@pytest.mark.parametrize("verify", Verify)
def test_numbers_that_came_another_way(
    pair_to_mysql: Pair, here, there, servers, mysql: Server, verify: Verify
) -> None:
    """Rows without notes of ours are held against the source, also by value."""
    here(f"CREATE TABLE f ({KEYS[0]}a FLOAT, b DOUBLE)", f"INSERT INTO f (a, b) VALUES {FLOATS}")
    Migration(*pair_to_mysql).run()
    there("DROP TABLE _tsalab_pieces")
    report = Migration(*pair_to_mysql, Options(verify=verify)).run()
    assert [table.how for table in report.tables] == ["already equal"]
    assert rows_of(servers[0], "here", "f") == rows_of(mysql, "there", "f")


def test_a_row_that_no_server_writes_down_at_once(pair_to_mysql: Pair, here, servers, mysql: Server) -> None:
    here("CREATE TABLE big (id INT PRIMARY KEY, d DOUBLE, b LONGBLOB, t LONGTEXT)")
    for server in (servers[0], mysql):
        server.sql("SET GLOBAL max_allowed_packet = 33554432")
    try:
        here(
            "INSERT INTO big VALUES (1, 1e-5, REPEAT(X'00275C0A', 2000000), REPEAT('ü', 3000000))",
            "INSERT INTO big VALUES (2, 1e-5, 'small', 'small')",
        )
    finally:
        for server in (servers[0], mysql):
            server.sql("SET GLOBAL max_allowed_packet = 4194304")
    Migration(*pair_to_mysql).run()
    hashed = "SELECT id, d, SHA2(b, 256), SHA2(t, 256) FROM big ORDER BY id"
    found = []
    for server, database in ((servers[0], "here"), (mysql, "there")):
        with server.link(database) as link, link.cursor() as cursor:
            cursor.execute(hashed)
            found.append(cursor.fetchall())
    assert found[0] == found[1]
    assert len(found[0]) == 2


class CutError(Exception):
    """What ends a run."""


def test_a_run_that_was_cut_off_goes_on(pair_to_mysql: Pair, here) -> None:
    here(
        "CREATE TABLE many (id INT AUTO_INCREMENT PRIMARY KEY, d DOUBLE, words VARCHAR(2000), KEY (d))",
        "INSERT INTO many (d, words) SELECT seq * 1e-9, REPEAT('words ', 300) FROM seq_1_to_15000",
    )

    def cut(event: Event) -> None:
        if event.phase is Phase.COPY and event.rows > 5000:
            raise CutError

    with pytest.raises(CutError):
        Migration(*pair_to_mysql, Options(max_mb_s=20)).run(cut)
    report = Migration(*pair_to_mysql, Options(resume=True)).run()
    assert [table.how for table in report.tables] == ["resumed"]
    with connect(pair_to_mysql[0]) as here_, connect(pair_to_mysql[1]) as there_:
        sums = []
        for connection in (here_, there_):
            with connection.cursor() as cursor:
                cursor.execute("SELECT COUNT(*), COUNT(DISTINCT id), SUM(CRC32(words)), SUM(d) FROM many")
                sums.append(cursor.fetchone())
    assert sums[0][:3] == sums[1][:3]
    assert sums[0][3] == pytest.approx(sums[1][3])


def test_objects_and_what_the_account_may_not_do(pair_to_mysql: Pair, here, mysql: Server) -> None:
    here(
        *GALLERY,
        "CREATE TRIGGER tr BEFORE INSERT ON images FOR EACH ROW SET NEW.title = CONCAT('t', NEW.title)",
        "CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 41 + 1",
        "CREATE PROCEDURE p() SELECT 1",
    )
    report = Migration(*pair_to_mysql).run()
    assert sorted(report.objects) == ["function f", "procedure p", "trigger tr"]
    assert compare(*pair_to_mysql).equal, "no trigger ran on what was copied"
    mysql.sql("SET GLOBAL local_infile = OFF")
    try:
        with pytest.raises(MigrationError, match="local_infile"):
            Migration(*pair_to_mysql, Options(resume=True)).run()
    finally:
        mysql.sql("SET GLOBAL local_infile = ON")


def test_every_statement_is_one_that_aurora_takes(pair_to_mysql: Pair, here, mysql: Server) -> None:
    """Reviewed by the server's own log: no SUPER, no file of the server, nothing global."""
    here(*GALLERY, "CREATE TABLE loose (a DOUBLE)", "INSERT INTO loose VALUES (1e-5)")
    mysql.sql("SET GLOBAL log_output = 'TABLE'", "TRUNCATE mysql.general_log", "SET GLOBAL general_log = ON")
    try:
        Migration(*pair_to_mysql).run()
    finally:
        mysql.sql("SET GLOBAL general_log = OFF")
    with mysql.link("mysql") as link, link.cursor() as cursor:
        cursor.execute(
            "SELECT CONVERT(argument USING utf8mb4) FROM general_log WHERE user_host LIKE 'mover%'"
        )
        lines = [row[0].upper() for row in cursor.fetchall()]
    assert any("LOAD DATA LOCAL INFILE" in line for line in lines)
    for line in lines:
        for never in (
            "SET GLOBAL",
            "SQL_LOG_BIN",
            "INTO OUTFILE",
            "LOAD DATA INFILE",
            "LOAD_FILE",
            "FLUSH",
            "LOCK TABLES",
        ):
            assert never not in line
        assert "SET PERSIST" not in line
