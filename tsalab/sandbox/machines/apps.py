"""The apps that ``forever`` keeps on a web server, remembered so that they run again.

forever forgets its apps when the computer goes down. A machine of the sandbox goes down
whenever the sandbox does, so what ran is noted after every forever command, and started
again when the machine is.
"""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil

from tsalab.sandbox import news, processes
from tsalab.sandbox.folder import read_json, write_json
from tsalab.sandbox.machines.machine import Machine

_MONITOR = "forever/bin/monitor"
# Places that may differ on the next start come from the machine, not from the note.
_OF_THE_MACHINE = ("TSA_", "TSALAB_", "AWS_", "NODE_", "npm_config_", "FOREVER_", "PATH", "GIT_CONFIG_SYSTEM")
# forever comes back before its monitor can be asked: how long to give that one (seconds).
_SETTLE, _LOOK = 3.0, 0.02


def processes_of(machine: Machine) -> list[psutil.Process]:
    """Every process of a machine, MariaDB apart."""
    found = []
    for process in processes.members(machine.folder):
        try:
            env = process.environ()
        except psutil.Error:
            continue
        if env.get("TSALAB_MACHINE") == machine.facts.id and "TSA_USER" in env:
            found.append(process)
    return found


def _note(machine: Machine) -> Path:
    return machine.root / "var" / "lib" / "forever.json"


def remember(machine: Machine) -> None:
    """Note which apps forever keeps now."""
    apps = [app for process in processes_of(machine) if (app := _app(process)) is not None]
    before = sorted(map(script, remembered(machine)))
    if before != (now := sorted(map(script, apps))):
        news.tell("app", machine=machine.facts.id, running=now)
    write_json(_note(machine), {"apps": apps})


def _app(process: psutil.Process) -> dict[str, Any] | None:
    try:
        words = process.cmdline()
        if len(words) < 3 or not words[1].endswith(_MONITOR):
            return None
        env = {key: value for key, value in process.environ().items() if not key.startswith(_OF_THE_MACHINE)}
        return {"args": words[2:], "cwd": process.cwd(), "user": process.environ()["TSA_USER"], "env": env}
    except (psutil.Error, KeyError):
        return None


def script(app: Mapping[str, Any]) -> str:
    """The script that an app runs; what it is given besides may be anything."""
    return next((word for word in reversed(app["args"]) if word.endswith(".js")), "")


async def settled(machine: Machine) -> None:
    """Note the apps as soon as every monitor of theirs can be asked, as ``forever list`` does."""
    deadline = time.monotonic() + _SETTLE
    while True:
        await asyncio.to_thread(remember, machine)
        sockets = list((machine.runtime("f") / "sock").glob("*"))
        if len(sockets) >= len(remembered(machine)) or time.monotonic() > deadline:
            return
        await asyncio.sleep(_LOOK)


def remembered(machine: Machine) -> list[dict[str, Any]]:
    """Apps that ran when they were last noted."""
    apps: list[dict[str, Any]] = read_json(_note(machine)).get("apps", [])
    return apps


async def start_again(machine: Machine, credentials_url: str | None) -> None:
    """Start the noted apps, all at once, and return when forever has them."""
    runtime = machine.runtime("f")
    for left in ("sock", "pids"):
        for file in (runtime / left).glob("*"):
            file.unlink()
    await asyncio.gather(*(_start(machine, app, credentials_url) for app in remembered(machine)))


async def _start(machine: Machine, app: Mapping[str, Any], credentials_url: str | None) -> None:
    env = {**app["env"], **machine.environment(app["user"], credentials_url)}
    argv = machine.wrapper(machine.root, [str(machine.bin / "forever"), "start", *app["args"]])
    started = processes.spawn(
        # The folder may be in /opt, which only the namespace shows as the machine's.
        ["sh", "-c", 'exec "$@"', "sh", *_inside(machine, app["cwd"], argv)],
        folder=machine.folder,
        env=env,
        log=machine.root / "var" / "log" / "boot.log",
        stdin=subprocess.DEVNULL,
    )
    await asyncio.to_thread(started.wait)


def _inside(machine: Machine, cwd: str, argv: list[str]) -> list[str]:
    """`argv`, with its last part run in `cwd` as the machine sees it."""
    program = str(machine.bin / "forever")
    cut = argv.index(program)
    return [*argv[:cut], "sh", "-c", 'cd "$0" && exec "$@"', cwd, *argv[cut:]]
