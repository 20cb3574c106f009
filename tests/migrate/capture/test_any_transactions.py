"""Whatever transactions a source runs, in the end the target is equal to it, row by row."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pymysql
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as some

from tsalab.migrate.capture import Replication

TABLES = {
    "keyed": (
        "id INT PRIMARY KEY, n INT UNIQUE, v VARCHAR(60) COLLATE utf8mb4_general_ci, f FLOAT, d DATETIME(2)"
    ),
    "composite": (
        "a VARCHAR(3) CHARACTER SET latin1, b TINYINT, v LONGBLOB, e ENUM('x', '', 'y'), PRIMARY KEY (a, b)"
    ),
    "keyless": "a TINYINT, v VARCHAR(60) CHARACTER SET utf16, f DOUBLE, t TIME(3)",
    "counted": (
        "id INT AUTO_INCREMENT PRIMARY KEY, k INT, w INT, twice INT AS (w * 2) STORED,"
        " at TIMESTAMP(3) NULL ON UPDATE CURRENT_TIMESTAMP(3),"
        " FOREIGN KEY (k) REFERENCES keyed (id) ON DELETE CASCADE ON UPDATE CASCADE"
    ),
}
# What the source's server refuses: duplicates, foreign keys, savepoints that are not there, values.
REFUSALS = {1048, 1062, 1264, 1265, 1267, 1292, 1305, 1366, 1451, 1452}

numbers = some.integers(0, 6).map(str)
nulls = some.just("NULL")
texts = some.text(max_size=12).map(
    lambda text: f"CONVERT(X'{text.encode('utf-8', 'ignore').hex()}' USING utf8mb4)"
)
letters = some.sampled_from(["'a'", "'B'", "'é'", "''", "'b '"])
floats = some.floats(width=32, allow_nan=False, allow_infinity=False).map(lambda value: f"{value!r}")
blobs = some.one_of(
    some.binary(max_size=20).map(lambda value: f"X'{value.hex()}'"),
    some.integers(1, 300_000).map(lambda size: f"REPEAT(X'27', {size})"),
)
times = some.sampled_from(["'0000-00-00'", "'2020-02-30 1:2:3.45'", "'9999-12-31 23:59:59.99'"])
spans = some.sampled_from(["'-838:59:59'", "'-0:00:00.001'", "'26:00:00.5'", "0"])
members = some.sampled_from(["'x'", "''", "'no member'", "3"])

VALUES: dict[str, some.SearchStrategy[str]] = {
    "keyed.id": numbers,
    "keyed.n": some.one_of(numbers, nulls),
    "keyed.v": some.one_of(texts, nulls),
    "keyed.f": some.one_of(floats, nulls),
    "keyed.d": some.one_of(times, nulls),
    "composite.a": letters,
    "composite.b": numbers,
    "composite.v": some.one_of(blobs, nulls),
    "composite.e": some.one_of(members, nulls),
    "keyless.a": numbers,
    "keyless.v": some.one_of(texts, nulls),
    "keyless.f": some.one_of(floats, nulls),
    "keyless.t": some.one_of(spans, nulls),
    "counted.k": some.one_of(numbers, nulls),
    "counted.w": numbers,
    "counted.at": some.one_of(nulls, some.just("NOW(3)")),
}


def columns(table: str) -> list[str]:
    return [name.split(".")[1] for name in VALUES if name.startswith(f"{table}.")]


@some.composite
def statements(draw: some.DrawFn) -> str:
    table = draw(some.sampled_from(sorted(TABLES)))
    value: Callable[[str], str] = lambda column: draw(VALUES[f"{table}.{column}"])  # noqa: E731
    column = draw(some.sampled_from(columns(table)))
    chosen = f"{column} <=> {value(column)}"
    kind = draw(some.sampled_from(["insert", "insert", "replace", "update", "delete", "shift", "safe point"]))
    if kind in {"insert", "replace"}:
        names = columns(table)
        rows = draw(some.integers(1, 4))
        listed = ", ".join(f"({', '.join(value(name) for name in names)})" for _ in range(rows))
        word = "REPLACE" if kind == "replace" else draw(some.sampled_from(["INSERT", "INSERT IGNORE"]))
        return f"{word} INTO {table} ({', '.join(names)}) VALUES {listed}"
    if kind == "update":
        other = draw(some.sampled_from(columns(table)))
        return f"UPDATE {table} SET {other} = {value(other)} WHERE {chosen}"
    if kind == "delete":
        return f"DELETE FROM {table} WHERE {chosen} {draw(some.sampled_from(['', 'LIMIT 1']))}"
    if kind == "shift":
        return "UPDATE keyed SET id = id + 7, n = n + 1 ORDER BY id DESC, n DESC"
    return draw(
        some.sampled_from(["SAVEPOINT s", "ROLLBACK TO s", "SET foreign_key_checks = 0, sql_mode = ''"])
    )


transactions = some.lists(
    some.tuples(
        some.lists(statements(), min_size=1, max_size=6), some.sampled_from(["COMMIT", "COMMIT", "ROLLBACK"])
    ),
    min_size=1,
    max_size=8,
)


@pytest.fixture
def copied(followed) -> Iterator[Replication]:
    followed.here(
        *(f"CREATE TABLE {name} ({TABLES[name]})" for name in ("keyed", "composite", "keyless", "counted"))
    )
    replication = followed.copy()
    with replication.running():
        yield replication


def run(followed, done: list[tuple[list[str], str]]) -> None:
    """Each transaction on the source; what its server refuses is left out."""
    with followed.servers[0].link("here") as link, link.cursor() as cursor:
        for lines, end in done:
            cursor.execute(
                "SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES', foreign_key_checks = 1"
            )
            link.begin()
            for line in lines:
                try:
                    cursor.execute(line)
                except pymysql.err.MySQLError as error:
                    if error.args[0] not in REFUSALS:
                        raise
            cursor.execute(end)


FEW, MANY = 12, 400


def check(followed, copied: Replication, done: list[tuple[list[str], str]]) -> None:
    run(followed, done)
    copied.catch_up(30)
    followed.must_be_equal()


_SETTINGS = {
    "deadline": None,
    "phases": (Phase.generate,),
    # Tables and rows stay from one example to the next, on purpose; so there is nothing to shrink.
    "suppress_health_check": [HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
}


def test_some_transactions(followed, copied) -> None:
    settings(max_examples=FEW, derandomize=True, **_SETTINGS)(
        given(transactions)(lambda done: check(followed, copied, done))
    )()


@pytest.mark.slow
def test_many_transactions(followed, copied) -> None:
    settings(max_examples=MANY, **_SETTINGS)(
        given(transactions)(lambda done: check(followed, copied, done))
    )()
