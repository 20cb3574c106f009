"""Views, triggers, routines, events and grants: made by an account without SUPER, in an order that works."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tsalab.migrate import connect
from tsalab.migrate.model import ObjectKind

from .plans import becomes, carry_out, planned, reasons, shown

TABLES = ("CREATE TABLE t (id INT PRIMARY KEY, v INT, w INT)", "CREATE TABLE here_too (id INT)")


def test_all_kinds(pair, here, servers) -> None:
    here(
        *TABLES,
        "SET SESSION sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,NO_AUTO_CREATE_USER'",
        (
            "CREATE PROCEDURE \"p ;\"(OUT x VARCHAR(9)) COMMENT 'it''s; \"'"
            ' SELECT "id", \'b\\\' INTO @a, x FROM "t"'
        ),
        "SET SESSION sql_mode = ''",
        "CREATE FUNCTION f(x INT) RETURNS VARCHAR(20) DETERMINISTIC SQL SECURITY INVOKER"
        " RETURN CONCAT('ü;', x)",
        # Made in an order that is not the alphabet's: a reads z, and z reads m.
        "CREATE VIEW m AS SELECT id, f(v) AS said FROM t",
        "CREATE SQL SECURITY INVOKER VIEW z AS SELECT * FROM m WHERE said <> 'm'",
        "CREATE VIEW a AS SELECT x.id FROM z x JOIN here.t y USING (id)",
        "CREATE TRIGGER second BEFORE INSERT ON t FOR EACH ROW SET NEW.w = NEW.w * 2",
        "CREATE TRIGGER here.first BEFORE INSERT ON here.t FOR EACH ROW PRECEDES second"
        " SET NEW.w = NEW.v + 1",
        "CREATE EVENT e ON SCHEDULE EVERY 1 HOUR ON COMPLETION PRESERVE COMMENT 'ENABLE DO'"
        " DO DELETE FROM here.t",
    )
    target = servers[1].mover("there")
    plan = planned(pair[0], target)
    assert plan.refusals == ()
    assert [one.name for one in plan.objects if one.copied] == [
        "f", "p ;", "m", "z", "a", "first", "second", "e",
    ]  # fmt: skip
    carry_out(plan, target)
    for what in ("VIEW m", "VIEW z", "VIEW a", "FUNCTION f", "PROCEDURE `p ;`", "TRIGGER second"):
        ours, theirs = (shown(servers[side], name, what) for side, name in enumerate(("here", "there")))
        assert theirs == ours.replace("`root`@`localhost`", "`mover`@`localhost`").replace(
            '"root"@"localhost"', '"mover"@"localhost"'
        )
    assert "DISABLE COMMENT 'ENABLE DO' DO DELETE FROM t" in shown(servers[1], "there", "EVENT e")
    with connect(target) as connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO t (id, v) VALUES (1, 4)")
        cursor.execute("SELECT w FROM t")
        assert cursor.fetchone() == (10,)  # first, then second
        cursor.execute("SELECT id, (SELECT said FROM m) FROM a")
        assert cursor.fetchone() == (1, "ü;4")
        cursor.execute("CALL `p ;`(@x)")
        cursor.execute("SELECT @x")
        assert cursor.fetchone() == ("b\\",)
        cursor.execute(
            "SELECT ROUTINE_NAME, SQL_MODE FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = 'there'"
        )
        assert dict(cursor.fetchall())["p ;"].startswith("ANSI_QUOTES,")
    said = {one.subject: one.reason for one in plan.conversions if one.was.startswith("DEFINER")}
    assert "runs with mover's rights" in said["view m"]
    assert "whoever uses it" in said["view z"]
    assert "whoever uses it" in said["function f"]
    assert ("event e", "ENABLE", "DISABLE") in becomes(plan)
    assert ("trigger first", "`here`.", "") in becomes(plan)


def test_again_they_are_there(pair, here, servers) -> None:
    here(
        *TABLES,
        "CREATE FUNCTION f() RETURNS INT RETURN 1",
        "CREATE VIEW v AS SELECT f() AS one",
        "CREATE EVENT e ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01' DO SELECT 1",
        "CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET @x = 1",
    )
    target = servers[1].mover("there")
    carry_out(planned(pair[0], target), target)
    again = planned(pair[0], target)
    assert again.refusals == ()
    assert [one.name for one in again.objects if one.copied] == []
    assert "The target has view v already. It is left as it is." in again.notes
    servers[1].sql("CREATE OR REPLACE VIEW v AS SELECT 2 AS two", database="there")
    assert set(reasons(planned(pair[0], target))) == {"view v"}


def test_not_wanted(pair, here) -> None:
    here(*TABLES, "CREATE VIEW v AS SELECT 1", "CREATE PROCEDURE p() SELECT 1")
    plan = planned(*pair, objects=False)
    assert {one.kind for one in plan.objects} <= {ObjectKind.GRANT}
    assert "Left out, as was asked: procedure p, view v." in plan.notes


def test_a_name_that_may_be_the_database_or_not(pair, here) -> None:
    here(
        *TABLES,
        "CREATE PROCEDURE sure() SELECT id FROM here.t",
        "CREATE PROCEDURE unsure() SELECT here.id FROM here.here_too here",
    )
    assert set(reasons(planned(*pair))) == {"procedure unsure"}


def test_what_another_wrote_and_the_login_cannot_read(pair, here, servers) -> None:
    here(*TABLES, "CREATE PROCEDURE p() SELECT 1")
    servers[0].sql("GRANT SELECT, SHOW VIEW, TRIGGER, EVENT, EXECUTE ON here.* TO reader@localhost")
    reader = replace(pair[0], user="reader", password="r")
    assert "cannot read it" in reasons(planned(reader, pair[1]))["procedure p"]


def test_packages_are_refused(pair, here) -> None:
    here(
        "SET SESSION sql_mode = 'ORACLE'",
        "CREATE PACKAGE pk AS PROCEDURE p1(); END",
    )
    assert "Packages" in reasons(planned(*pair))["package pk"]


def test_grants_are_reported(pair, here, servers) -> None:
    here(*TABLES)
    servers[0].sql(
        "CREATE USER app@'10.%' IDENTIFIED BY 'secret word'",
        "GRANT SELECT, INSERT ON here.* TO app@'10.%' WITH GRANT OPTION",
        "GRANT UPDATE (id, v), DELETE ON here.t TO app@'10.%'",
    )
    try:
        plan = planned(*pair)
        made = {one.create: one.copied for one in plan.objects if "app" in one.name}
        assert made == {
            "GRANT INSERT, SELECT ON `there`.* TO 'app'@'10.%' WITH GRANT OPTION": False,
            "GRANT DELETE, UPDATE (`id`, `v`) ON `there`.`t` TO 'app'@'10.%'": False,
        }
        assert any("grants on the source's database are reported" in note for note in plan.notes)
        assert "secret" not in repr(plan)
        wanted = planned(*pair, grants=True)
        servers[1].sql("CREATE USER app@'10.%'")
        theirs_alone = tuple(one for one in wanted.objects if "app" in one.name)
        carry_out(replace(wanted, objects=theirs_alone), pair[1])
        again = planned(pair[1], pair[1])
        theirs = {one.create for one in again.objects if "app" in one.name}
        assert made.keys() <= theirs
        owner = servers[1].mover("there")  # who has all on it, but may hand nothing on
        assert "GRANT OPTION" in reasons(planned(pair[0], owner, grants=True))["login to there"]
    finally:
        servers[0].sql("DROP USER app@'10.%'")
        servers[1].sql("DROP USER IF EXISTS app@'10.%'")


@pytest.mark.parametrize("wanted", [True, False])
def test_another_collation_of_the_database(pair, here, there, servers, wanted: bool) -> None:
    here(*TABLES, *(["CREATE FUNCTION f(x VARCHAR(9)) RETURNS INT RETURN 1"] if wanted else []))
    servers[1].sql("ALTER DATABASE there COLLATE utf8mb4_bin")
    notes = planned(*pair).notes
    assert any("utf8mb4_bin on the target" in note for note in notes) is wanted
