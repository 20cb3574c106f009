"""Plans from MariaDB to MySQL and back, carried out on a real MySQL by a restricted account."""

from __future__ import annotations

import pytest

from tsalab.migrate import Migration, Options, connect
from tsalab.migrate.ddl.statement import parse
from tsalab.migrate.model import Vendor

from .plans import becomes, carry_out, planned, reasons, shown
from .test_plan import SAME

TRAPS = (
    """CREATE TABLE t (
        id INT AUTO_INCREMENT PRIMARY KEY, u UUID DEFAULT uuid(), i INET6, v INET4 DEFAULT '1.2.3.4',
        j JSON DEFAULT '{}', x TEXT DEFAULT 'x;)', d DATE DEFAULT (curdate() + interval 1 day),
        f VARCHAR(30) DEFAULT concat('a', 'b'), z TEXT COMPRESSED, s INT INVISIBLE DEFAULT 3,
        b BIT(3) DEFAULT b'101', id2 INT, w INT AS (id2 * 2) PERSISTENT,
        n VARCHAR(20) COLLATE utf8mb4_uca1400_ai_ci, de VARCHAR(9) COLLATE utf8mb4_uca1400_german2_as_cs,
        np VARCHAR(9) COLLATE utf8mb4_nopad_bin, u3 VARCHAR(9) CHARACTER SET utf8mb3,
        ts TIMESTAMP(3) DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
        dt DATETIME DEFAULT CURRENT_TIMESTAMP, bl BLOB DEFAULT 'b', e ENUM('a,b', ')') DEFAULT ')',
        g POINT, KEY g (g(9)), KEY ig (id2) IGNORED, UNIQUE (u), FULLTEXT (x),
        CHECK (n COLLATE utf8mb4_uca1400_as_cs <> 'x'))
        COMMENT='a;)''b' PAGE_COMPRESSED=1""",
    """CREATE TABLE ar (a INT, id INT AUTO_INCREMENT, PRIMARY KEY (a, id))
        ENGINE=Aria PAGE_CHECKSUM=1 TRANSACTIONAL=1""",
    """CREATE TABLE my (a INT PRIMARY KEY, b INT)
        ENGINE=MyISAM CHECKSUM=1 DELAY_KEY_WRITE=1 PACK_KEYS=1 ROW_FORMAT=FIXED
        COLLATE utf8mb4_uca1400_ai_ci""",
    """CREATE TABLE pt (a INT PRIMARY KEY) ENGINE=Aria PARTITION BY RANGE (a)
        (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN MAXVALUE)""",
    "CREATE TABLE refers (id INT PRIMARY KEY, u UUID, FOREIGN KEY (u) REFERENCES t (u))",
)


@pytest.fixture
def here_for_mysql(servers, pair_to_mysql):
    """Run SQL in the source database."""
    return lambda *statements: servers[0].sql(*statements, database="here")


def test_the_traps(pair_to_mysql, here_for_mysql, mysql) -> None:
    source, target = pair_to_mysql
    here_for_mysql("SET SESSION sql_mode = ''", *TRAPS)
    plan = planned(source, target)
    assert plan.refusals == ()
    assert (plan.source, plan.target) == (Vendor.MARIADB, Vendor.MYSQL)
    carry_out(plan, target)
    assert {
        ("table t, column u", "uuid", "char(36)"),
        ("table t, column u", "DEFAULT uuid()", "DEFAULT (uuid())"),
        ("table t, column i", "inet6", "varchar(45)"),
        ("table t, column x", "DEFAULT 'x;)'", "DEFAULT ('x;)')"),
        ("table t, column j", "DEFAULT '{}'", "DEFAULT ('{}')"),
        ("table t, column bl", "DEFAULT 'b'", "DEFAULT ('b')"),
        ("table t, column f", "DEFAULT concat('a','b')", "DEFAULT (concat('a','b'))"),
        ("table t, column z", "COMPRESSED", ""),
        ("table t, column n", "utf8mb4_uca1400_ai_ci", "utf8mb4_0900_ai_ci"),
        ("table t, column de", "utf8mb4_uca1400_german2_as_cs", "utf8mb4_de_pb_0900_as_cs"),
        ("table t, column np", "utf8mb4_nopad_bin", "utf8mb4_0900_bin"),
        ("table t, key ig", "IGNORED", "INVISIBLE"),
        ("table t, key g", "KEY `g` (`g`(25))", ""),
        ("table ar", "ENGINE=Aria", "ENGINE=InnoDB"),
        ("table ar", "PAGE_CHECKSUM=1", ""),
        ("table my", "ROW_FORMAT=FIXED", ""),
    } <= becomes(plan)
    kept = {f"table t, column {name}" for name in ("d", "ts", "dt", "b", "e", "u3")}
    assert not kept & {one.subject for one in plan.conversions}
    assert not any(one.was == one.becomes or not one.reason for one in plan.conversions)
    text = shown(mysql, "there", "TABLE t")
    assert "`s` int DEFAULT '3' /*!80023 INVISIBLE */" in text
    assert "CHECK (json_valid(`j`))" in text
    assert "`j` longtext" in text
    tables = {table.name: table for table in plan.tables}
    kinds = {column.name: column.kind for column in tables["t"].target_columns}
    assert (kinds["u"], kinds["i"], kinds["v"]) == ("char", "varchar", "varchar")
    again = planned(source, target)
    assert (again.refusals, again.present) == ((), ("ar", "my", "pt", "refers", "t"))


