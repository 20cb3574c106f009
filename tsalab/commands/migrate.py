"""``tsalab migrate``: any MySQL or MariaDB database into another."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tsalab.errors import SettingError
from tsalab.messages import say

if TYPE_CHECKING:
    from rich.console import Console

    from tsalab.commands.sides import Request
    from tsalab.migrate import Login, Options, Plan, Report

_SIDES = ("source", "target")


def _file(text: str) -> Callable[[Any], Any]:
    """An option for a file, once for each side."""

    def add(command: Any) -> Any:
        name, _, what = text.partition(" ")
        for side in reversed(_SIDES):
            kind = click.Path(path_type=Path, dir_okay=False)
            option = click.option(f"--{side}-{name}", type=kind, help=what.replace("SIDE", side))
            command = option(command)
        return command

    return add


def _names(_ctx: click.Context, _param: click.Parameter, text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


@click.command()
@click.argument("source")
@click.argument("target")
@click.option("--database", default="", help="Name of the database where a URL has none.")
@click.option("--tables", default="", callback=_names, help="Only these, separated by commas.")
@click.option("--writers", default=3, type=click.IntRange(1, 64), help="Connections that write; 3.")
@click.option("--resume", is_flag=True, help="Go on from what an earlier run left in the target.")
@click.option(
    "--replace", is_flag=True, help="Throw away rows of these tables in the target that something else wrote."
)
@click.option(
    "--verify",
    default="full",
    type=click.Choice(["full", "counts", "none"]),
    help="What is proven: every value before its commit (full), or the number of rows.",
)
@click.option("--dry-run", is_flag=True, help="Print the plan and write nothing.")
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print one JSON document: the plan, or the report; with --follow a second one.",
)
@click.option("--via", default="", metavar="SSH-URL", help="Reach both through ssh://user@host:port.")
@click.option("--source-via", default="", metavar="SSH-URL", help="Reach the source through it.")
@click.option("--target-via", default="", metavar="SSH-URL", help="Reach the target through it.")
@click.option(
    "--ssh-config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="OpenSSH configuration in place of ~/.ssh/config.",
)
@_file("ca Certificates (PEM) by which the SIDE has to prove who it is.")
@_file("defaults-file Option file with user and password of the SIDE, in place of ~/.my.cnf.")
@click.option(
    "--max-lag", type=click.FloatRange(min=1), metavar="MS", help="Wait while the source answers slower."
)
@click.option(
    "--max-mb-s", type=click.FloatRange(min=0, min_open=True), metavar="N", help="Megabytes a second at most."
)
@click.option("--no-objects", is_flag=True, help="Leave views, triggers, routines and events out.")
@click.option(
    "--follow",
    is_flag=True,
    help="Then apply what is written to the source (MariaDB), until Ctrl-C; --resume goes on with it.",
)
@click.option("--until-caught-up", is_flag=True, help="Follow no longer than until both are equal.")
@click.option("--grants", is_flag=True, help="Copy grants too, which are only reported otherwise.")
@click.pass_context
def migrate(
    ctx: click.Context,
    /,
    source: str,
    target: str,
    as_json: bool,
    dry_run: bool,
    follow: bool,
    until_caught_up: bool,
    **given: Any,
) -> None:
    """Move the tables of SOURCE into TARGET; both are mysql://user@host:port/database.

    The source is only read, in one snapshot. Prints first what will be done. A password
    comes from TSALAB_SOURCE_PASSWORD and TSALAB_TARGET_PASSWORD, from an option file
    (groups [client], [client_source], [client_target]), or is asked for.

    With --follow views, triggers, routines and events are left for the cut-over.

    Exits 0 when all is moved, 1 when not, 2 when used wrongly, 130 when interrupted.
    """
    from rich.console import Console

    from tsalab.commands.sides import requests

    # One that is told to end is interrupted: it ends what its connections do.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        both = requests(source, target, given)
    except SettingError as error:
        raise click.UsageError(str(error), ctx) from None
    # What is on its way is no result.
    console = Console(stderr=as_json, highlight=False)
    following = _Following(follow or until_caught_up, until_caught_up)
    given["no_objects"] = given["no_objects"] or following.wanted
    ctx.exit(_run(both, _options(given), console, following, as_json=as_json, dry_run=dry_run))


@dataclass(frozen=True)
class _Following:
    """Whether the source is followed when it is copied, and whether that ends by itself."""

    wanted: bool
    ends: bool


def _options(given: dict[str, Any]) -> Options:
    from tsalab.migrate import Options, Verify

    lag = given["max_lag"]
    return Options(
        tables=given["tables"],
        writers=given["writers"],
        verify=Verify(given["verify"]),
        resume=given["resume"],
        replace=given["replace"],
        objects=not given["no_objects"],
        grants=given["grants"],
        max_mb_s=given["max_mb_s"],
        max_lag=None if lag is None else lag / 1000,
    )


def _run(
    both: tuple[Request, Request],
    options: Options,
    console: Console,
    following: _Following,
    *,
    as_json: bool,
    dry_run: bool,
) -> int:
    from tsalab.commands.sides import reached

    with reached(*both) as (source, target):
        if following.wanted and options.resume and not dry_run:
            from tsalab.commands.follow import goes_on

            if goes_on(target):
                _follow(source, target, None, options, console, following, as_json=as_json)
                return 0
        plan = _plan(source, target, options)
        if not as_json:
            from tsalab.commands.plan import show_plan

            show_plan(plan, console)
        if dry_run or plan.refusals:
            if as_json:
                _print({"kind": "plan", **asdict(plan)})
            if plan.refusals and not dry_run:
                click.echo(say("commands.migrate.nothing_moved"), err=True)
            return 1 if plan.refusals else 0
        report = _move(source, target, options, plan, console)
        if as_json:
            _print({"kind": "report", **report.as_dict()})
        else:
            from tsalab.commands.plan import show_report

            show_report(plan, report, console)
        if following.wanted:
            _follow(source, target, report, options, console, following, as_json=as_json)
    return 0


def _follow(
    source: Login,
    target: Login,
    report: Report | None,
    options: Options,
    console: Console,
    following: _Following,
    *,
    as_json: bool,
) -> None:
    from tsalab.commands.follow import follow

    made = follow(source, target, report, console, tables=options.tables, caught_up=following.ends)
    if as_json:
        _print(made)


def _plan(source: Login, target: Login, options: Options) -> Plan:
    from tsalab.migrate import Migration

    return Migration(source, target, options).plan()


def _move(source: Login, target: Login, options: Options, plan: Plan, console: Console) -> Any:
    from tsalab.commands.bars import Bars
    from tsalab.migrate import Migration

    try:
        with Bars(plan, console) as bars:
            return Migration(source, target, options).run(bars.take)
    except KeyboardInterrupt:
        click.echo(say("commands.migrate.stopped"), err=True)
        raise


def _print(document: dict[str, Any]) -> None:
    click.echo(json.dumps(document, ensure_ascii=False, indent=2))
