"""The MySQL that tests may ask for: its account is as restricted as theirs of Aurora."""

from __future__ import annotations

from pathlib import Path

import pymysql
import pytest
from pymysql.constants import ER

from tsalab.migrate import Login, login

from . import mysqlserver
from .conftest import Server

DENIED = {
    ER.ACCESS_DENIED_ERROR,
    ER.DBACCESS_DENIED_ERROR,
    ER.SPECIFIC_ACCESS_DENIED_ERROR,
    ER.TABLEACCESS_DENIED_ERROR,
}


def test_the_account_owns_its_database_and_nothing_else(pair_to_mysql: tuple[Login, Login]) -> None:
    with login.opened(pair_to_mysql[1]) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE t (a INT)")
        cursor.execute("CREATE TRIGGER later BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 7")
        for statement in (
            "SET GLOBAL local_infile = 1",
            "SET SESSION sql_log_bin = 0",
            "SELECT 1 INTO OUTFILE '/nonexistent'",
            "CREATE DATABASE elsewhere",
            "CREATE USER other",
            "SELECT * FROM mysql.user",
        ):
            with pytest.raises(pymysql.err.MySQLError) as caught:
                cursor.execute(statement)
            assert login.number_of(caught.value) in DENIED, statement


def test_it_is_mysql_and_takes_local_data(mysql: Server) -> None:
    with login.opened(mysql.login("mysql")) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT VERSION(), @@local_infile, @@log_bin")
        version, local, binary_log = cursor.fetchone() or ("", 0, 1)
    assert int(version.partition(".")[0]) >= mysqlserver.OLDEST
    assert "MariaDB" not in version
    assert (local, binary_log) == (1, 0)


def test_mariadb_is_not_taken_for_it(tmp_path: Path) -> None:
    program = tmp_path / "mysqld"
    for version, good in (("10.11.6-MariaDB for debian", False), ("5.7.44", False), ("8.4.2", True)):
        program.write_text(f"#!/bin/sh\necho 'mysqld  Ver {version} on x86_64'\n")
        program.chmod(0o755)
        assert mysqlserver.is_mysql(program) is good
    assert not mysqlserver.is_mysql(tmp_path / "absent")
