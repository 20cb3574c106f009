"""Grading: executed notebooks a second, and whether memory stays flat over ten times as many."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

import psutil
from ours import sandbox, tsalab
from timing import timed

FEW, MANY = 500, 5000
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


def genuine(folder: Path) -> Path:
    """A notebook that the lab has just been run in."""
    with sandbox(folder, {}) as (name, env):
        tsalab("run", "--profile", name, "--out", "out", env=env, cwd=folder)
    return folder / "out" / "lab4.ipynb"


def graded(notebook: Path, folder: Path, count: int) -> Graded:
    """Grade many copies of a notebook: each is read and judged for itself.

    Parameters
    ----------
    notebook
        One that was executed.
    folder
        Where the copies are made; as links, so that a disk's speed is not what is measured.
    count
        How many.
    """
    for number in range(count):
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
