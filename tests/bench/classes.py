"""A class: labs an hour with 1, 2 and 4 workers, beside ``papermill`` in a plain shell loop."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import psutil
from ours import tsalab
from timing import timed

from tsalab.batch.child import MARKER
from tsalab.nursery import MODULE
from tsalab.sandbox.processes import MARKER as SANDBOX

LEARNERS = 4
WORKERS = (1, 2, 4)
CORES = 2  # for which the aims are said
AIM_MEGABYTES = 350.0
_SAMPLE_SECONDS = 0.25
_PSS = re.compile(r"^Pss:\s+(\d+) kB", re.MULTILINE)
_LOOP = """
set -eu
for learner in {learners}; do
  trap '"$PYTHON" -m tsalab sandbox down --name "loop-$learner" --delete' EXIT
  "$PYTHON" -m tsalab sandbox up --name "loop-$learner"
  "$PYTHON" -m papermill {notebook} "$learner.ipynb" --no-progress-bar \\
    -p profile "loop-$learner" -p learner "$learner" -p workdir "$PWD/$learner"
  trap - EXIT
  "$PYTHON" -m tsalab sandbox down --name "loop-$learner" --delete
done
"""


@dataclass(frozen=True)
class Class:
    """What one batch came to.

    Parameters
    ----------
    per_hour
        Labs.
    start_up
        Share of the learners' time that their sandbox's start took.
    """

    per_hour: float
    start_up: float


def loop(folder: Path, learners: int = LEARNERS) -> float:
    """Labs an hour of the shell loop: each learner's sandbox up, papermill, down."""
    notebook = Path(__file__).parents[2] / "notebooks" / "lab4.ipynb"
    names = " ".join(f"learner-{number}" for number in range(learners))
    script = _LOOP.format(learners=names, notebook=notebook)
    env = os.environ | {"TSALAB_HOME": str(folder / "home"), "PYTHON": sys.executable}

    def work() -> None:
        done = subprocess.run(
            ["bash", "-c", script], cwd=folder, env=env, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"the shell loop: {done.stdout}{done.stderr}")

    return learners * 3600 / timed(work)


def batch(folder: Path, workers: int, learners: int = LEARNERS) -> Class:
    """The same learners in one ``tsalab batch``."""
    (folder / "class.csv").write_text(
        "learner\n" + "".join(f"{n}\n" for n in range(learners)), encoding="utf-8"
    )
    out = folder / f"out-{workers}"
    env = os.environ | {"TSALAB_HOME": str(folder / "home")}
    seconds = tsalab("batch", "class.csv", "--workers", str(workers), "--out", str(out), env=env, cwd=folder)
    results = [
        json.loads(path.read_text(encoding="utf-8")) for path in sorted(out.glob("learners/*/result.json"))
    ]
    start_up = sum(result["spent"]["up"] for result in results)
    return Class(learners * 3600 / seconds, start_up / sum(result["seconds"] for result in results))


def megabytes(folder: Path, workers: int = 2) -> float:
    """The most that a learner's processes took together: sandbox, databases, app, kernel.

    Each page that several processes share is counted in parts (PSS). Looking costs time, so
    this batch is not one of those that are timed.
    """
    most: dict[str, float] = defaultdict(float)
    over = threading.Event()

    def look() -> None:
        while not over.is_set():
            for learner, now in _by_learner().items():
                most[learner] = max(most[learner], now)
            over.wait(_SAMPLE_SECONDS)

    watch = threading.Thread(target=look)
    watch.start()
    try:
        place = folder / f"memory-{time.monotonic_ns()}"
        place.mkdir()
        batch(place, workers, workers)
    finally:
        over.set()
        watch.join()
    return max(most.values())


def _by_learner() -> dict[str, float]:
    """Megabytes now, by learner, each with a part of what all are forked from.

    Programs of a sandbox bear its marker alone; its supervisor bears both.
    """
    mine: dict[str, float] = defaultdict(float)
    shared = 0.0
    sandboxes: dict[str, float] = defaultdict(float)
    owner: dict[str, str] = {}
    for process in psutil.process_iter():
        try:
            environment = process.environ()
            run, sandbox = environment.get(MARKER), environment.get(SANDBOX)
            nest = MODULE in process.cmdline()
            if not run and not sandbox and not nest:
                continue
            found = _PSS.search(Path(f"/proc/{process.pid}/smaps_rollup").read_text(encoding="ascii"))
        except (psutil.Error, OSError):
            continue  # it ended meanwhile
        size = int(found[1]) / 1024 if found else 0.0
        if run and sandbox:
            owner[sandbox] = run
        if nest:
            shared += size
        elif sandbox:
            sandboxes[sandbox] += size
        elif run:
            mine[run] += size
    for sandbox, run in owner.items():
        mine[run] += sandboxes[sandbox]
    return {run: size + shared / len(mine) for run, size in mine.items()}
