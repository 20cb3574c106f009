"""``tsalab start-state``: bring an account to where lab 4 begins."""

from __future__ import annotations

import ipaddress
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tsalab import settings
from tsalab.errors import SettingError
from tsalab.messages import say

if TYPE_CHECKING:
    from rich.console import Console

    from tsalab.lab import Lab
    from tsalab.start_state import Names, Piece, StartState


def _range(_ctx: click.Context, _param: click.Parameter, text: str | None) -> str | None:
    """IPv4 addresses as a range; one address is a range of itself."""
    if text is None:
        return None
    try:
        return str(ipaddress.IPv4Network(text))
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@click.command(name="start-state")
@click.option(
    "--profile", default=lambda: settings.get("profile"), help="AWS profile, or the name of a sandbox."
)
@click.option("--region", default="", help="AWS region; the profile's when not given.")
@click.option(
    "--ssh-location", callback=_range, metavar="CIDR", help="Addresses that may reach the web server by SSH."
)
@click.option(
    "--key-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where to save the web server's private key.",
)
@click.option("--bootstrap", default="TSA-Bootstrap", show_default=True, help="Name of the bootstrap stack.")
@click.option("--stack", default="TSAGallery", show_default=True, help="Name of the gallery's stack.")
@click.option("--bucket", default="", help="Name of the data bucket; one of this account when not given.")
@click.option("--key-pair", default="TSAGallery", show_default=True, help="Name of the EC2 key pair.")
@click.option("--yes", is_flag=True, help="Do not ask before creating anything.")
@click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON document with what is there in the end."
)
def start_state(
    profile: str,
    region: str,
    ssh_location: str | None,
    key_file: Path | None,
    bootstrap: str,
    stack: str,
    bucket: str,
    key_pair: str,
    yes: bool,
    as_json: bool,
) -> None:
    """Create what labs 1 to 3 leave behind, or what of it is missing.

    Shows the account, what will be created and what that costs, and asks. Run again, or
    after it was interrupted, it goes on where it stopped.
    """
    from rich.console import Console

    from tsalab.lab import Lab
    from tsalab.start_state import Names, survey

    console = Console(stderr=as_json, highlight=False)
    lab = Lab.inspect(profile, region=region)
    lab.place.account.refuse_unlisted()
    names = Names(stacks=(stack, bootstrap), key_pair=key_pair, bucket=bucket)
    pieces = survey(lab.place.account, names)
    _show(lab, pieces, ssh_location, console)
    if not all(piece.there for piece in pieces):
        _ask(yes=yes)
    made = _create(lab, key_file, ssh_location, names, console)
    if as_json:
        click.echo(json.dumps(_document(lab, made), indent=1))
        return
    console.print(say("commands.start_state.done", url=made.url), soft_wrap=True)
    console.print(say("commands.start_state.next", profile=profile), soft_wrap=True)


def _show(lab: Lab, pieces: list[Piece], ssh_location: str | None, console: Console) -> None:
    from rich.table import Table

    from tsalab import cost

    who, region = lab.place.account.identity, lab.place.account.region
    console.print(
        say("commands.start_state.where", account=who["account"], region=region, arn=who["arn"]),
        soft_wrap=True,
    )
    table = Table(box=None, show_header=False, pad_edge=False)
    for piece in pieces:
        state = say("commands.start_state.there" if piece.there else "commands.start_state.coming")
        table.add_row(piece.kind, piece.name, state)
    console.print(table)
    hourly = cost.START_STATE_HOUR
    lines = (
        say("commands.start_state.ssh", addresses=ssh_location)
        if ssh_location
        else say("commands.start_state.ssh_open"),
        say("commands.start_state.cost", hour=hourly, day=24 * hourly),
    )
    for line in lines:
        console.print(line, soft_wrap=True)


def _ask(*, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        raise SettingError.not_confirmed("--yes")
    click.confirm(say("commands.start_state.question"), abort=True, err=True)


def _create(
    lab: Lab, key_file: Path | None, ssh_location: str | None, names: Names, console: Console
) -> StartState:
    from tsalab.commands.progress import Progress
    from tsalab.start_state import create

    with Progress(0, console) as progress:
        return create(
            lab.place.account,
            key_file=key_file,
            ssh_location=ssh_location,
            names=names,
            on_event=lambda part, detail: progress.say(f"{part}: {detail}"),
        )


def _document(lab: Lab, made: StartState) -> dict[str, Any]:
    account = lab.place.account
    found = asdict(made) | {"account": account.identity["account"], "region": account.region}
    return {name: str(value) if isinstance(value, Path) else value for name, value in found.items()}
