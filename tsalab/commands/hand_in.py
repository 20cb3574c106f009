"""``tsalab hand-in``: the working folder's own work as one file, to lie beside the notebook."""

from __future__ import annotations

from pathlib import Path

import click

from tsalab import settings
from tsalab.messages import say

_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command("hand-in")
@click.option(
    "--profile", default=lambda: settings.get("profile"), help="Whose working folder, if none is named."
)
@click.option("--workdir", type=_FOLDER, help="Where the learner's files are; work/PROFILE if not given.")
@click.option("--out", type=_FOLDER, default=Path(), help="Folder for work.zip; this one if not given.")
@click.pass_context
def hand_in(ctx: click.Context, profile: str, workdir: Path | None, out: Path) -> None:
    """Write work.zip: the template, the app's commits, and what the moved tables held.

    No data, no keys. Lay it beside the executed notebook. Exits 1 when there is nothing yet.
    """
    from tsalab import handin

    folder = workdir or Path("work", profile)
    out.mkdir(parents=True, exist_ok=True)
    path = handin.packed(folder, out)
    if path is None:
        click.echo(say("commands.hand_in.nothing", folder=folder), err=True)
        ctx.exit(1)
    work = handin.pack(folder)
    click.echo(say("commands.hand_in.wrote", path=path))
    for name, there in (("template", work.template), ("app", work.commit), ("tables", work.tables)):
        click.echo(say(f"commands.hand_in.holds.{name if there else f'no_{name}'}", count=len(work.tables)))
