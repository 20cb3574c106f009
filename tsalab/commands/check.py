"""``tsalab check``: which steps are done, by what really is there."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tsalab import settings
from tsalab.messages import say

if TYPE_CHECKING:
    from tsalab.lab import Checked

LAST = 30
CLEAN_UP = 8


def _steps(_ctx: click.Context, _param: click.Parameter, words: tuple[str, ...]) -> list[int | str]:
    """Steps that the words name: a number, a range such as ``2-9``, or ``cleanup-N``."""
    return [step for word in words for step in _named(word)]


def _named(word: str) -> list[int | str]:
    if word in (f"cleanup-{number}" for number in range(1, CLEAN_UP + 1)):
        return [word]
    first, _, last = word.partition("-")
    if first.isdecimal() and (last or first).isdecimal() and 1 <= int(first) <= int(last or first) <= LAST:
        return list(range(int(first), int(last or first) + 1))
    raise click.BadParameter(say("commands.no_step", word=word, last=LAST, clean_up=CLEAN_UP))


@click.command()
@click.argument("steps", metavar="[STEP …]", nargs=-1, callback=_steps)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list instead of a table.")
@click.option(
    "--profile", default=lambda: settings.get("profile"), help="AWS profile, or the name of a sandbox."
)
@click.option("--bootstrap", default="", help="Name of lab 1's stack; see the notebook's parameters.")
@click.option(
    "--workdir", type=click.Path(path_type=Path, file_okay=False), help="Where the learner's files are."
)
@click.pass_context
def check(
    ctx: click.Context,
    steps: list[int | str],
    as_json: bool,
    profile: str,
    bootstrap: str,
    workdir: Path | None,
) -> None:
    """Check STEPs, or all 30, by what really is there, however it got there.

    Only reads. Exits 0 when every one passed, else 1.
    """
    from tsalab.lab import Lab

    results = Lab.inspect(profile, workdir=str(workdir or ""), bootstrap=bootstrap).check(steps)
    if as_json:
        fields = ("number", "title", "passed", "saw", "expected", "next")
        rows = [{name: getattr(result, name) for name in fields} for result in results]
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
    else:
        show(results, evidence=bool(steps))
    ctx.exit(0 if all(result.passed for result in results) else 1)


def show(results: Iterable[Checked], *, evidence: bool) -> None:
    """Print the results as a table; what to do next stands below what is not done.

    Parameters
    ----------
    results
        Of the steps that were looked at.
    evidence
        Whether to print what each answer rests on, too: lines of a file, a difference.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("", say("show.column.step"), "", box=None, pad_edge=False)
    known = list(results)
    for result in known:
        told = Text(result.title)
        if not result.passed:
            told.append(
                "\n" + say("show.finding", saw=result.saw, expected=result.expected, next=result.next),
                style="dim",
            )
        mark = (
            Text(say("show.status.passed"), "green")
            if result.passed
            else Text(say("show.status.not-done"), "yellow")
        )
        table.add_row(mark, str(result.number), told)
    console = Console()
    console.print(table)
    for result in known if evidence else ():
        for part in result.evidence:
            console.print(Text(f"\n{part.text}"), soft_wrap=True)
    console.print(
        say("commands.steps_passed", passed=sum(result.passed for result in known), count=len(known))
    )
