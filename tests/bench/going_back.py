"""Time of going back to before each section, and of doing what follows again.

On a sandbox of its own, a lab at its end goes back to every section and forward again. The
lab is in this process, as it is in a kernel that a learner has open.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path

from ours import sandbox

from tsalab.course import LAB
from tsalab.lab import Lab
from tsalab.reset import place_of, reset

AIM = 3.0
"""Seconds for a reset, at the median."""


def going_back(folder: Path) -> Mapping[str, tuple[float, float]]:
    """Seconds of the reset to each section, and of the cells from there to the end.

    Parameters
    ----------
    folder
        Where the sandbox and the working folder are made.
    """
    found = {}
    with sandbox(folder, {}) as (name, env):
        os.environ["TSALAB_HOME"] = env["TSALAB_HOME"]
        lab = Lab.open(name, workdir=str(folder / "work"))
        forward(lab, 1)
        for section in reversed(LAB.sections):
            began = time.perf_counter()
            reset(lab, section, yes=True)
            back = time.perf_counter()
            forward(lab, place_of(section))
            found[section] = (back - began, time.perf_counter() - back)
        lab.close()
    return found


def forward(lab: Lab, first: int) -> None:
    """Run the notebook's cells from one step on."""
    for step in LAB.steps:
        if int(step.id) >= first:
            exec(step.call, {"lab": lab})  # noqa: S102 - the course's own cells
