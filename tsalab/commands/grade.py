"""``tsalab grade``: executed notebooks judged, and handed on in the forms that gradebooks take."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tsalab.messages import say

if TYPE_CHECKING:
    from tsalab.grade import Rubric, Verdict
    from tsalab.grade.exports.people import Person

_SHOWN = 10
_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("paths", metavar="PATH…", nargs=-1, type=click.Path(path_type=Path))
@click.option("--rubric", "rubric_file", type=_FILE, help="Points and conditions; else the default ones.")
@click.option("--show-rubric", is_flag=True, help="Print the default rubric and end.")
@click.option("--roster", type=_FILE, help="CSV with the learners' ids for the gradebooks.")
@click.option("--csv", "table", type=_FILE, help="Write everything as CSV.")
@click.option("--canvas", type=_FILE, help="Write a CSV for Canvas's gradebook import.")
@click.option("--moodle", type=_FILE, help="Write a CSV for Moodle's grade import.")
@click.option("--ags", type=_FILE, help="Write scores of LTI Assignment and Grade Services, one a line.")
@click.option("--junit", type=_FILE, help="Write a JUnit report, a suite a learner.")
@click.option(
    "--html",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write a page a learner and one of the class.",
)
@click.option(
    "--ledger",
    multiple=True,
    type=click.Path(path_type=Path, exists=True),
    help="A sandbox's signed ledger, or a folder with such (tier 2); may be given again.",
)
@click.option(
    "--trust",
    multiple=True,
    help="Public key of an instructor, or its file, whose warrants count; may be given again.",
)
@click.option("--live", is_flag=True, help="Look at the learners' accounts, too (tier 3); only reads.")
@click.option(
    "--profile", default="", help="AWS profile for the look; {learner} in it stands for the learner's name."
)
@click.option("--bootstrap", default="", help="Name of lab 1's stack; see the notebook's parameters.")
@click.option(
    "--trail",
    default="",
    help="CloudTrail, too (tier 4): its files or a folder of them, or a profile, as for --profile.",
)
@click.option(
    "--replay",
    is_flag=True,
    help="Do the work that was handed in again, in a clean sandbox. Runs learners' code.",
)
@click.option(
    "--replay-seconds", type=click.FloatRange(1), default=600.0, help="How long one replay may take."
)
@click.option(
    "--workers", type=click.IntRange(0, 256), default=0, help="Processes; as many as processors if 0."
)
@click.option("--quiet", is_flag=True, help="Print the total alone.")
@click.pass_context
def grade(
    ctx: click.Context,
    /,
    paths: tuple[Path, ...],
    rubric_file: Path | None,
    show_rubric: bool,
    roster: Path | None,
    workers: int,
    quiet: bool,
    **options: Any,
) -> None:
    """Grade executed notebooks in PATHs: files, folders, zips. Executes nothing.

    Exits 0 when every submission could be read and got all its points, else 1.
    """
    from tsalab.commands.witnesses import witnesses
    from tsalab.grade import Ledgers, read_rubric
    from tsalab.grade import grade as grading
    from tsalab.grade.exports.people import read_people
    from tsalab.grade.rubric import DEFAULT

    if show_rubric:
        click.echo(DEFAULT.read_text(encoding="utf-8"), nl=False)
        return
    rubric = read_rubric(rubric_file)
    people = read_people(roster) if roster else {}
    heard = witnesses(options, paths, rubric, people)
    if any(not isinstance(one, Ledgers) for one in heard):
        workers = 1  # they remember whose each account is, and a replay takes a whole sandbox
    count = full = 0
    with ExitStack() as stack:
        exports = [stack.enter_context(export) for export in _exports(options, rubric, people)]
        for verdict in grading(paths, rubric, heard, workers=workers):
            count += 1
            full += not verdict.unreadable and verdict.points >= verdict.possible
            for export in exports:
                export.add(verdict)
            if not quiet:
                click.echo(_line(verdict))
    click.echo(say("commands.grade.total", full=full, count=count))
    for export in exports:
        if left_out := getattr(export, "left_out", None):
            names = ", ".join([*left_out[:_SHOWN], *["…"] * (len(left_out) > _SHOWN)])
            said = say("commands.grade.left_out", count=len(left_out), file=export.path, names=names)
            click.echo(_plain(said))
    ctx.exit(0 if full == count else 1)


def _exports(options: Mapping[str, Any], rubric: Rubric, people: Mapping[str, Person]) -> list[Any]:
    from tsalab.grade import exports

    makers: dict[str, Callable[[Path], Any]] = {
        "table": lambda path: exports.Table(path, rubric),
        "canvas": lambda path: exports.Canvas(path, rubric, people),
        "moodle": lambda path: exports.Moodle(path, rubric, people),
        "ags": lambda path: exports.Scores(path, people),
        "junit": exports.JUnit,
        "html": lambda path: exports.Pages(path, rubric),
    }
    return [make(options[name]) for name, make in makers.items() if options[name]]


def _line(verdict: Verdict) -> str:
    who = verdict.learner or verdict.name
    fields = {"who": who, "points": verdict.points, "possible": verdict.possible, "tier": verdict.tier}
    line = say("commands.grade.line", **fields)
    told = [verdict.unreadable] if verdict.unreadable else verdict.doubts
    return "\n      ".join(map(_plain, [line, *told]))


def _plain(text: str) -> str:
    """A terminal takes some bytes for orders: none of a learner's goes there."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text)
