"""Outage of a cut-over under a load of writes, beside stop, dump, load, restart on the same load.

On a sandbox of its own, five of each by turns; every acknowledged write is looked for after
each. The lab is in this process, as it is in a kernel; the visitors are a process of their own.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ours import sandbox

from tsalab.cutover.state import Store
from tsalab.cutover.trials import Trial, measure
from tsalab.edge import RATE as LOAD
from tsalab.lab import Lab
from tsalab.messages import say
from tsalab.show import StepView
from tsalab.steps import World

ROUNDS = 5
AIM = 1.0
"""Seconds without a write, at the median."""
RATE = 200.0
"""Writes a second through the app, at the least."""


def pairs(folder: Path) -> Iterator[tuple[Trial, Trial]]:
    """Cut-overs, each with the original's way beside it.

    Parameters
    ----------
    folder
        Where the sandbox and the working folder are made.
    """
    with sandbox(folder, {}) as (name, env):
        os.environ["TSALAB_HOME"] = env["TSALAB_HOME"]
        lab = Lab.open(name, workdir=str(folder / "work"))
        for step in (*range(1, 13), *range(15, 24)):
            lab.perform(step)
        lab.code.commit("Use Aurora RDS")
        with StepView("cutover", say("cutover.title.compare")) as view:
            found = measure(World(lab.place), Store(lab.place.workdir), view, ROUNDS, LOAD)
        lab.close()
    for theirs, ours in zip(found[::2], found[1::2], strict=True):
        yield ours, theirs


def rate(trial: Trial) -> float:
    """Writes a second that were acknowledged until the writers were held."""
    return trial.met.rate(until=trial.held[0])
