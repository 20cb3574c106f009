"""What the widgets cost: the lab's notebook with a frontend that draws them, against one without.

Both run headless, in kernels that are told (or not told) what a Jupyter server tells the
kernels it starts; each on a fresh sandbox, one after the other, in turns. What counts is
the time from the first cell's start to the last one's end.
"""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
from ours import sandbox

from tsalab import resources, runner

FRONTEND = "JPY_SESSION_NAME"
# The last cell: a kernel that was to make widgets has made one, and the other has none.
PROOF = "import sys; assert ('tsalab.show.widget' in sys.modules) is {widgets}"


def widgets(folder: Path, *, first: bool) -> dict[str, float]:
    """Seconds of the lab with widgets and without.

    Parameters
    ----------
    folder
        Where sandboxes and notebooks are made.
    first
        Whether the run with widgets comes first.
    """
    found = {}
    for on in (first, not first):
        name = f"lab, widgets {'on' if on else 'off'}"
        place = folder / ("on" if on else "off")
        place.mkdir()
        found[name] = lab(place, on=on)
    return dict(sorted(found.items()))


def lab(folder: Path, *, on: bool) -> float:
    """Seconds of the lab's cells, on a sandbox of its own."""
    os.environ.pop(FRONTEND, None)
    book = nbformat.read(resources.notebooks() / "lab4.ipynb", as_version=4)
    book.cells.append(nbformat.v4.new_code_cell(PROOF.format(widgets=on), id="proof"))
    nbformat.write(book, folder / "in.ipynb")
    with sandbox(folder, {}) as (name, env):
        told = {"TSALAB_HOME": env["TSALAB_HOME"]} | ({FRONTEND: "lab4.ipynb"} if on else {})
        with runner.WarmKernel(folder, environment=told, imports=["tsalab.lab"]) as kernel:
            given = {"profile": name, "workdir": str(folder / "work")}
            outcome = runner.run(folder / "in.ipynb", folder / "out.ipynb", given, kernel)
    if outcome.error:
        raise RuntimeError(outcome.error)
    return outcome.seconds
