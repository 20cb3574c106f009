"""Processes of a sandbox: started with its marker, found by it, ended together.

The marker is an environment variable that children inherit, so that a program which
detaches itself (``forever``, a daemon) is still found when its parent was killed.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

import psutil

from tsalab import nursery
from tsalab.sandbox.folder import Folder

MARKER = "TSALAB_SANDBOX"
_POLL_SECONDS = 0.01


def environment(folder: Folder, env: Mapping[str, str] | None = None) -> dict[str, str]:
    """`env` (default: ours) with the sandbox's marker in it."""
    return {**(os.environ if env is None else env), MARKER: str(folder.root)}


def spawn(
    argv: Sequence[str | Path],
    *,
    folder: Folder,
    env: Mapping[str, str] | None = None,
    cwd: str | Path | None = None,
    log: Path | None = None,
    stdin: int | IO[bytes] | None = subprocess.DEVNULL,
    stdout: int | IO[bytes] | None = None,
    stderr: int | IO[bytes] | None = None,
    pass_fds: Sequence[int] = (),
) -> psutil.Popen:
    """Start a process of the sandbox, in a session of its own.

    Parameters
    ----------
    argv
        Program and arguments. Never a secret: other users see them.
    folder
        The sandbox it belongs to.
    env
        Its whole environment (default: ours); the marker is added.
    cwd
        Its working directory.
    log
        File that stdout and stderr are appended to, unless given themselves.
    stdin, stdout, stderr, pass_fds
        As for `subprocess.Popen`.

    Raises
    ------
    OSError
        When the program cannot be started.
    """
    opened: IO[bytes] | None = None
    if log is not None:
        log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        opened = log.open("ab")
    elsewhere = opened or subprocess.DEVNULL
    try:
        return psutil.Popen(
            [str(part) for part in argv],
            env=environment(folder, env),
            cwd=cwd,
            stdin=stdin,
            stdout=elsewhere if stdout is None else stdout,
            stderr=elsewhere if stderr is None else stderr,
            start_new_session=True,
            close_fds=True,
            pass_fds=pass_fds,
        )
    finally:
        if opened is not None:
            opened.close()


def spawn_python(
    argv: Sequence[str], *, folder: Folder, cwd: str, log: Path, pass_fds: Sequence[int]
) -> subprocess.Popen[str] | nursery.Forked:
    """Start a Python process of the sandbox, forked where a nursery is at hand; its input is a pipe.

    Parameters
    ----------
    argv
        What follows ``python``. Never a secret: other users see them.
    folder, cwd, log, pass_fds
        As for `spawn`.

    Raises
    ------
    OSError
        When it cannot be started.
    """
    with log.open("ab") as opened:
        return nursery.start(
            argv,
            env=environment(folder),
            cwd=cwd,
            stdin=subprocess.PIPE,
            stdout=opened,
            stderr=opened,
            pass_fds=pass_fds,
        )


def members(folder: Folder) -> list[psutil.Process]:
    """Every living process whose environment carries the sandbox's marker, save ours.

    The calling process and its ancestors never count: a command typed inside a session of
    the sandbox must be able to end the rest of it.
    """
    root = str(folder.root)
    ours = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    return [
        process for process in psutil.process_iter() if process.pid not in ours and _marker(process) == root
    ]


def _marker(process: psutil.Process) -> str | None:
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return process.environ().get(MARKER)
    except (psutil.Error, OSError):
        return None  # gone meanwhile, or another user's, which is then not of the sandbox


def end(processes: Sequence[psutil.Process], grace: float = 5.0) -> None:
    """Ask processes to end, then make them, and return when they are gone.

    Parameters
    ----------
    processes
        Processes of the sandbox.
    grace
        Seconds between SIGTERM and SIGKILL.
    """
    _signal(processes, "terminate")
    alive = wait(processes, grace)
    _signal(alive, "kill")
    wait(alive, grace)


def wait(processes: Sequence[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Wait until processes are gone, those included that nobody has reaped yet.

    psutil would wait for the reaping too, which a container's first process does at its
    leisure. Our own children are left to be reaped by whoever started them.

    Parameters
    ----------
    processes
        Whose end to wait for.
    seconds
        How long at most.

    Returns
    -------
    list of psutil.Process
        Those still alive.
    """
    deadline = time.monotonic() + seconds
    alive = [process for process in processes if _alive(process)]
    while alive and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)
        alive = [process for process in alive if _alive(process)]
    return alive


def _alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def end_all(folder: Folder, grace: float = 5.0) -> int:
    """End every process of the sandbox, also those that start meanwhile.

    Parameters
    ----------
    folder
        The sandbox.
    grace
        Seconds between SIGTERM and SIGKILL.

    Returns
    -------
    int
        How many were ended.
    """
    ended = 0
    while found := members(folder):
        end(found, grace)
        ended += len(found)
        grace = 0.2  # what a dying parent (`forever`) started again gets no second grace
    return ended


def _signal(processes: Sequence[psutil.Process], how: str) -> None:
    for process in processes:
        try:
            getattr(process, how)()
        except psutil.NoSuchProcess:
            continue
