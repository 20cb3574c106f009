"""``tsalab course test``: the course held against itself, on a sandbox of its own."""

from __future__ import annotations

import json
import secrets
import signal
import tempfile
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from tsalab.commands.progress import Progress
from tsalab.commands.sandboxes import own_sandbox
from tsalab.messages import say

if TYPE_CHECKING:
    from tsalab.selftest import Proof


@click.group()
def course() -> None:
    """For authors of the lab: its steps and their checks."""


@course.command("test")
@click.option("--method", help="How the data moves; see the notebook's parameters.", default="dump")
@click.option("--variant", help="Which variant of the lab; see the notebook's parameters.", default="")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON list of the claims instead of a table.")
@click.pass_context
def test(ctx: click.Context, method: str, variant: str, as_json: bool) -> None:
    """Try on a fresh sandbox what every step claims.

    An untouched lab scores 0; each step's do makes its check pass; each check fails when its
    own step is taken back; the clean-up leaves nothing. Exits 0 when every claim holds.
    """
    from tsalab.lab import Lab
    from tsalab.selftest import Rehearsal, selftest

    # One that is told to end is one that is interrupted: its sandbox goes with it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    name = f"course-{secrets.token_hex(4)}"
    with (
        Progress(0, quiet=as_json) as progress,
        tempfile.TemporaryDirectory(prefix="tsalab-course-") as workdir,
        own_sandbox(name, progress=progress),
    ):
        lab = Lab.open(name, workdir=workdir, method=method, variant=variant, confirm="yes")
        try:
            proofs = selftest(Rehearsal(lab), lambda proof: progress.say(_line(proof)))
        finally:
            lab.close()
    if as_json:
        fields = ("step", "claim", "held", "saw")
        rows = [{field: getattr(proof, field) for field in fields} for proof in proofs]
        click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
    else:
        show(proofs)
    ctx.exit(0 if all(proof.held for proof in proofs) and proofs[-1].claim == "clean" else 1)


def _line(proof: Proof) -> str:
    step = say("selftest.whole") if proof.step is None else str(proof.step)
    held = say("selftest.held" if proof.held else "selftest.broken")
    return f"{held}  {step:>9}  {say(f'selftest.claim.{proof.claim}')}"


def show(proofs: Sequence[Proof]) -> None:
    """Print a row a step and a column a claim, then each claim that does not hold."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from tsalab.selftest import CLAIMS

    marks = {True: Text(say("selftest.held"), "green"), False: Text(say("selftest.broken"), "red")}
    headings = (say(f"selftest.column.{claim}") for claim in CLAIMS)
    table = Table(say("show.column.step"), *headings, box=None, pad_edge=False)
    for step in dict.fromkeys(proof.step for proof in proofs):
        cells = []
        for claim in CLAIMS:
            held = [proof.held for proof in proofs if (proof.step, proof.claim) == (step, claim)]
            cells.append(marks[all(held)] if held else Text(""))
        table.add_row(say("selftest.whole") if step is None else str(step), *cells)
    console = Console()
    console.print(table)
    broken = [proof for proof in proofs if not proof.held]
    for proof in broken:
        console.print(Text(f"{_line(proof)}\n  {proof.saw}", "red"), soft_wrap=True)
    console.print(say("selftest.total", held=len(proofs) - len(broken), count=len(proofs)))
