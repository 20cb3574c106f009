"""What the lab needs of this machine, whichever account it is done in."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tsalab.messages import say
from tsalab.preflight.finding import Finding

PYTHON = (3, 11)
PROGRAMS = ("git", "ssh")
FREE_BYTES = 100_000_000  # the clone of the app and the records take a few MB; an editor wants room too
SECONDS = 20.0


def of_machine(workdir: Path) -> dict[str, Callable[[], Finding]]:
    """The checks of this machine, by name.

    Parameters
    ----------
    workdir
        The learner's folder, which need not exist yet.
    """
    return {
        "python": python,
        "git": lambda: program("git"),
        "ssh": lambda: program("ssh"),
        "workdir": lambda: folder_for_work(workdir),
    }


def python(version: tuple[int, ...] = sys.version_info[:3]) -> Finding:
    """Whether Python is new enough."""
    saw = ".".join(map(str, version))
    if version >= PYTHON:
        return Finding("python", True, saw)
    return Finding("python", False, saw, say("preflight.python.fix", wanted=".".join(map(str, PYTHON))))


def program(name: str) -> Finding:
    """Whether a program that the lab calls is there and answers."""
    return answers(
        name, shutil.which(name), say(f"sandbox.tool.{name}.is"), say(f"sandbox.tool.{name}.install")
    )


def answers(name: str, path: str | None, what: str, install: str) -> Finding:
    """Whether a program says its version.

    Parameters
    ----------
    name
        Of the program.
    path
        Where it is; None when it was not found.
    what, install
        What it is, and how to get it.
    """
    if path is None:
        return Finding(name, False, say("preflight.program.missing", what=what), install)
    try:
        option = "-V" if name == "ssh" else "--version"
        done = subprocess.run([path, option], capture_output=True, text=True, timeout=SECONDS, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        saw = say("preflight.program.silent", path=path, error=error)
        return Finding(name, False, saw, say("preflight.program.again", install=install))
    return Finding(name, True, (done.stdout or done.stderr).strip().partition("\n")[0])


def folder_for_work(path: Path, free: Callable[[Path], int] | None = None) -> Finding:
    """Whether the working folder can be written, and its disk has room.

    Parameters
    ----------
    path
        The folder, which need not exist yet.
    free
        Bytes that are free at a path; the disk is asked when None.
    """
    place = existing(path)
    if error := unwritable(place):
        return Finding("workdir", False, f"{path}: {error}", say("preflight.workdir.unwritable"))
    left = (free or free_bytes)(place)
    saw = say("preflight.workdir.saw", path=path, gigabytes=left / 1e9)
    if left < FREE_BYTES:
        return Finding("workdir", False, saw, say("preflight.workdir.full", megabytes=FREE_BYTES // 10**6))
    return Finding("workdir", True, saw)


def unwritable(folder: Path) -> str:
    """Why a folder cannot be written; empty when it can."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            return ""
    except OSError as error:
        return error.strerror or str(error)


def free_bytes(folder: Path) -> int:
    """Bytes that are free on the disk of a folder."""
    return shutil.disk_usage(folder).free


def existing(path: Path) -> Path:
    """The path itself, or the nearest folder above it that is there."""
    path = path.absolute()
    while not path.is_dir() and path != path.parent:
        path = path.parent
    return path
