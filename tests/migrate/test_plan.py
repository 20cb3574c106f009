"""Plans from MariaDB to MariaDB, carried out by an account that owns its database and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tsalab.errors import MigrationError
from tsalab.migrate import connect, make_plan
from tsalab.migrate.model import Vendor

from .gallery import GALLERY
from .plans import becomes, carry_out, planned, reasons, shown

# What SHOW CREATE TABLE must be the same of afterwards, late keys and foreign keys and all.
SAME = {
    "gallery": [statement for statement in GALLERY if statement.startswith("CREATE")],
    "hostile names": [
        (
            "CREATE TABLE `odd ``name; %s)` (`co, l` INT, `%d(` INT NOT NULL DEFAULT 7, `日本 ⚡` TEXT,"
            " PRIMARY KEY (`%d(`), UNIQUE KEY `u ``) (` (`co, l`), KEY `k, ey` (`日本 ⚡`(5)))"
        ),
        (
            "CREATE TABLE `CONSTRAINT` (`PRIMARY` INT PRIMARY KEY, `KEY` INT, `x FOREIGN KEY ``(` INT,"
            " KEY `FOREIGN KEY` (`KEY`),"
            " CONSTRAINT `fk; ``)` FOREIGN KEY (`x FOREIGN KEY ``(`) REFERENCES `odd ``name; %s)` (`%d(`)"
            " ON DELETE SET NULL ON UPDATE CASCADE)"
        ),
    ],
    "hostile texts": [
        (
            "CREATE TABLE t (a INT COMMENT 'x;) KEY `y` (\\'\\n/*! z */ -- \\\\',"
            " b VARCHAR(30) DEFAULT 'a,b)\\'\\'(', c ENUM('x,y', ')', '', 'ü''') DEFAULT ')',"
            " d SET('a', '(;'), e VARCHAR(9) DEFAULT 'CHECK (',"
            " KEY k (a) COMMENT 'PRIMARY KEY (`a`)', CHECK (b <> 'FOREIGN KEY (x), \\' ;'))"
            " COMMENT='ENGINE=MyISAM; ) PARTITION BY\\n''x'''"
        )
    ],
    "keys": [
        (
            "CREATE TABLE t (id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY, a INT, b VARCHAR(20), c TEXT,"
            " p POINT NOT NULL, UNIQUE (a), KEY (b(3)), KEY ab (a, b DESC), KEY ig (a) IGNORED,"
            " FULLTEXT f (c), FULLTEXT g (b, c), SPATIAL s (p), UNIQUE KEY lo (c)) AUTO_INCREMENT=77"
        ),
        "CREATE TABLE u (a FLOAT NOT NULL, b INT NOT NULL, UNIQUE ua (a), UNIQUE ub (b), KEY (b, a))",
        "CREATE TABLE n (a INT, b INT, UNIQUE (a), KEY (b))",
        "CREATE TABLE composite (a INT, id INT AUTO_INCREMENT, PRIMARY KEY (a, id), KEY counted (id))",
    ],
    "columns": [
        (
            "CREATE TABLE t (id INT PRIMARY KEY, u UUID DEFAULT uuid(), i INET6, v INET4 DEFAULT '1.2.3.4',"
            " j JSON DEFAULT '{}', b BIT(3) DEFAULT b'101', d DATE DEFAULT (curdate() + interval 1 day),"
            " f VARCHAR(30) DEFAULT concat('a', 'b'), x TEXT DEFAULT 'x', z TEXT COMPRESSED,"
            " s INT INVISIBLE DEFAULT 3, w INT AS (id * 2) STORED, v2 INT AS (id + 1) VIRTUAL COMMENT 'c',"
            " n VARCHAR(20) COLLATE utf8mb4_uca1400_ai_ci, l VARCHAR(9) CHARACTER SET latin1,"
            " ts TIMESTAMP(3) DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),"
            " zf INT(5) UNSIGNED ZEROFILL, de DECIMAL(65,30), y YEAR, g GEOMETRY,"
            " CHECK (id > 0 AND f <> ')')) DEFAULT CHARSET=utf16 ROW_FORMAT=DYNAMIC"
        ),
    ],
    "partitions": [
        (
            "CREATE TABLE r (a INT PRIMARY KEY, b INT, KEY (b)) PARTITION BY RANGE (a)"
            " (PARTITION p0 VALUES LESS THAN (10) COMMENT 'PARTITION; )',"
            " PARTITION p1 VALUES LESS THAN MAXVALUE)"
        ),
        (
            "CREATE TABLE l (a INT) PARTITION BY LIST (a)"
            " (PARTITION p0 VALUES IN (1, 2), PARTITION others DEFAULT)"
        ),
        "CREATE TABLE h (a INT PRIMARY KEY) PARTITION BY HASH (a) PARTITIONS 4",
    ],
    "circle": [
        "CREATE TABLE a (id INT PRIMARY KEY, b INT, boss INT, FOREIGN KEY (boss) REFERENCES a (id))",
        "CREATE TABLE b (id INT PRIMARY KEY, a INT, CONSTRAINT b_a FOREIGN KEY (a) REFERENCES a (id))",
        "ALTER TABLE a ADD CONSTRAINT a_b FOREIGN KEY (b) REFERENCES b (id)",
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", SAME)
def test_the_same_afterwards(pair, here, servers, name: str) -> None:
    here(*SAME[name])
    target = servers[1].mover("there")
    plan = planned(pair[0], target)
    assert plan.refusals == plan.conversions == ()
    assert (plan.source, plan.target) == (Vendor.MARIADB, Vendor.MARIADB)
    carry_out(plan, target)
    assert plan.tables
    for table in plan.tables:
        what = "TABLE `" + table.name.replace("`", "``") + "`"
        assert shown(servers[1], "there", what) == shown(servers[0], "here", what)
    again = planned(pair[0], target)
    assert again.refusals == ()
    assert again.present == tuple(table.name for table in again.tables)


def test_only_what_filling_needs_is_there_at_first(pair, here) -> None:
    here(*SAME["keys"], *SAME["gallery"])
    tables = {table.name: table for table in planned(*pair).tables}
    assert set(tables["t"].late_keys) == {"a", "b", "ab", "ig", "f", "g", "s", "lo"}
    assert list(tables["u"].late_keys) == ["b"]  # both unique ones: InnoDB's order of rows must not change
    assert list(tables["n"].late_keys) == ["a", "b"]
    assert list(tables["composite"].late_keys) == []
    assert "FOREIGN KEY" not in tables["images"].create
    assert tables["images"].foreign_keys["fk of images"].startswith("CONSTRAINT `fk of images` FOREIGN KEY")
    assert tables["images"].references["fk of images"].parent == "categories"


PATHS = {
    "a INT PRIMARY KEY": ("PRIMARY", ("a",)),
    "a VARCHAR(20) COLLATE utf8mb4_bin, b DATETIME(6), PRIMARY KEY (a, b)": ("PRIMARY", ("a", "b")),
    "a FLOAT PRIMARY KEY, b DECIMAL(9,2) NOT NULL UNIQUE": ("b", ("b",)),
    "a UUID PRIMARY KEY, b VARBINARY(9) NOT NULL, UNIQUE (b)": ("b", ("b",)),
    "a INT, b INT NOT NULL, UNIQUE (a), UNIQUE u (b)": ("u", ("b",)),
    "a INT, UNIQUE (a)": None,
    "a INT NOT NULL, KEY (a)": None,
    "a ENUM('x') PRIMARY KEY": None,
    "a BIT(3) PRIMARY KEY": None,
    "a TEXT NOT NULL, UNIQUE (a(9))": None,
    "a TEXT NOT NULL, UNIQUE (a)": None,
    "a INT NOT NULL, UNIQUE (a DESC)": None,
    "a FLOAT PRIMARY KEY, b INT NOT NULL, UNIQUE (b) IGNORED": None,
    "a INT": None,
}


@pytest.mark.parametrize("columns", PATHS)
def test_the_key_a_table_is_filled_along(pair, here, columns: str) -> None:
    here(f"CREATE TABLE t ({columns})")
    path = planned(*pair).tables[0].path
    assert (path and (path.name, path.columns)) == PATHS[columns]


def test_columns_are_read_as_they_are(pair, here) -> None:
    here(
        "CREATE TABLE t (id INT UNSIGNED AUTO_INCREMENT PRIMARY KEY, e ENUM('ü', ',') CHARACTER SET latin1,"
        " h INT INVISIBLE, g INT AS (1))"
    )
    number, enum, hidden, generated = planned(*pair).tables[0].columns
    assert (number.definition, number.nullable, number.auto_increment) == ("int(10) unsigned", False, True)
    assert (enum.definition, enum.charset, enum.collation) == (
        "enum('ü',',')",
        "latin1",
        "latin1_swedish_ci",
    )
    assert (hidden.invisible, generated.generated, generated.invisible) == (True, True, False)


def test_engines_without_a_snapshot(pair, here, servers) -> None:
    here(
        "CREATE TABLE ar (a INT, id INT AUTO_INCREMENT, PRIMARY KEY (a, id)) ENGINE=Aria PAGE_CHECKSUM=1",
        "CREATE TABLE my (a INT PRIMARY KEY) ENGINE=MyISAM ROW_FORMAT=FIXED",
        (
            "CREATE TABLE pt (a INT PRIMARY KEY) ENGINE=MyISAM PARTITION BY RANGE (a)"
            " (PARTITION p VALUES LESS THAN MAXVALUE)"
        ),
        "CREATE TABLE me (a INT PRIMARY KEY, b INT, KEY (b)) ENGINE=MEMORY",
    )
    target = servers[1].mover("there")
    plan = planned(pair[0], target)
    assert {("table ar", "ENGINE=Aria", "ENGINE=InnoDB"), ("table ar", "", "KEY `id` (`id`)")} <= becomes(
        plan
    )
    assert sum("has no snapshot" in note for note in plan.notes) == 4
    assert {table.name: table.path is None for table in plan.tables}["me"]  # a hash has no order
    carry_out(plan, target)
    for name in ("ar", "my", "pt", "me"):
        text = shown(servers[1], "there", f"TABLE {name}")
        assert "ENGINE=InnoDB" in text
        assert "MyISAM" not in text


@pytest.mark.parametrize(
    ("statements", "subject", "reason"),
    [
        (["CREATE SEQUENCE s"], "sequence s", "Sequences"),
        (["CREATE TABLE t (a INT) WITH SYSTEM VERSIONING"], "system versioned t", "history"),
        (
            ["CREATE TABLE t (id INT, a DATE, b DATE, PERIOD FOR p (a, b), UNIQUE (id, p WITHOUT OVERLAPS))"],
            "table t",
            "WITHOUT OVERLAPS",
        ),
        (
            ["CREATE TABLE m (a INT) ENGINE=MyISAM", "CREATE TABLE t (a INT) ENGINE=MERGE UNION=(m)"],
            "table t",
            "nothing to copy",
        ),
        (
            ["CREATE VIEW v AS SELECT Host FROM mysql.global_priv"],
            "view v",
            "another database",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_moved_is_in_the_plan(pair, here, servers, statements, subject, reason) -> None:
    here(*statements)
    assert reason in reasons(planned(*pair))[subject]


def test_all_refusals_are_shown_at_once(pair, here, servers) -> None:
    servers[0].sql("CREATE DATABASE other", "CREATE TABLE other.o (id INT PRIMARY KEY)")
    try:
        here(
            "CREATE SEQUENCE s",
            "CREATE TABLE v (a INT) WITH SYSTEM VERSIONING",
            "CREATE TABLE t (o INT, CONSTRAINT away FOREIGN KEY (o) REFERENCES other.o (id))",
            "CREATE TABLE d (a INT DEFAULT nextval(s))",
        )
        assert set(reasons(planned(*pair))) == {
            "sequence s",
            "system versioned v",
            "foreign key away of table t",
            "table d, column a",
        }
        assert set(reasons(planned(*pair, tables=("d",)))) == {"table d, column a"}
        here("DROP TABLE t, d")
    finally:
        servers[0].sql("DROP DATABASE other")


def test_some_tables(pair, here) -> None:
    here(
        *GALLERY,
        "CREATE TRIGGER tr BEFORE INSERT ON images FOR EACH ROW SET @x = 1",
        "CREATE VIEW v AS SELECT 1",
    )
    plan = planned(*pair, tables=("images",))
    assert [table.name for table in plan.tables] == ["images"]
    assert plan.tables[0].foreign_keys == plan.tables[0].references == {}
    assert any("leads to table categories" in one.reason for one in plan.conversions)
    assert [one.name for one in plan.objects if one.copied] == ["tr"]
    assert "Left out, as was asked: view v." in plan.notes


def test_a_misspelt_table(pair, here) -> None:
    here(*GALLERY)
    with pytest.raises(MigrationError, match="no table imagse") as caught:
        planned(*pair, tables=("imagse", "categories"))
    assert "images" in caught.value.next_step
    assert "image_tags" in caught.value.next_step


def test_nothing_is_written_and_the_session_is_as_before(pair, here, servers) -> None:
    here(*GALLERY)
    servers[0].sql("GRANT SELECT, SHOW VIEW ON here.* TO reader@localhost")
    reader = replace(pair[0], user="reader", password="r")
    state = (
        "SELECT @@character_set_client, @@character_set_results, @@sql_mode, @@sql_quote_show_create,"
        " @@in_transaction"
    )
    with connect(reader) as connection, connect(pair[1]) as other, connection.cursor() as cursor:
        cursor.execute("SET NAMES binary, sql_mode = 'ANSI_QUOTES'")
        cursor.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
        cursor.execute(state)
        before = cursor.fetchone()
        plan = make_plan(connection, other, source=reader, target=pair[1])
        cursor.execute(state)
        assert cursor.fetchone() == before
    assert len(plan.tables) == 3
    assert any("lacks EVENT, TRIGGER" in note for note in plan.notes)
    with connect(pair[1]) as connection, connection.cursor() as cursor:
        cursor.execute("SHOW TABLES")
        assert cursor.fetchall() == ()
