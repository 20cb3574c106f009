"""Every type of column arrives as it was, in the eyes of the server itself."""

from __future__ import annotations

import pytest

from tsalab.migrate import Migration, compare, connect

ZOO = {
    "ints": (
        "a TINYINT UNSIGNED, b BIGINT, c BIGINT UNSIGNED, d INT(5) ZEROFILL",
        "(0,-9223372036854775808,18446744073709551615,7),(255,NULL,0,12345)",
    ),
    "decimals": (
        "a DECIMAL(65,30), b DECIMAL(5,0)",
        "(-12345678901234567890123456789012345.000000000000000000000000000001,99999),(NULL,-1)",
    ),
    "floats": (
        "a FLOAT, b DOUBLE",
        "(0.1,0.1),(16777216.5,1e-300),(3.4e38,1.7976931348623157e308),(-0.0,-0.0),(1e-40,NULL)",
    ),
    "times": (
        "a DATE, b TIME(6), c DATETIME, d TIMESTAMP NULL, e YEAR",
        (
            "('0000-00-00','-838:59:59.000001','0000-00-00 00:00:00',NULL,0),"
            "('9999-12-31','26:00:00','1000-01-01','2038-01-19 03:14:07',2155)"
        ),
    ),
    "texts": (
        "a VARCHAR(50), b CHAR(5), c LONGTEXT, d ENUM('x','','ü'), e SET('p','q,r')".replace("'q,r'", "'q'"),
        "('tab\\t nul\\0 quote\\' back\\\\ 😀','ab','%s %% {}','ü','p,q'),('','',NULL,'','')",
    ),
    "latin": (
        "a VARCHAR(20) CHARACTER SET latin1, b TEXT CHARACTER SET utf16, c CHAR(4) CHARACTER SET sjis",
        "('é€','漢字','表'),(NULL,'','')",
    ),
    "bytes_": (
        "a BLOB, b VARBINARY(9), c BINARY(4), d BIT(11), e BIT(64)",
        "(X'00FF27225C0D0A1A80','',X'01',b'10000000001',b'1'),(NULL,NULL,NULL,NULL,NULL)",
    ),
    "geo": (
        "a POINT, b GEOMETRY",
        "(ST_GeomFromText('POINT(1 2)'),ST_GeomFromText('POLYGON((0 0,1 0,1 1,0 0))')),(NULL,NULL)",
    ),
    "json_": ("a JSON", '(\'{"k": "ü\\\\\\\\n", "n": 1.50}\'),(NULL),(\'[]\')'),
    "mariadbs": ("a UUID, b INET6", "('123e4567-e89b-12d3-a456-426614174000','::1'),(NULL,NULL)"),
    "`odd ``name% %s`": ("`co l` INT, `%d` TEXT, `日本` INT", "(1,'x',2)"),
    "same": ("a INT", "(1),(1),(1),(NULL),(NULL)"),
    "empty": ("a INT", None),
}


@pytest.mark.parametrize("name", ZOO)
def test_types(pair, here, servers, name: str) -> None:
    source, target = pair
    columns, values = ZOO[name]
    here(
        "SET SESSION sql_mode = ''",
        f"CREATE TABLE {name} ({columns})",
        *([f"INSERT INTO {name} VALUES {values}"] if values else []),
    )
    Migration(source, target).run()
    assert compare(source, target).equal
    assert hex_of(servers[0], "here", name) == hex_of(servers[1], "there", name)


def hex_of(server, database: str, table: str) -> list[tuple[object, ...]]:
    """The rows by another way than ours: every column in hexadecimal, by the server."""
    with (
        server.link(database) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(f"SHOW COLUMNS FROM {table}")
        parts = []
        for row in cursor.fetchall():
            column = "`" + row[0].replace("`", "``") + "`"
            kind = row[1]
            parts.append(
                f"{column}+0e0"
                if kind in ("float", "double")
                else f"HEX({column})"
                if "int" not in kind
                else column
            )
        cursor.execute(f"SELECT {', '.join(parts)} FROM {table}")
        return sorted(cursor.fetchall(), key=repr)


def test_generated_invisible_and_zero_keys(pair, here, servers) -> None:
    source, target = pair
    here(
        "SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO'",
        "CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, w INT, area INT AS (w*w) STORED, v INT AS (w+1),"
        " secret INT INVISIBLE, CHECK (w < 100))",
        "INSERT INTO t (id, w, secret) VALUES (0, 3, 42), (5, 4, NULL)",
    )
    Migration(source, target).run()
    with connect(target) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT id, w, area, v, secret FROM t ORDER BY id")
        assert cursor.fetchall() == ((0, 3, 9, 4, 42), (5, 4, 16, 5, None))


def test_self_and_circular_references(pair, here) -> None:
    source, target = pair
    here(
        "CREATE TABLE a (id INT PRIMARY KEY, b INT, boss INT, FOREIGN KEY (boss) REFERENCES a (id))",
        "CREATE TABLE b (id INT PRIMARY KEY, a INT, CONSTRAINT b_a FOREIGN KEY (a) REFERENCES a (id))",
        "ALTER TABLE a ADD CONSTRAINT a_b FOREIGN KEY (b) REFERENCES b (id)",
        "SET foreign_key_checks = 0",
        "INSERT INTO a VALUES (1, 1, 2), (2, NULL, 1)",
        "INSERT INTO b VALUES (1, 2)",
    )
    assert Migration(source, target).run().foreign_keys == 3
    assert compare(source, target).equal
