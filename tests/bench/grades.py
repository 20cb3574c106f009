"""Grading: executed notebooks a second, and whether memory stays flat over ten times as many."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
from timing import timed

from tsalab.records import GENESIS, Record
from tsalab.records.notebook import MIMETYPE

FEW, MANY = 500, 5000
VARIANTS = 20
_SAMPLE_SECONDS = 0.05


@dataclass(frozen=True)
class Graded:
    """What the grading of one folder took.

    Parameters
    ----------
    per_second
        Notebooks.
    megabytes
        Of all its processes at once, at most; shared pages count once (PSS).
    """

    per_second: float
    megabytes: float


def variants(notebook: Path, folder: Path, count: int = VARIANTS) -> list[Path]:
    """Runs like a genuine one, of other learners, each with a chain of its own: no two are alike.

    Parameters
    ----------
    notebook
        One that was executed.
    folder
        Where they are written.
    count
        How many.
    """
    made = []
    for number in range(count):
        book = json.loads(notebook.read_text(encoding="utf-8"))
        bundles = [
            output["data"]
            for cell in book["cells"]
            for output in cell.get("outputs", [])
            if MIMETYPE in output.get("data", {})
        ]
        previous = GENESIS
        for bundle in sorted(bundles, key=lambda bundle: str(bundle[MIMETYPE]["ended"])):
            record = Record.from_json(bundle[MIMETYPE])
            seconds = round(record.seconds + number / 1000, 3)
            record = replace(
                record, learner=f"Learner {number}", run=f"{number:032x}", seconds=seconds, previous=previous
            )
            bundle[MIMETYPE], previous = record.to_json(), record.hash
        path = folder / f"variant-{number}" / notebook.name
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(book), encoding="utf-8")
        made.append(path)
    return made


def graded(notebooks: Sequence[Path], folder: Path, count: int) -> Graded:
    """Grade many notebooks: each is read and judged for itself, and each has all its points.

    Parameters
    ----------
    notebooks
        Executed ones; by turns each is copied.
    folder
        Where the copies are made; as links, so that a disk's speed is not what is measured.
    count
        How many.

    Raises
    ------
    RuntimeError
        When one of them does not have all points: then something else was measured.
    """
    for number in range(count):
        notebook = notebooks[number % len(notebooks)]
        place = folder / f"{number:05}"
        place.mkdir(parents=True)
        os.link(notebook, place / notebook.name)
    command = [sys.executable, "-m", "tsalab", "grade", str(folder), "--quiet"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    peak = [0.0]
    watcher = threading.Thread(target=_watch, args=(process, peak))
    watcher.start()
    seconds = timed(lambda: process.wait() and None)
    watcher.join()
    if process.returncode:
        raise RuntimeError(f"the grading of {folder} ended with status {process.returncode}")
    return Graded(count / seconds, peak[0])


def _watch(process: subprocess.Popen[bytes], peak: list[float]) -> None:
    while process.poll() is None:
        try:
            own = psutil.Process(process.pid)
            family = [own, *own.children(recursive=True)]
            peak[0] = max(peak[0], sum(one.memory_full_info().pss for one in family) / 1e6)
        except psutil.Error:
            continue  # one of them ended while it was looked at
        try:
            process.wait(_SAMPLE_SECONDS)
        except subprocess.TimeoutExpired:
            continue
