"""The command line: commands loaded when they are called, errors told as what, why, next.

Exit codes: 0 done; 1 it failed, or a check did not pass; 2 used wrongly; 130 interrupted.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from tsalab import messages
from tsalab.errors import TsalabError

# Name: where it is, and its line in the help, which must not cost an import.
COMMANDS = {
    "run": ("tsalab.commands.run:run", "Run the whole lab headless and show a table of its steps."),
    "batch": ("tsalab.commands.batch:batch", "Run the lab for each learner of a roster."),
    "lab": ("tsalab.commands.lab:lab", "Open the lab in JupyterLab."),
    "check": ("tsalab.commands.check:check", "Check steps by what really is there, however it got there."),
    "reset": (
        "tsalab.commands.reset:reset",
        "Go back to just before a step, or list what that takes back.",
    ),
    "doctor": ("tsalab.commands.doctor:doctor", "See whether this machine has what the lab needs."),
    "migrate": ("tsalab.commands.migrate:migrate", "Move any MySQL or MariaDB database into another."),
    "start-state": (
        "tsalab.commands.start_state:start_state",
        "Create what labs 1 to 3 leave behind in an account.",
    ),
    "hand-in": ("tsalab.commands.hand_in:hand_in", "Pack what you made, to lie beside the notebook."),
    "grade": ("tsalab.commands.grade:grade", "Judge executed notebooks; runs nothing of them."),
    "course": ("tsalab.commands.course:course", "For authors: try what every step of the lab claims."),
    "sandbox": ("tsalab.commands.sandbox:sandbox", "Start, stop and look at the embedded AWS."),
}


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import the command of that name."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the help's list without importing any of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


def _version(ctx: click.Context, _option: click.Parameter, wanted: bool) -> None:
    if not wanted or ctx.resilient_parsing:
        return
    from importlib.metadata import version

    click.echo(f"tsalab {version('tsalab')}")
    ctx.exit()


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version", is_flag=True, expose_value=False, is_eager=True, callback=_version, help="Show the version."
)
def app() -> None:
    """Move a photo gallery to Aurora Serverless, on AWS or on a sandbox of this machine."""


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit.

    Parameters
    ----------
    arguments
        The process's own when None.
    """
    try:
        messages.refuse_unknown_language()
        code = app.main(args=None if arguments is None else list(arguments), standalone_mode=False)
    except TsalabError as error:
        click.echo(f"{type(error).__name__}: {error}", err=True)
        sys.exit(1)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo(messages.say("commands.interrupted"), err=True)
        sys.exit(130)
    sys.exit(code if isinstance(code, int) else 0)
