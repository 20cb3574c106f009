"""``tsalab run``: the whole lab, headless, in a sandbox of its own that ends with it."""

from __future__ import annotations

import secrets
import signal
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tsalab import resources
from tsalab.commands import commissions
from tsalab.commands.commissions import KEY
from tsalab.commands.progress import Progress
from tsalab.commands.sandboxes import own_sandbox, sealed
from tsalab.messages import say

if TYPE_CHECKING:
    from tsalab.runner import Run

STEPS = 30
LEDGER = "ledger.jsonl"


@click.command()
@click.option("--profile", help="An AWS profile, or a sandbox that is kept; else a fresh sandbox is made.")
@click.option("--learner", help="Name that goes into the records.")
@click.option("--method", help="How the data moves; see the notebook's parameters.")
@click.option("--mode", help="Who does the steps; see the notebook's parameters.")
@click.option("--variant", help="Which variant of the lab; see the notebook's parameters.")
@click.option("--keep", is_flag=True, help="Leave the sandbox running when the lab has ended.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the executed notebook and its page; build/runs/NAME if not given.",
)
@click.option(
    "--notebook",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Another notebook than notebooks/lab4.ipynb.",
)
@click.option(
    "--ledger-key",
    type=KEY,
    help="Instructor's private key (Ed25519), which vouches for the sandbox's ledger.",
)
@click.pass_context
def run(
    ctx: click.Context,
    profile: str | None,
    learner: str | None,
    method: str | None,
    mode: str | None,
    variant: str | None,
    keep: bool,
    out: Path | None,
    notebook: Path | None,
    ledger_key: Path | None,
) -> None:
    """Run the whole lab headless and show a table of its steps.

    Exits 0 only when all 30 steps left a record that says passed.
    """
    from tsalab import handin, runner

    name = profile or f"run-{secrets.token_hex(4)}"
    source = notebook or resources.notebooks() / "lab4.ipynb"
    folder = (out or Path("build", "runs", name)).absolute()
    workdir = folder / "work"
    workdir.mkdir(parents=True, exist_ok=True)
    parameters = {"profile": name, "workdir": str(workdir)}
    parameters |= {
        key: value
        for key, value in (
            ("learner", learner),
            ("method", method),
            ("mode", mode),
            ("variant", variant),
        )
        if value is not None
    }

    if profile and ledger_key:
        raise click.UsageError(say("commands.run.not_ours"))
    # Read here, before there is a kernel, and handed to no other process.
    commission = None if profile else commissions.made(ledger_key, learner or "", name)
    # A run that is told to end is one that is interrupted: its sandbox goes with it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with (
        Progress(STEPS) as progress,
        runner.WarmKernel(workdir, log=folder / "kernel.log", imports=["tsalab.lab"]) as kernel,
    ):
        # The kernel and papermill's imports come up while the sandbox does.
        made = (
            nullcontext()
            if profile
            else own_sandbox(name, keep=keep, commission=commission, progress=progress)
        )
        ledger = ""
        with made:
            executed = folder / source.name
            outcome = runner.run(source, executed, parameters, kernel, on_cell=progress.cell)
            if not profile:
                ledger = sealed(name, workdir, folder / LEDGER)
        page = executed.with_suffix(".html")
        runner.to_html(executed, page, title=source.stem)
        handin.packed(workdir, folder)
    passed = report(progress, outcome)
    click.echo(say("commands.run.files", notebook=executed, page=page))
    if ledger:
        click.echo(ledger)
    if keep and not profile:
        click.echo(say("commands.run.kept", name=name))
    ctx.exit(0 if passed else 1)


def report(progress: Progress, outcome: Run) -> bool:
    """Print the table of the steps and say whether all of them passed."""
    records = outcome.latest
    passed = sum(record.passed for step, record in records.items() if isinstance(step, int))
    progress.table(records)
    if outcome.error:
        click.echo(outcome.error, err=True)
    missing = [step for step in range(1, STEPS + 1) if step not in records]
    if missing and not outcome.error:
        click.echo(say("commands.run.missing", steps=", ".join(map(str, missing))), err=True)
    click.echo(say("commands.run.passed", passed=passed, steps=STEPS, seconds=outcome.seconds))
    return passed == STEPS and not outcome.error
