"""What of the target stands in the way: settings, privileges, and what is there already."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from tsalab.migrate import connect
from tsalab.migrate.catalogue import read_server, readable
from tsalab.migrate.catalogue.privileges import privileges_of
from tsalab.migrate.ddl import Findings
from tsalab.migrate.model import ObjectKind, StoredObject
from tsalab.migrate.planning.obstacles import look_for_obstacles
from tsalab.migrate.planning.presence import present_tables

from .gallery import GALLERY
from .plans import planned, reasons


@contextmanager
def setting(server, name: str, value: object, before: object) -> Iterator[None]:
    server.sql(f"SET GLOBAL {name} = {value}")
    try:
        yield
    finally:
        server.sql(f"SET GLOBAL {name} = {before}")


def test_local_infile_off(pair, here, servers) -> None:
    here(*GALLERY)
    with setting(servers[1], "local_infile", 0, 1):
        said = reasons(planned(*pair))
    assert list(said) == ["setting local_infile"]
    assert "parameter group" in said["setting local_infile"]
    assert reasons(planned(*pair)) == {}


def test_a_target_that_wants_primary_keys(pair, here, servers) -> None:
    here(*GALLERY)
    with setting(servers[1], "innodb_force_primary_key", 1, 0):
        assert list(reasons(planned(*pair))) == ["table image_tags"]


def test_small_packets(pair, here, servers) -> None:
    notes = planned(*pair).notes
    assert sum("max_allowed_packet is 4 MiB" in note for note in notes) == 2
    with setting(servers[1], "max_allowed_packet", 64 << 20, 4 << 20):
        assert sum("max_allowed_packet" in note for note in planned(*pair).notes) == 1


def test_missing_privileges(pair, here, servers) -> None:
    here(*GALLERY, "CREATE VIEW v AS SELECT 1")
    servers[1].sql("GRANT SELECT, INSERT, CREATE ON there.* TO reader@localhost")
    reader = replace(pair[1], user="reader", password="r")
    try:
        said = reasons(planned(pair[0], reader))
    finally:
        servers[1].sql("REVOKE ALL ON there.* FROM reader@localhost")
    assert list(said) == ["login to there"]
    for name in ("ALTER", "CREATE VIEW", "DELETE", "DROP", "INDEX", "REFERENCES", "UPDATE"):
        assert name in said["login to there"]
    assert "TRIGGER" not in said["login to there"]


@pytest.mark.parametrize(
    ("grants", "database", "lacking", "certain"),
    [
        (["GRANT ALL PRIVILEGES ON *.* TO `a`@`%` WITH GRANT OPTION"], "d", [], True),
        (["GRANT ALL PRIVILEGES ON `d`.* TO `a`@`%`"], "d", ["GRANT OPTION"], True),
        (["GRANT ALL PRIVILEGES ON `d`.* TO `a`@`%`"], "e", ["DROP", "GRANT OPTION", "SELECT"], True),
        (["GRANT SELECT, DROP ON `lab\\_%`.* TO `a`@`%`"], "lab_1", ["GRANT OPTION"], True),
        (["GRANT SELECT, DROP ON `lab\\_%`.* TO `a`@`%`"], "labx1", ["DROP", "GRANT OPTION", "SELECT"], True),
        (["GRANT SELECT, DROP ON `l_b`.* TO `a`@`%`"], "lab", ["GRANT OPTION"], True),
        (["GRANT SELECT ON `d`.`t` TO `a`@`%`"], "d", ["DROP", "GRANT OPTION", "SELECT"], True),
        (
            ["GRANT SELECT, DROP ON *.* TO `a`@`%`", "REVOKE DROP ON `d`.* FROM `a`@`%`"],
            "d",
            ["DROP", "GRANT OPTION"],
            True,
        ),
        (["GRANT `r`@`%` TO `a`@`%`"], "d", ["DROP", "GRANT OPTION", "SELECT"], False),
        (["GRANT EXECUTE ON PROCEDURE `d`.`p` TO `a`@`%`"], "d", ["DROP", "GRANT OPTION", "SELECT"], True),
    ],
)
def test_what_show_grants_gives(grants: list[str], database: str, lacking: list[str], certain: bool) -> None:
    held = privileges_of(grants, database)
    assert (held.lacking({"SELECT", "DROP", "GRANT OPTION"}), held.certain) == (lacking, certain)


def test_present_tables(pair, here, there) -> None:
    here(
        "CREATE TABLE same (id INT PRIMARY KEY, a VARCHAR(9), KEY (a))",
        "CREATE TABLE other_type (id INT PRIMARY KEY, a VARCHAR(9), b INT, gone INT)",
        "CREATE TABLE other_key (id INT PRIMARY KEY)",
        "CREATE TABLE a_view (id INT)",
    )
    there(
        "CREATE TABLE same (id INT PRIMARY KEY, a VARCHAR(9))",
        "CREATE TABLE other_type (id INT PRIMARY KEY, a VARCHAR(8), b INT NOT NULL, more INT)",
        "CREATE TABLE other_key (id INT NOT NULL)",
        "CREATE VIEW a_view AS SELECT 1 AS id",
    )
    plan = planned(*pair)
    assert plan.present == ("other_key", "other_type", "same")
    said = reasons(plan)
    assert set(said) == {"table other_type", "table other_key", "table a_view"}
    assert "differ: a, b, gone, more." in said["table other_type"]
    assert "without the key PRIMARY" in said["table other_key"]
    assert "has a view of this name" in said["table a_view"]


@pytest.mark.parametrize(
    ("kind", "variables", "refused"),
    [
        (ObjectKind.FUNCTION, {"log_bin": "ON"}, True),
        (ObjectKind.TRIGGER, {"log_bin": "ON", "log_bin_trust_function_creators": "OFF"}, True),
        (ObjectKind.TRIGGER, {"log_bin": "ON", "log_bin_trust_function_creators": "ON"}, False),
        (ObjectKind.FUNCTION, {"log_bin": "OFF"}, False),
        (ObjectKind.PROCEDURE, {"log_bin": "ON"}, False),
    ],
)
def test_functions_beside_a_binary_log(pair, servers, kind, variables, refused: bool) -> None:
    made = (StoredObject(kind, "f", ""),)
    for login, hindered in ((servers[1].mover("there"), refused), (pair[1], False)):
        findings = Findings()
        with connect(login) as connection, readable(connection):
            there = replace(read_server(connection), variables=variables)
            look_for_obstacles(connection, (), made, there, there, findings)
        subjects = [each.subject for each in findings.refusals]
        assert subjects == (["setting log_bin_trust_function_creators"] if hindered else [])


def test_names_that_differ_in_capitals_alone(pair, here, there) -> None:
    here("CREATE TABLE t (id INT)", "CREATE TABLE T (id INT)")
    planned_here = planned(*pair)
    assert planned_here.refusals == ()
    findings = Findings()
    with connect(pair[1]) as connection, readable(connection):
        small = replace(read_server(connection), variables={"lower_case_table_names": "1"})
        present_tables(connection, planned_here.tables, small, findings)
    assert [each.subject for each in findings.refusals] == ["table t"]
