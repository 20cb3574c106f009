"""Any table that a MariaDB has: its plan runs on the target, and what was not converted is the same there."""

from __future__ import annotations

import pymysql
import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings

from .anytable import create_table
from .plans import carry_out, planned, shown

_HOW = {
    "deadline": None,
    # Servers are slow, refuse many a table, and are the same ones for every example.
    "suppress_health_check": list(HealthCheck),
    "phases": [Phase.explicit, Phase.generate],  # a smaller example is found by hand: each needs servers
}


def moved(sides, create: str, *, same: bool) -> None:
    source, other = sides
    source.sql("CREATE OR REPLACE DATABASE here CHARACTER SET utf8mb4")
    other.sql("DROP DATABASE IF EXISTS there", "CREATE DATABASE there CHARACTER SET utf8mb4")
    try:
        source.sql("SET SESSION sql_mode = ''", create, database="here")
    except pymysql.err.MySQLError:
        assume(False)
    login, target = source.login("here"), other.mover("there")
    plan = planned(login, target)
    if plan.refusals:
        assert not same
        return
    carry_out(plan, target)
    again = planned(login, target)
    assert (again.refusals, again.present) == ((), ("t",))
    if not same:
        return
    assert {one.subject for one in plan.conversions} <= {"table t"}  # its engine, and what goes with it
    if not plan.conversions:
        # The order of keys is the server's: one that AUTO_INCREMENT needs may come before others.
        assert _lines(other, "there") == _lines(source, "here")


def _lines(server, database: str) -> list[str]:
    return sorted(line.removesuffix(",") for line in shown(server, database, "TABLE t").split("\n"))


@pytest.fixture
def sides(servers):
    yield servers
    servers[0].sql("DROP DATABASE IF EXISTS here")
    servers[1].sql("DROP DATABASE IF EXISTS there")


@pytest.fixture
def sides_to_mysql(servers, mysql):
    yield servers[0], mysql
    servers[0].sql("DROP DATABASE IF EXISTS here")
    mysql.sql("DROP DATABASE IF EXISTS there")


@settings(max_examples=10, **_HOW)
@given(create=create_table())
def test_to_mariadb(sides, create: str) -> None:
    moved(sides, create, same=True)


@settings(max_examples=10, **_HOW)
@given(create=create_table())
def test_to_mysql(sides_to_mysql, create: str) -> None:
    moved(sides_to_mysql, create, same=False)


@pytest.mark.slow
@pytest.mark.timeout(900)
@settings(max_examples=500, **_HOW)
@given(create=create_table())
def test_many_to_mariadb(sides, create: str) -> None:
    moved(sides, create, same=True)


@pytest.mark.slow
@pytest.mark.timeout(900)
@settings(max_examples=500, **_HOW)
@given(create=create_table())
def test_many_to_mysql(sides_to_mysql, create: str) -> None:
    moved(sides_to_mysql, create, same=False)