@pytest.mark.parametrize("name", ["gallery", "hostile names", "hostile texts", "circle"])
def test_what_needs_no_conversion(pair_to_mysql, here_for_mysql, servers, mysql, name: str) -> None:
    source, target = pair_to_mysql
    here_for_mysql(*SAME[name])
    plan = planned(source, target)
    assert plan.refusals == ()
    carry_out(plan, target)
    assert planned(source, target).refusals == ()
    for table in plan.tables:
        what = "TABLE `" + table.name.replace("`", "``") + "`"
        ours = parse(shown(servers[0], "here", what))
        theirs = parse(shown(mysql, "there", what))
        assert list(theirs.columns) == list(ours.columns)
        assert set(theirs.keys) >= set(ours.keys)
        assert list(theirs.foreign_keys) == list(ours.foreign_keys)


def test_objects(pair_to_mysql, here_for_mysql, mysql) -> None:
    source, target = pair_to_mysql
    here_for_mysql(
        "CREATE TABLE t (id INT PRIMARY KEY, v INT)",
        "SET SESSION sql_mode = 'NO_AUTO_CREATE_USER,ANSI_QUOTES,TIME_ROUND_FRACTIONAL'",
        'CREATE PROCEDURE p() SELECT "id" FROM "t"',
        "SET SESSION sql_mode = ''",
        """CREATE FUNCTION f(x INT) RETURNS VARCHAR(20) DETERMINISTIC
            RETURN CONCAT('ü', x COLLATE utf8mb4_uca1400_ai_ci)""",
        "CREATE VIEW z AS SELECT id, f(v) AS said FROM t",
        "CREATE VIEW a AS SELECT * FROM z",
        "CREATE OR REPLACE TRIGGER here.tr BEFORE INSERT ON here.t FOR EACH ROW SET NEW.v = 7",
        "CREATE EVENT e ON SCHEDULE EVERY 1 HOUR DO DELETE FROM here.t",
    )
    plan = planned(source, target)
    assert plan.refusals == ()
    carry_out(plan, target)
    assert "sql_mode NO_AUTO_CREATE_USER, TIME_ROUND_FRACTIONAL" in {one.was for one in plan.conversions}
    with connect(target) as connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO t (id) VALUES (1)")
        cursor.execute("SELECT said FROM a")
        assert cursor.fetchone() == ("ü7",)
        cursor.execute("CALL p")
        assert cursor.fetchone() == (1,)
        cursor.execute("SELECT STATUS, DEFINER FROM information_schema.EVENTS WHERE EVENT_SCHEMA = 'there'")
        assert cursor.fetchone() == ("DISABLED", "mover@localhost")
    again = planned(source, target)
    assert again.refusals == ()
    assert not any(one.copied for one in again.objects)


CANNOT = {
    "table t, key a": ["CREATE TABLE t (a TEXT, UNIQUE (a))"],
    "table t": ["CREATE TABLE t (a INT) PARTITION BY LIST (a) (PARTITION p DEFAULT)"],
    "function g": [
        """CREATE AGGREGATE FUNCTION g(x INT) RETURNS INT BEGIN
            DECLARE CONTINUE HANDLER FOR NOT FOUND RETURN 0;
            LOOP FETCH GROUP NEXT ROW; END LOOP; END"""
    ],
    "table p, key g": ["CREATE TABLE p (g POINT NOT NULL, a INT, UNIQUE (g(20), a))"],
    "table u, key c": [
        "CREATE TABLE t (a INT, b INT, KEY (a))",
        "CREATE TABLE u (x INT, CONSTRAINT c FOREIGN KEY (x) REFERENCES t (a))",
    ],
    "procedure p": ["SET SESSION sql_mode = 'EMPTY_STRING_IS_NULL'", "CREATE PROCEDURE p() SELECT ''"],
}


