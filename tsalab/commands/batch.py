"""``tsalab batch``: the lab of a whole class, each learner on a sandbox or a profile of their own."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tsalab.commands.commissions import KEY
from tsalab.messages import say

if TYPE_CHECKING:
    from tsalab.batch.engines import Engine


@click.command()
@click.argument("roster", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="Folder; build/batch/ROSTER if not given."
)
@click.option(
    "--workers", type=click.IntRange(1, 256), default=2, show_default=True, help="Learners at a time."
)
@click.option(
    "--engine",
    type=click.Choice(["threads", "dask"]),
    default="threads",
    show_default=True,
    help="Who hands the learners out: this process, or a Dask cluster.",
)
@click.option(
    "--scheduler",
    help="Address of a Dask scheduler, such as tcp://10.0.0.5:8786; else a cluster of this machine.",
)
@click.option(
    "--timeout", type=click.FloatRange(0), default=0.0, help="Seconds for each learner; 0 for no limit."
)
@click.option("--resume", is_flag=True, help="Run only what is missing or failed in the folder.")
@click.option(
    "--notebook",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Another notebook than notebooks/lab4.ipynb.",
)
@click.option(
    "--ledger-key",
    type=KEY,
    help="Instructor's private key (Ed25519), which vouches for the sandboxes' ledgers.",
)
@click.pass_context
def batch(
    ctx: click.Context,
    roster: Path,
    out: Path | None,
    workers: int,
    engine: str,
    scheduler: str | None,
    timeout: float,
    resume: bool,
    notebook: Path | None,
    ledger_key: Path | None,
) -> None:
    """Run the lab for each line of a roster, and write one summary.

    ROSTER is a CSV file. Its column "learner" names each; the others are the notebook's
    parameters. Exits 0 only when every learner passed.
    """
    from tsalab.batch import Batch
    from tsalab.commands.roll import Roll

    given: dict[str, Path] = {"notebook": notebook} if notebook else {}
    todo = Batch.of(roster, out or "", timeout=timeout, ledger_key=ledger_key, **given)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with Roll() as roll:
        summary = todo.run(_engine(engine, workers, scheduler), resume=resume, on_change=roll.changed)
    roll.table(summary.rows())
    click.echo(say("batch.passed", count=len(summary.jobs), passed=summary.passed))
    click.echo(say("batch.files", page=todo.out / "summary.html"))
    ctx.exit(0 if summary.complete else 1)


def _engine(name: str, workers: int, scheduler: str | None) -> Engine:
    if name == "threads":
        if scheduler:
            raise click.UsageError(say("batch.scheduler_without_dask"))
        from tsalab.batch.engines import Threads

        return Threads(workers)
    from tsalab.batch.cluster import Cluster

    return Cluster(workers, scheduler)
