"""What a person sees of a migration: bars on a terminal, a line now and then in a file."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from tsalab.commands.bars import Bars, clock
from tsalab.commands.plan import show_plan, show_report
from tsalab.migrate import Event, Phase, Plan, Report, TableReport
from tsalab.migrate.model import Conversion, Key, ObjectKind, Refusal, StoredObject, Table, Vendor

IMAGES = Table(
    "images",
    (),
    "",
    late_keys={"k": "", "l": ""},
    path=Key("PRIMARY", ("id", "part"), unique=True),
    rows=1_000_000,
    bytes=123_456_789,
)
PLAN = Plan(
    Vendor.MARIADB,
    Vendor.MYSQL,
    (IMAGES, Table("tags", (), "", rows=20, bytes=100)),
    present=("tags",),
    objects=(
        StoredObject(ObjectKind.VIEW, "names", ""),
        StoredObject(ObjectKind.GRANT, "'ada'@'%'", "", copied=False),
    ),
    conversions=(Conversion("table images, column uid", "uuid", "char(36)", "MySQL has no type uuid."),),
    refusals=(Refusal("table tags", "It is [red]not[/] there."),),
    notes=("Accounts are not moved.",),
)


def console(*, terminal: bool = False, height: int = 20) -> Console:
    return Console(
        file=io.StringIO(),
        force_terminal=terminal,
        width=150,
        height=height,
        highlight=False,
        color_system=None,
    )


def written(screen: Console) -> str:
    assert isinstance(screen.file, io.StringIO)
    return screen.file.getvalue()


def test_a_plan_says_all_that_will_be_done() -> None:
    screen = console()
    show_plan(PLAN, screen)
    lines = written(screen).splitlines()
    assert lines[0] == "MariaDB to MySQL: 2 tables, about 1,000,020 rows, 123.5 MB"
    assert lines[2].split() == ["images", "1,000,000", "123.5", "id,", "part", "new"]
    assert lines[3].split() == ["tags", "20", "0.0", "no", "key,", "in", "one", "piece", "is", "there"]
    text = "\n".join(lines)
    for said in (
        "uuid  char(36)  MySQL has no type uuid.",
        "table tags  It is [red]not[/] there.",
        "view names       made at the end",
        "grant 'ada'@'%'  only reported",
        "- Accounts are not moved.",
    ):
        assert said in text


def test_a_report_says_what_became_of_each_table() -> None:
    screen = console()
    tables = (
        TableReport("images", 999_999, 222_000_000, "a", "a", 60, 20, 12.34, "resumed"),
        TableReport("tags", 20, 100, "b", "", 1, 0, 0.1, "copied"),
        TableReport("odd", 20, 100, "b", "c", 1, 1, 0.1, "already equal"),
    )
    report = Report(
        tables,
        1,
        ("view names",),
        ("grant 'ada'@'%'",),
        (),
        ("Mind the gap.",),
        {"f": "bin.1", "p": "42"},
        20,
        4,
    )
    show_report(PLAN, report, screen)
    lines = written(screen).splitlines()
    assert lines[1].split() == ["images", "999,999", "222.0", "equal", "12.3", "60", "2", "resumed"]
    assert "not compared" in lines[2]
    assert "different" in lines[3]
    assert lines[4:] == [
        "3 tables, 1,000,039 rows, 222.0 MB in 20.0 s (11.1 MB/s).",
        "4.0 s of these were waits, so that others are not starved.",
        "One foreign key was added.",
        "Made: view names.",
        "Not copied: grant 'ada'@'%'.",
        "The source's binary log stood at bin.1:42 then.",
        "",
        "Worth knowing:",
        "- Mind the gap.",
    ]


def test_lines_where_there_is_no_terminal() -> None:
    screen = console()
    with Bars(PLAN, screen) as bars:
        bars.take(Event("images", Phase.CREATE, 0, 10, 0, 0.1))
        for second in range(1, 31):
            rows = second * 10_000
            bars.take(Event("images", Phase.COPY, rows, 1_000_000, rows * 100, second))
        bars.take(Event("images", Phase.KEYS, seconds=31))
        bars.take(Event("images", Phase.DONE, 300_000, 300_000, 30_000_000, 40))
        bars.take(Event("", Phase.OBJECTS, seconds=41))
    assert written(screen).splitlines() == [
        "    1.0 s  images: 10,000 of about 1,000,000 rows, 1.0 MB",
        "   11.0 s  images: 110,000 of about 1,000,000 rows, 11.0 MB, 1:29 left",
        "   21.0 s  images: 210,000 of about 1,000,000 rows, 21.0 MB, 1:19 left",
        "   31.0 s  images: 300,000 rows, 30.0 MB; keys",
    ]


def test_bars_on_a_terminal() -> None:
    screen = console(terminal=True)
    with Bars(PLAN, screen) as bars:
        for second in range(1, 5):
            rows = second * 100_000
            bars.take(Event("images", Phase.COPY, rows, 1_000_000, rows * 100, second))
    last = written(screen).rpartition("\x1b[2K")[2].splitlines()[:2]  # after the terminal's line was cleared
    assert last[0].split()[0] == "all"
    assert last[1].split()[0] == "images"
    for line in last:
        assert "40.0 MB" in line
        assert "100,000 rows/s" in line
        assert "0:06" in line
    assert "400,000 of 1,000,000" in last[1]
    assert last[1].rstrip().endswith("copying")


def test_more_tables_than_the_terminal_has_lines() -> None:
    tables = tuple(Table(f"t{number:02}", (), "", rows=1) for number in range(40))
    screen = console(terminal=True, height=10)
    with Bars(Plan(Vendor.MARIADB, Vendor.MARIADB, tables), screen) as bars:
        for table in tables:
            bars.take(Event(table.name, Phase.COPY, 1, 1, 1, 1))
            bars.take(Event(table.name, Phase.KEYS, seconds=1))
        assert bars._bars is not None
        shown = [task.description for task in bars._bars.tasks]
    assert len(shown) <= 8
    assert shown[0] == "all"
    assert shown[-1] == "t39"


@pytest.mark.parametrize(
    ("seconds", "text"), [(None, ""), (0.2, "0:00"), (59.6, "1:00"), (61, "1:01"), (3723, "1:02:03")]
)
def test_a_clock(seconds: float | None, text: str) -> None:
    assert clock(seconds) == text