@pytest.mark.parametrize("subject", CANNOT)
def test_what_mysql_cannot_have(pair_to_mysql, here_for_mysql, subject: str) -> None:
    here_for_mysql(*CANNOT[subject])
    assert list(reasons(planned(*pair_to_mysql))) == [subject]


def test_a_target_that_wants_primary_keys(pair_to_mysql, here_for_mysql, mysql) -> None:
    here_for_mysql("CREATE TABLE t (a INT)", "CREATE TABLE u (a INT PRIMARY KEY)")
    mysql.sql("SET GLOBAL sql_require_primary_key = 1")
    try:
        assert list(reasons(planned(*pair_to_mysql))) == ["table t"]
    finally:
        mysql.sql("SET GLOBAL sql_require_primary_key = 0")


def test_back_to_mariadb(servers, mysql) -> None:
    mysql.sql("CREATE DATABASE here CHARACTER SET utf8mb4")
    servers[1].sql("CREATE DATABASE there CHARACTER SET utf8mb4")
    try:
        mysql.sql(
            """CREATE TABLE t (
                id INT UNSIGNED AUTO_INCREMENT PRIMARY KEY, j JSON DEFAULT (json_array()), s INT INVISIBLE,
                a VARCHAR(20), b VARCHAR(9) COLLATE utf8mb4_0900_as_cs, c VARCHAR(9) COLLATE utf8mb4_bin,
                u CHAR(36) DEFAULT (uuid()), g POINT SRID 4326, gc GEOMETRYCOLLECTION,
                w VARCHAR(30) AS (upper(a)) STORED NOT NULL, n INT CHECK (n > 0), m INT,
                KEY hidden (a) INVISIBLE, KEY d (a DESC), CONSTRAINT loose CHECK (m > 1) NOT ENFORCED)
                COMMENT='a;)''b' ENCRYPTION='N'""",
            """CREATE TABLE p (a INT PRIMARY KEY) PARTITION BY RANGE (a)
                (PARTITION p0 VALUES LESS THAN MAXVALUE)""",
            "CREATE TABLE bad (a INT, KEY ex ((a + 1)))",
            "CREATE VIEW v AS SELECT id, a FROM t",
            "CREATE FUNCTION f(x VARCHAR(9)) RETURNS VARCHAR(9) DETERMINISTIC RETURN x",
            database="here",
        )
        source, target = mysql.login("here", "source"), servers[1].mover("there")
        assert set(reasons(planned(source, target))) == {"table bad, key ex"}
        mysql.sql("DROP TABLE bad", database="here")
        plan = planned(source, target)
        assert plan.refusals == ()
        carry_out(plan, target)
        assert {
            ("table t, column j", "json", "longtext"),
            ("table t, column b", "utf8mb4_0900_as_cs", "utf8mb4_uca1400_nopad_as_cs"),
            ("table t, key hidden", "INVISIBLE", "IGNORED"),
            ("table t, column w", "NOT NULL", ""),
        } <= becomes(plan)
        text = shown(servers[1], "there", "TABLE t")
        assert "`j` longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin DEFAULT json_array()" in text
        assert "CHECK (json_valid(`j`))" in text
        assert "loose" not in text
        again = planned(source, target)
        assert (again.refusals, again.present) == ((), ("p", "t"))
    finally:
        mysql.sql("DROP DATABASE here")
        servers[1].sql("DROP DATABASE there")


def test_moved(pair_to_mysql, here_for_mysql) -> None:
    """The engine takes the plan as it is."""
    here_for_mysql(
        "SET SESSION sql_mode = ''",
        *TRAPS,
        "INSERT INTO t (i, x, n) VALUES ('::1', 'a', 'b'), (NULL, NULL, NULL)",
        "INSERT INTO refers SELECT id, u FROM t",
        "INSERT INTO ar VALUES (1, 1), (1, 2), (2, 1)",
    )
    report = Migration(*pair_to_mysql, Options()).run()
    rows = {table.table: table.rows for table in report.tables}
    assert rows == {"t": 2, "refers": 2, "ar": 3, "my": 0, "pt": 0}
