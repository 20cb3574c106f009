"""``tsalab reset``: go back to just before a step."""

from __future__ import annotations

from pathlib import Path

import click

from tsalab import settings
from tsalab.messages import say


@click.command()
@click.option("--to", "to", required=True, help="A step from 1 to 30, a section's title or slug, or: start.")
@click.option("--yes", is_flag=True, help="Do it; without this, only list what it would take back.")
@click.option(
    "--profile", default=lambda: settings.get("profile"), help="AWS profile, or the name of a sandbox."
)
@click.option("--bootstrap", default="", help="Name of lab 1's stack; see the notebook's parameters.")
@click.option(
    "--workdir", type=click.Path(path_type=Path, file_okay=False), help="Where the learner's files are."
)
def reset(to: str, yes: bool, profile: str, bootstrap: str, workdir: Path | None) -> None:
    """Go back to just before a step, or list what that would take back."""
    from tsalab.lab import Lab
    from tsalab.reset import reset as go_back

    lab = Lab.inspect(profile, workdir=str(workdir or ""), bootstrap=bootstrap)
    went = go_back(lab, to, yes=yes)
    click.echo(went.text)
    if went.losses and not went.done:
        click.echo(say("reset.confirm_command", to=went.to))
