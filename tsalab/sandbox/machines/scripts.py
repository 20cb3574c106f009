"""A script that SSM's agent runs on a machine: as root, without a terminal, and not for ever."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from contextlib import suppress
from typing import Any

from tsalab.sandbox import processes
from tsalab.sandbox.machines.machine import Machine, bash


async def run(
    machine: Machine, script: str, credentials_url: str | None, seconds: float
) -> tuple[int | None, str, str]:
    """Run a script to its end.

    Parameters
    ----------
    machine
        Where.
    script
        For the shell. It goes in over standard input, so that no list of processes shows it.
    credentials_url
        Address of the credentials endpoint.
    seconds
        After which it is killed.

    Returns
    -------
    tuple
        Exit status (None: it was killed for its time), what it printed, and its errors.

    Raises
    ------
    asyncio.CancelledError
        When it is cancelled; then it was killed.
    """
    folder = machine.root / "var" / "lib" / "amazon" / "ssm"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    popen = processes.spawn(
        machine.wrapper(machine.root, [bash(), "--noprofile", "--norc", "-c", 'eval "$(cat)"']),
        folder=machine.folder,
        env=machine.environment("root", credentials_url),
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        out, err = await asyncio.to_thread(_talk, popen, script, seconds)
    except subprocess.TimeoutExpired:
        _kill(popen)
        out, err = await asyncio.to_thread(popen.communicate)
        return None, *_texts(out, err)
    except asyncio.CancelledError:
        _kill(popen)  # whoever waits for it on a thread reads its end
        raise
    # 128 and the signal's number, as a shell says it.
    status = popen.returncode if popen.returncode >= 0 else 128 - popen.returncode
    return status, *_texts(out, err)


def _kill(popen: Any) -> None:
    with suppress(ProcessLookupError):
        os.killpg(popen.pid, signal.SIGKILL)


def _talk(popen: Any, script: str, seconds: float) -> tuple[bytes, bytes]:
    found: tuple[bytes, bytes] = popen.communicate(script.encode(), timeout=seconds)
    return found


def _texts(out: bytes, err: bytes) -> tuple[str, str]:
    return out.decode("utf-8", "replace"), err.decode("utf-8", "replace")
