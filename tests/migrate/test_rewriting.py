"""Rewrites as text: SQL taken apart and put together; and for servers that this machine does not have."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as some

from tsalab.migrate.catalogue.objects import SourceObject
from tsalab.migrate.catalogue.servers import Server, version_of
from tsalab.migrate.ddl import Findings, rewrite
from tsalab.migrate.ddl.collations import nearest
from tsalab.migrate.ddl.objects import rewrite_object
from tsalab.migrate.ddl.statement import parse
from tsalab.migrate.ddl.tokens import text, tokens
from tsalab.migrate.model import Column, Key, ObjectKind, Table, Vendor

_CHARSETS = ("utf8mb4", "utf8mb3", "latin1", "ascii", "utf16")
_ANY = [f"{charset}_{rest}" for charset in _CHARSETS for rest in ("bin", "general_ci", "unicode_520_ci")]
_0900 = ["ai_ci", "as_ci", "as_cs", "bin"]


def server(vendor: Vendor, version: tuple[int, ...], *collations: str, **more) -> Server:
    known = {name: name.partition("_")[0] for name in [*_ANY, "latin1_swedish_ci", *collations]}
    defaults = {charset: f"{charset}_general_ci" for charset in _CHARSETS}
    return Server(vendor, version, "d", more.pop("aurora", False), known, defaults, more)


_UCA1400 = [
    f"utf8mb4_uca1400_{part}{case}"
    for part in ("", "nopad_", "swedish_nopad_")
    for case in ("ai_ci", "as_ci", "as_cs")
]
_NOPAD = ["utf8mb4_nopad_bin", "utf8mb4_unicode_520_nopad_ci"]
MARIADB = server(Vendor.MARIADB, (10, 11, 6), *_UCA1400, *_NOPAD)
OLD_MARIADB = server(Vendor.MARIADB, (10, 3, 0), *_NOPAD)
MYSQL = server(Vendor.MYSQL, (8, 4, 0), *(f"utf8mb4_0900_{case}" for case in _0900), "utf8mb4_sv_0900_ai_ci")
AURORA = server(Vendor.MYSQL, (8, 0, 39), *(f"utf8mb4_0900_{case}" for case in _0900), aurora=True)
OLD_MYSQL = server(Vendor.MYSQL, (8, 0, 16), *(f"utf8mb4_0900_{case}" for case in _0900))


@given(
    some.text(alphabet="`'\"\\();,*/!- #\nab0 é", max_size=40),
    some.sampled_from(["", "NO_BACKSLASH_ESCAPES"]),
)
def test_nothing_is_lost(sql: str, mode: str) -> None:
    assert text(tokens(sql, mode)) == sql


WORDS = some.text(alphabet="`'\\();, \nKEY PRIMARY*/é=", min_size=1, max_size=20)


@given(some.lists(WORDS, min_size=1, max_size=4, unique=True), WORDS, WORDS)
def test_names_and_texts_are_never_syntax(names: list[str], comment: str, default: str) -> None:
    """Whatever they hold, as SHOW CREATE TABLE prints them."""
    assume(comment != "PRIMARY")  # no server lets another key be called so

    def name(of: str) -> str:
        return "`" + of.replace("`", "``") + "`"

    def quoted(of: str) -> str:
        return "'" + of.replace("\\", "\\\\").replace("'", "''").replace("\n", "\\n") + "'"

    lines = [
        f"  {name(each)} varchar(9) DEFAULT {quoted(default)} COMMENT {quoted(comment)}" for each in names
    ]
    lines += [
        f"  PRIMARY KEY ({name(names[0])})",
        f"  KEY {name(comment)} ({name(names[-1])}) COMMENT {quoted(default)}",
    ]
    to = f"REFERENCES {name(comment)} ({name(default)})"
    lines += [f"  CONSTRAINT {name(default)} FOREIGN KEY ({name(names[0])}) {to}"]
    lines += [f"  CONSTRAINT {name(comment)} CHECK ({name(names[0])} <> {quoted(comment)})"]
    create = (
        f"CREATE TABLE {name(default)} (\n"
        + ",\n".join(lines)
        + f"\n) ENGINE=InnoDB COMMENT={quoted(comment)}"
    )
    found = parse(create)
    assert (found.name, list(found.columns), list(found.keys)) == (default, names, ["PRIMARY", comment])
    assert list(found.foreign_keys) == [default]
    assert len(found.checks) == 1
    assert {option: of.value for option, of in found.options.items()} == {
        "ENGINE": "InnoDB",
        "COMMENT": quoted(comment),
    }
    attributes = found.columns[names[0]]
    assert [(one.name, one.value) for one in attributes] == [
        ("TYPE", "varchar(9)"),
        ("DEFAULT", quoted(default)),
        ("COMMENT", quoted(comment)),
    ]


def test_a_statement_that_is_none() -> None:
    for wrong in ("", "CREATE TABLE t", "CREATE TABLE `t` (`a` int"):
        with pytest.raises(ValueError, match=r"column|parenthesis"):
            parse(wrong)


@pytest.mark.parametrize(
    ("collation", "to", "becomes"),
    [
        ("utf8mb4_uca1400_ai_ci", MARIADB, "utf8mb4_uca1400_ai_ci"),
        ("utf8mb4_uca1400_ai_ci", MYSQL, "utf8mb4_0900_ai_ci"),
        ("utf8mb4_uca1400_nopad_as_cs", MYSQL, "utf8mb4_0900_as_cs"),
        ("utf8mb4_uca1400_ai_cs", MYSQL, "utf8mb4_0900_as_cs"),
        ("utf8mb4_uca1400_swedish_ai_ci", MYSQL, "utf8mb4_sv_0900_ai_ci"),
        ("utf8mb4_uca1400_persian_ai_ci", MYSQL, "utf8mb4_0900_ai_ci"),
        ("utf8mb3_uca1400_ai_ci", MYSQL, "utf8mb3_unicode_520_ci"),
        ("utf8mb4_uca1400_ai_ci", OLD_MARIADB, "utf8mb4_unicode_520_ci"),
        ("utf8mb4_uca1400_nopad_ai_ci", OLD_MARIADB, "utf8mb4_unicode_520_nopad_ci"),
        ("utf8mb4_nopad_bin", MYSQL, "utf8mb4_0900_bin"),
        ("utf8mb4_general_nopad_ci", MYSQL, "utf8mb4_general_ci"),
        ("latin1_swedish_nopad_ci", MYSQL, "latin1_swedish_ci"),
        ("utf8_general_ci", MYSQL, "utf8mb3_general_ci"),
        ("utf8mb4_0900_ai_ci", MARIADB, "utf8mb4_uca1400_nopad_ai_ci"),
        ("utf8mb4_sv_0900_ai_ci", MARIADB, "utf8mb4_uca1400_swedish_nopad_ai_ci"),
        ("utf8mb4_0900_bin", MARIADB, "utf8mb4_nopad_bin"),
        ("utf8mb4_ja_0900_as_cs_ks", MARIADB, "utf8mb4_uca1400_nopad_as_cs"),
        ("utf8mb4_0900_as_cs", OLD_MARIADB, "utf8mb4_nopad_bin"),
        ("utf8mb4_0900_ai_ci", OLD_MARIADB, "utf8mb4_unicode_520_nopad_ci"),
        ("gb18030_chinese_ci", MARIADB, ""),
    ],
)
def test_the_nearest_collation(collation: str, to: Server, becomes: str) -> None:
    assert nearest(collation, to) == becomes


def table(create: str, *columns: Column, keys: tuple[Key, ...] = (), engine: str = "InnoDB") -> Table:
    return Table("t", columns, create, keys=keys, engine=engine)


def moved(source: Server, target: Server, what: Table) -> tuple[Table, Findings]:
    findings = Findings()
    return rewrite(what, source, target, findings), findings


def one(body: str, *columns: Column, options: str = "ENGINE=InnoDB", **more) -> Table:
    return table(f"CREATE TABLE `t` (\n  {body}\n) {options}", *columns, **more)


def test_a_collation_that_is_only_implied_is_named() -> None:
    """Older servers leave it out where it is the default, and defaults differ."""
    columns = (
        Column("a", "varchar", definition="varchar(9)", charset="utf8mb4", collation="utf8mb4_general_ci"),
        Column("b", "varchar", definition="varchar(9)", charset="latin1", collation="latin1_swedish_ci"),
    )
    body = "`a` varchar(9) DEFAULT NULL,\n  `b` varchar(9) CHARACTER SET latin1 DEFAULT NULL"
    made, findings = moved(
        OLD_MARIADB, MYSQL, one(body, *columns, options="ENGINE=InnoDB DEFAULT CHARSET=utf8mb4")
    )
    assert made.create.endswith("ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci")
    assert "`b` varchar(9) CHARACTER SET latin1 COLLATE latin1_swedish_ci DEFAULT NULL" in made.create
    assert findings.conversions == []


def test_aurora_does_not_compress() -> None:
    what = one("`a` int", Column("a", "int"), options="ENGINE=InnoDB ROW_FORMAT=COMPRESSED KEY_BLOCK_SIZE=8")
    made, findings = moved(MARIADB, AURORA, what)
    assert "COMPRESSED" not in made.create
    assert "KEY_BLOCK_SIZE" not in made.create
    assert {each.was for each in findings.conversions} == {"ROW_FORMAT=COMPRESSED", "KEY_BLOCK_SIZE=8"}
    assert "ROW_FORMAT=COMPRESSED" in moved(MARIADB, MYSQL, what)[0].create


@pytest.mark.parametrize(
    ("kind", "default", "becomes"),
    [
        ("text", "NULL", "NULL"),
        ("text", "'a'", "('a')"),
        ("text", "_latin1'a'", "(_latin1'a')"),
        ("varchar", "'a'", "'a'"),
        ("varchar", "current_timestamp()", "(current_timestamp())"),
        ("datetime", "current_timestamp(6)", "current_timestamp(6)"),
        ("int", "-1", "-1"),
        ("decimal", "1.5", "1.5"),
        ("bit", "b'101'", "b'101'"),
        ("int", "(1 + 2)", "(1 + 2)"),
        ("double", "rand()", "(rand())"),
        ("blob", "0", "(0)"),
    ],
)
def test_defaults_for_mysql(kind: str, default: str, becomes: str) -> None:
    what = one(f"`a` {kind} DEFAULT {default} COMMENT 'c'", Column("a", kind))
    made, findings = moved(MARIADB, MYSQL, what)
    assert f"`a` {kind} DEFAULT {becomes} COMMENT 'c'" in made.create
    assert bool(findings.conversions) is (default != becomes)


def test_what_an_older_target_lacks() -> None:
    body = "`a` int INVISIBLE,\n  `u` uuid DEFAULT uuid(),\n  KEY `k` (`a`) IGNORED"
    what = one(body, Column("a", "int"), Column("u", "uuid", definition="uuid"))
    made, findings = moved(MARIADB, OLD_MYSQL, what)
    assert "INVISIBLE" not in made.create
    assert made.late_keys == {"k": "KEY `k` (`a`) INVISIBLE"}
    made, findings = moved(MARIADB, OLD_MARIADB, what)
    assert "`u` char(36) CHARACTER SET ascii COLLATE ascii_general_ci DEFAULT uuid()" in made.create
    assert made.late_keys["k"].strip() == "KEY `k` (`a`)"
    assert len(findings.conversions) == 2
    vector = one("`v` vector(3)", Column("v", "vector", definition="vector(3)"))
    assert "has no type vector" in moved(MARIADB, OLD_MYSQL, vector)[1].refusals[0].reason


def test_a_hidden_key_that_stands_in_for_a_primary_one() -> None:
    """MySQL refuses to hide it: error 3522."""
    body = "`a` int NOT NULL,\n  UNIQUE KEY `u` (`a`) IGNORED"
    key = Key("u", ("a",), unique=True)
    what = one(body, Column("a", "int", nullable=False), keys=(key,))
    made, findings = moved(MARIADB, MYSQL, what)
    assert "INVISIBLE" not in made.create
    assert ("INVISIBLE", "") in {(each.was, each.becomes) for each in findings.conversions}
    assert "IGNORED" in moved(MARIADB, MARIADB, what)[0].create


@pytest.mark.parametrize("engine", ["BLACKHOLE", "CONNECT", "FEDERATED", "SPIDER"])
def test_rows_that_are_elsewhere(engine: str) -> None:
    what = one("`a` int", Column("a", "int"), options=f"ENGINE={engine}", engine=engine)
    assert "nothing to copy" in moved(MARIADB, MARIADB, what)[1].refusals[0].reason


def test_of_mysqls_own_to_mariadb() -> None:
    create = (
        "CREATE TABLE `t` (\n  `a` int NOT NULL /*!80023 INVISIBLE */,\n"
        "  `g` geomcollection /*!80003 SRID 4326 */ DEFAULT NULL,\n"
        "  `s` varchar(9) CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_ai_ci /*!50606 STORAGE DISK */"
        " /*!50606 COLUMN_FORMAT FIXED */ DEFAULT (_utf8mb4'x' collate utf8mb4_0900_bin),\n"
        "  KEY `k` (`s`) /*!80000 INVISIBLE */,\n"
        "  FULLTEXT KEY `f` (`s`) /*!50100 WITH PARSER `ngram` */ COMMENT 'c',\n"
        "  CONSTRAINT `c` CHECK ((`a` > 1)) /*!80016 NOT ENFORCED */\n"
        ") /*!50100 TABLESPACE `ts` */ ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci"
        " /*!80016 ENCRYPTION='Y' */\n/*!50100 PARTITION BY RANGE (`a`)\n"
        "(PARTITION p0 VALUES LESS THAN (5) DATA DIRECTORY = '/x' ENGINE = InnoDB) */"
    )
    text_column = Column(
        "s", "varchar", definition="varchar(9)", charset="utf8mb4", collation="utf8mb4_0900_ai_ci"
    )
    what = table(create, Column("a", "int", nullable=False), Column("g", "geomcollection"), text_column)
    made, findings = moved(MYSQL, MARIADB, what)
    nopad, default = "utf8mb4_uca1400_nopad_ai_ci", "(_utf8mb4'x' collate utf8mb4_nopad_bin)"
    assert made.create.splitlines() == [
        "CREATE TABLE `t` (",
        "  `a` int NOT NULL INVISIBLE,",
        "  `g` geometrycollection REF_SYSTEM_ID=4326 DEFAULT NULL,",
        f"  `s` varchar(9) CHARACTER SET utf8mb4 COLLATE {nopad} DEFAULT {default}",
        ") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_uca1400_nopad_ai_ci",
        "PARTITION BY RANGE (`a`)",
        "(PARTITION p0 VALUES LESS THAN (5) ENGINE = InnoDB)",
    ]  # fmt: skip
    assert {name: key.split() for name, key in made.late_keys.items()} == {
        "k": ["KEY", "`k`", "(`s`)", "IGNORED"],
        "f": ["FULLTEXT", "KEY", "`f`", "(`s`)", "COMMENT", "'c'"],
    }
    assert {each.was for each in findings.conversions} >= {
        "TABLESPACE=`ts`", "ENCRYPTION='Y'", "STORAGE DISK", "WITH PARSER `ngram`", "DATA DIRECTORY = '/x'",
    }  # fmt: skip
    assert findings.refusals == []


def test_a_character_set_that_the_target_lacks() -> None:
    column = Column(
        "a", "varchar", definition="varchar(9)", charset="gb18030", collation="gb18030_chinese_ci"
    )
    what = one("`a` varchar(9) CHARACTER SET gb18030 COLLATE gb18030_chinese_ci", column)
    assert [each.reason for each in moved(MYSQL, MARIADB, what)[1].refusals] == [
        "MariaDB 10.11.6 does not have the character set gb18030."
    ]


@pytest.mark.parametrize(
    ("head", "rest"),
    [
        ("DEFINER=`a b`@`%` ", "VIEW `v` AS select 1"),
        ("DEFINER = 'x'@'localhost' ", "VIEW `v` AS select 'DEFINER=`a`@`b` '"),
        ("DEFINER=`role` ", "VIEW `v` AS select 1"),
        ("DEFINER=current_user() ", "VIEW `v` AS select 1"),
        ("DEFINER = `a` @ `b` ", "VIEW `v` AS select 1"),
        ("", "VIEW `v` AS select 1"),
    ],
)
def test_a_definer_is_taken_off(head: str, rest: str) -> None:
    findings = Findings()
    found = SourceObject(ObjectKind.VIEW, "v", "view", f"CREATE {head}{rest}", "somebody")
    made = rewrite_object(found, MARIADB, MYSQL, "mover", findings)
    assert made is not None
    assert made.create == f"CREATE {rest}"
    assert [each.was for each in findings.conversions] == ([head.strip()] if head else [])


def test_versions() -> None:
    assert version_of("5.5.5-10.11.6-MariaDB-log") == (10, 11, 6)
    assert version_of("8.0.39") == (8, 0, 39)
    assert version_of("none") == (0, 0, 0)
