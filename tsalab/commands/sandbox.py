"""``tsalab sandbox``: the embedded AWS, started, stopped and looked at."""

from __future__ import annotations

import json
import os
import shlex
import sys
from pathlib import Path
from typing import Any

import click

from tsalab.commands import commissions
from tsalab.commands.commissions import KEY
from tsalab.messages import say
from tsalab.sandbox.folder import DEFAULT_NAME

_name = click.option("--name", default=DEFAULT_NAME, show_default=True, help="Which sandbox.")
_json = click.option("--json", "as_json", is_flag=True, help="Print facts as JSON.")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def sandbox() -> None:
    """Start, stop and look at the embedded AWS."""


@sandbox.command()
@_name
@_json
@click.option("--fresh", is_flag=True, help="Remove an existing sandbox of that name first.")
@click.option("--bare", is_flag=True, help="Without the state that labs 1 to 3 leave behind.")
@click.option(
    "--ledger-key",
    type=KEY,
    help="Instructor's private key (Ed25519), which vouches for the sandbox's ledger.",
)
@click.option("--learner", default="", help="Whose ledger it is.")
@click.option("--commission", is_flag=True, hidden=True, help="Who made one has written it to our input.")
def up(
    name: str, as_json: bool, fresh: bool, bare: bool, ledger_key: Path | None, learner: str, commission: bool
) -> None:
    """Create a sandbox, or resume it with its data."""
    from tsalab.sandbox import manager

    given = commissions.read(sys.stdin) if commission else commissions.made(ledger_key, learner, name)
    facts = manager.up(name, start_state=not bare, fresh=fresh, commission=given, on_event=_progress)
    _print(facts, as_json)


@sandbox.command()
@_name
@_json
@click.option("--delete", is_flag=True, help="Remove its data as well.")
def down(name: str, as_json: bool, delete: bool) -> None:
    """End every process of a sandbox; it keeps its data."""
    from tsalab.sandbox import manager

    manager.down(name, delete=delete, on_event=_progress)
    if as_json:
        click.echo(json.dumps({"name": name, "running": False, "deleted": delete}))


@sandbox.command()
@_name
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    default="ledger.jsonl",
    show_default=True,
    help="File for the sealed ledger.",
)
@click.option(
    "--workdir", type=click.Path(path_type=Path, file_okay=False), help="Where the learner's files are."
)
def ledger(name: str, out: Path, workdir: Path | None) -> None:
    """Have a running sandbox check all steps and sign what happened in it."""
    from tsalab.sandbox.ledger import desk

    desk.seal(name, workdir=workdir or Path("work", name), out=out)
    click.echo(say("commands.ledger.written", file=out))


@sandbox.command()
@_name
@_json
def status(name: str, as_json: bool) -> None:
    """Show where a sandbox is and what runs in it."""
    from tsalab.sandbox import manager

    _print(manager.status(name), as_json)


@sandbox.command(name="list")
@_json
def list_(as_json: bool) -> None:
    """List the sandboxes of this user."""
    from tsalab.sandbox import manager

    found = [manager.status(name) for name in manager.names()]
    if as_json:
        click.echo(json.dumps(found, indent=1))
        return
    for facts in found:
        click.echo(f"{facts['name']:<20} {_running(facts):<5} {facts.get('endpoint_url', '')}")


# What `aws` believes rather than AWS_PROFILE, when the same terminal has it.
_WINS_OVER_A_PROFILE = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL")


@sandbox.command()
@_name
@_json
def env(name: str, as_json: bool) -> None:
    """Print the exports with which `aws` works against a sandbox: eval "$(tsalab sandbox env)"."""
    from tsalab.sandbox import manager

    variables = manager.env(name)
    if as_json:
        click.echo(json.dumps(variables, indent=1))
        return
    click.echo(f"unset {' '.join(_WINS_OVER_A_PROFILE)}")
    for variable, value in variables.items():
        click.echo(f"export {variable}={shlex.quote(value)}")


@sandbox.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@_name
@_json
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
def ssh(name: str, as_json: bool, command: tuple[str, ...]) -> None:
    """Open a session on the web server, or run a command there."""
    from tsalab.sandbox import manager

    host, argv = manager.web_server(name)
    if as_json:
        click.echo(json.dumps({"host": host, "command": argv}))
        return
    sys.stdout.flush()
    os.execv(argv[0], [*argv, *command])  # noqa: S606 - ssh takes this process's place and terminal


@sandbox.command()
@_name
@_json
@click.option("--rate", type=float, help="How many times as fast idle time passes.")
@click.option("--resume-seconds", type=float, help="How long a paused cluster takes to wake.")
def clock(name: str, as_json: bool, rate: float | None, resume_seconds: float | None) -> None:
    """Show or change how long clusters stay awake and take to wake, also while the sandbox runs."""
    from dataclasses import asdict

    from tsalab.sandbox import manager
    from tsalab.sandbox.clock import Clock

    times = Clock(manager.existing(name)).set(rate, resume_seconds)
    if as_json:
        click.echo(json.dumps(asdict(times)))
        return
    click.echo(say("sandbox.clock", rate=times.rate, resume_seconds=times.resume_seconds))


def _progress(line: str) -> None:
    click.echo(line, err=True)


def _print(facts: dict[str, Any], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(facts, indent=1))
        return
    click.echo(f"{say('sandbox.fact.sandbox'):<10} {facts['name']} ({_running(facts)})")
    for label, key in (("endpoint", "endpoint_url"), ("account", "account_id"), ("folder", "folder")):
        if key in facts:
            click.echo(f"{say(f'sandbox.fact.{label}'):<10} {facts[key]}")
    processes = ", ".join(f"{process['name']} {process['pid']}" for process in facts["processes"])
    click.echo(f"{say('sandbox.fact.processes'):<10} {processes or say('sandbox.fact.none')}")


def _running(facts: dict[str, Any]) -> str:
    return say("sandbox.fact.up" if facts["running"] else "sandbox.fact.down")


if __name__ == "__main__":
    sandbox()
