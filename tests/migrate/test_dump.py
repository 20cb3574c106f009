from __future__ import annotations

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tsalab.migrate import read_dump

TAIL = "-- Dump completed on 2026-01-01  0:00:00\n"


def facts(text: str | bytes, size: int = 0):
    raw = text.encode() if isinstance(text, str) else text
    return read_dump([raw[at : at + size] for at in range(0, len(raw), size)] if size else [raw])


def test_a_real_dump(pair, here, servers, tmp_path) -> None:
    here(
        "CREATE TABLE `a``b` (id INT, t LONGTEXT)",
        "CREATE TABLE none (id INT)",
        "INSERT INTO `a``b` VALUES (1, '),(\\'\\\\'), (2, ';\\n-- x /* y'), (3, NULL),"
        " (4, REPEAT('();', 90000))",
        "CREATE TRIGGER tr BEFORE INSERT ON none FOR EACH ROW BEGIN INSERT INTO `a``b` VALUES (1, 'it''s');"
        " SET @x = ')'; END",
        "CREATE VIEW v AS SELECT 1",
        "CREATE PROCEDURE p() BEGIN INSERT INTO none VALUES (1); END",
    )
    for more in ([], ["--complete-insert", "--skip-extended-insert"], ["--skip-opt", "--hex-blob"]):
        made = subprocess.run(
            [
                "mysqldump",
                "-h127.0.0.1",
                f"-P{servers[0].port}",
                "-uroot",
                "-pword of root",
                "--routines",
                *more,
                "here",
            ],
            check=True,
            capture_output=True,
        ).stdout
        for size in (0, 1, 7, 4096):
            found = facts(made, size)
            assert found.tables == {"a`b": 4, "none": 0}, (more, size)
            assert found.complete
            assert found.database == "here"
        assert read_dump(made.decode().splitlines(keepends=True)).complete
        assert not facts(made[: len(made) * 2 // 3]).complete
        assert not facts(made[: made.index(b"-- Dump completed")]).complete


strings = st.text(st.sampled_from("ab'\"`\\;(),-/*#!\n é"), max_size=12)


def literal(text: str, doubled: bool) -> str:
    text = text.replace("\\", "\\\\").replace("\n", "\\n")
    return "'" + text.replace("'", "''" if doubled else "\\'") + "'"


@given(
    st.dictionaries(
        st.text(st.sampled_from("ab`;('-"), min_size=1, max_size=5),
        st.lists(st.tuples(st.none() | strings, st.booleans()), max_size=5),
        max_size=4,
    ),
    st.integers(1, 40),
    st.booleans(),
)
def test_any_values_any_cut(data, size: int, extended: bool) -> None:
    parts = ["/*M!999999\\- enable the sandbox mode */ \n-- Host: localhost    Database: d'b\n", "# it's\n"]
    for name, rows in data.items():
        quoted = "`" + name.replace("`", "``") + "`"
        parts.append(
            f"/* it's a 'comment */ CREATE TABLE {quoted} (\n `x` text DEFAULT ');' COMMENT '--'\n);\n"
        )
        parts.append(f"/*!40000 ALTER TABLE {quoted} DISABLE KEYS */;\n")
        values = [f"(1,{'NULL' if text is None else literal(text, doubled)},-2)" for text, doubled in rows]
        if extended and values:
            parts.append(f"INSERT INTO {quoted} (`x`, `y```) VALUES\n{','.join(values)};\n")
        else:
            parts += [f"INSERT INTO {quoted} VALUES {value};\n" for value in values]
    text = "".join(parts) + TAIL
    found = facts(text, size)
    assert found.tables == {name: len(rows) for name, rows in data.items()}
    assert found.complete
    assert found.database == "d'b"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "CREATE TABLE t (a int);\n",
        "INSERT INTO t VALUES (1,'" + TAIL,
        TAIL + "INSERT INTO t VALUES (1);\n",
        TAIL + "INSERT INTO t VALUES (1",
        "/* " + TAIL,
        "/*!50003 " + TAIL,
        "INSERT INTO t VALUES ('\\",
    ],
)
def test_incomplete(text: str) -> None:
    for size in (0, 1, 3):
        assert not facts(text, size).complete


def test_the_last_line_may_lack_its_end() -> None:
    assert facts(TAIL.rstrip("\n")).complete


def test_other_delimiters_and_plain_operators() -> None:
    text = "DELIMITER $$\nCREATE PROCEDURE p() BEGIN INSERT INTO t VALUES (1); SELECT 1-1/2; END $$\n"
    text += "DELIMITER ;\n"
    text += "INSERT IGNORE INTO t VALUES (1-1),(2/1);\nREPLACE INTO u VALUES (1);\n" + TAIL
    for size in (0, 1, 2, 5):
        assert facts(text, size).tables == {"t": 2, "u": 1}
        assert facts(text, size).complete
