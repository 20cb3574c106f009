"""A migration's plan and report, as tables on the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tsalab.messages import say
from tsalab.migrate import Plan, Report, TableReport

_MB = 1_000_000


def plain(text: str, style: str = "") -> Text:
    """A text whose control characters do nothing: names come from a server, and may hold any."""
    return Text(
        "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text), style
    )


def size(count: float) -> str:
    """Bytes as megabytes."""
    return say("commands.migrate.size", megabytes=count / _MB)


def show_plan(plan: Plan, console: Console) -> None:
    """Print what will be done: tables, what becomes different and why, what is in the way, the rest.

    Parameters
    ----------
    plan
        Of `Migration.plan`.
    console
        Where.
    """
    console.print(
        say(
            "commands.migrate.plan.head",
            source=plan.source.value,
            target=plan.target.value,
            count=len(plan.tables),
            rows=sum(table.rows for table in plan.tables),
            size=size(sum(table.bytes for table in plan.tables)),
        )
    )
    tables = _table("table", "rows", "megabytes", "key", "there", right=(1, 2))
    for table in plan.tables:
        key = ", ".join(table.path.columns) if table.path else say("commands.migrate.plan.stream")
        present = table.name in plan.present
        tables.add_row(
            plain(table.name),
            f"{table.rows:,}",
            f"{table.bytes / _MB:,.1f}",
            plain(key),
            say("commands.migrate.plan.present" if present else "commands.migrate.plan.new"),
        )
    console.print(tables)
    _conversions(plan, console)
    if plan.refusals:
        _list(
            console,
            say("commands.migrate.plan.refusals"),
            "red",
            _rows(("subject", "reason"), ((each.subject, each.reason) for each in plan.refusals)),
        )
    if plan.objects:
        kept, only = say("commands.migrate.object.copied"), say("commands.migrate.object.reported")
        rows = ((f"{each.kind} {each.name}", kept if each.copied else only) for each in plan.objects)
        _list(console, say("commands.migrate.plan.objects"), "", _rows(("object", "how"), rows))
    _notes(plan.notes, console)


def show_report(plan: Plan, report: Report, console: Console) -> None:
    """Print what was done: a row for each table, and what did not go over.

    Parameters
    ----------
    plan
        As it was before.
    report
        Of `Migration.run`.
    console
        Where.
    """
    late = {table.name: len(table.late_keys) for table in plan.tables}
    heads = ("table", "rows", "megabytes", "digests", "seconds", "pieces", "keys", "how")
    tables = _table(*heads, right=(1, 2, 4, 5, 6))
    for each in report.tables:
        tables.add_row(
            plain(each.table),
            f"{each.rows:,}",
            f"{each.bytes / _MB:,.1f}",
            _digests(each),
            f"{each.seconds:.1f}",
            f"{each.pieces:,}",
            str(late.get(each.table, 0)),
            say(f"commands.migrate.how.{each.how.replace(' ', '_')}"),
        )
    console.print(tables)
    for line in _told(report):
        console.print(plain(line), soft_wrap=True)
    _notes(report.notes, console)


def _digests(each: TableReport) -> Text:
    if not each.target_digest:
        return Text(say("commands.migrate.not_compared"), "yellow")
    if each.target_digest == each.source_digest:
        return Text(say("commands.migrate.equal"), "green")
    return Text(say("commands.migrate.different"), "red")


def _told(report: Report) -> Iterable[str]:
    yield say(
        "commands.migrate.report.moved",
        count=len(report.tables),
        rows=report.rows,
        size=size(report.bytes),
        seconds=report.seconds,
        speed=size(report.bytes / report.seconds if report.seconds else 0),
    )
    if report.throttled >= 0.05:  # it shows as 0.1
        yield say("commands.migrate.report.throttled", seconds=report.throttled)
    if report.foreign_keys:
        yield say("commands.migrate.report.foreign_keys", count=report.foreign_keys)
    if report.objects:
        yield say("commands.migrate.report.made", names=", ".join(report.objects))
    if report.left_out:
        yield say("commands.migrate.report.left_out", names=", ".join(report.left_out))
    if report.snapshot:
        yield say("commands.migrate.report.snapshot", position=":".join(report.snapshot.values()))


def _conversions(plan: Plan, console: Console) -> None:
    if plan.conversions:
        rows = ((each.subject, each.was, each.becomes, each.reason) for each in plan.conversions)
        _list(
            console,
            say("commands.migrate.plan.conversions"),
            "yellow",
            _rows(("subject", "was", "became", "reason"), rows),
        )


def _notes(notes: Sequence[str], console: Console) -> None:
    if notes:
        console.print(Text("\n" + say("commands.migrate.plan.notes")))
        for note in notes:
            console.print(plain(f"- {note}"), soft_wrap=True)


def _list(console: Console, head: str, style: str, table: Table) -> None:
    console.print(Text(f"\n{head}", style))
    console.print(table)


def _rows(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    table = _table(*heads)
    for row in rows:
        table.add_row(*map(plain, row))
    return table


def _table(*heads: str, right: Sequence[int] = ()) -> Table:
    table = Table(*(say(f"commands.migrate.heading.{head}") for head in heads), box=None, pad_edge=False)
    for column in table.columns:
        column.overflow = "fold"  # a name that is cut off is no name
    for index in right:
        table.columns[index].justify = "right"
    return table
