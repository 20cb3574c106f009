"""Steps 13 and 14 by the migration engine: its plan as tables, its run as bars, its report as proof."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from tsalab import migrate
from tsalab.edge import Latency, Visits
from tsalab.messages import say
from tsalab.migrate import Event, Migration, Options, Phase, Plan, Report
from tsalab.show import Part, StepView, note, table
from tsalab.steps.step import Outcome
from tsalab.steps.world import World

# The target is the lab's alone, and a step may run again at any time.
_OPTIONS = Options(resume=True)


def migration(world: World) -> Migration:
    """The old database's way into Aurora."""
    return Migration(world.source, world.target, _OPTIONS)


def planned(plan: Plan) -> list[Part]:
    """What a plan says, for people."""
    rows = [
        (
            each.name,
            each.rows,
            f"{each.bytes / 1e6:.1f} MB",
            ", ".join(each.path.columns) if each.path else "",
        )
        for each in plan.tables
    ]
    parts = [table(rows, [say(f"do.export.heading.{name}") for name in ("table", "rows", "size", "key")])]
    if plan.conversions:
        changes = [(each.subject, each.was, each.becomes, each.reason) for each in plan.conversions]
        headings = [say(f"do.export.heading.{name}") for name in ("what", "was", "becomes", "reason")]
        parts.append(table(changes, headings, caption=say("do.export.conversions")))
    parts += [note(say("do.export.object", what=f"{it.kind} {it.name}")) for it in plan.objects if it.copied]
    parts += [
        note(say("do.export.left_out", table=f"{it.kind} {it.name}")) for it in plan.objects if not it.copied
    ]
    return parts + [note(text) for text in plan.notes]


def shown(view: StepView, counts: Mapping[str, int] | None = None) -> Callable[[Event], None]:
    """Draws events as bars, one a table; totals are counts where they are known, else estimates."""
    unit = say("units.rows")
    known = counts or {}

    def show(event: Event) -> None:
        if event.table and event.phase in (Phase.COPY, Phase.DONE):
            view.progress(event.table, event.rows, known.get(event.table, event.total), unit)

    return show


def moved(world: World, view: StepView) -> Outcome:
    """Copy, while the site is watched as a visitor sees it."""
    unit = say("units.rows")
    counts = migrate.row_counts(world.source)
    with view.at_once():  # all of them, so that what is left is seen from the start
        for name, rows in counts.items():
            view.progress(name, 0, rows, unit)
    with visited(world) as visits:
        report = migration(world).run(shown(view, counts))
    latency = visits.latency()
    parts = [note(say("do.import.copied", count=report.rows, seconds=report.seconds)), *reported(report)]
    return Outcome({"method": "copy", **facts(report), **latency_facts(latency)}, [*parts, *served(latency)])


@contextmanager
def visited(world: World) -> Iterator[Visits]:
    """Visit the site through CloudFront while the block runs."""
    with Visits(world.site.api_answers) as visits:
        yield visits


def facts(report: Report) -> dict[str, object]:
    """A report for the step's record."""
    return {
        "rows": report.rows,
        "bytes": report.bytes,
        "seconds": round(report.seconds, 3),
        "tables": {
            each.table: {
                "rows": each.rows,
                "bytes": each.bytes,
                "source": each.source_digest,
                "target": each.target_digest,
                "how": each.how,
            }
            for each in report.tables
        },
    }


def latency_facts(latency: Latency) -> dict[str, object]:
    """What visitors met, for the step's record; milliseconds."""
    return {
        "visits": latency.visits,
        "visits_failed": latency.failed,
        "p95_ms": None if latency.p95 is None else round(latency.p95 * 1000, 1),
    }


def served(latency: Latency) -> list[Part]:
    """What visitors met, for people."""
    if latency.p95 is None or latency.median is None:
        return [note(say("do.import.not_served", count=latency.visits))]
    return [
        note(
            say(
                "do.import.served",
                count=latency.visits,
                failed=latency.failed,
                median=latency.median * 1000,
                p95=latency.p95 * 1000,
            )
        )
    ]


def reported(report: Report) -> list[Part]:
    """A report as a table: what each table's rows weigh, and that both digests are the same."""
    equal = {True: say("do.import.equal"), False: say("do.import.different")}
    rows = [
        (
            each.table,
            each.rows,
            each.bytes,
            each.source_digest[:12],
            equal[each.source_digest == each.target_digest],
        )
        for each in report.tables
    ]
    headings = [say(f"do.import.heading.{name}") for name in ("table", "rows", "bytes", "digest", "content")]
    return [table(rows, headings), *(note(text) for text in report.notes)]
