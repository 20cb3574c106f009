"""What cloud-init does on a new web server: run its user data once, as root, with a log."""

from __future__ import annotations

import asyncio
import time

import psutil

from tsalab.files import write_private
from tsalab.sandbox import processes
from tsalab.sandbox.folder import read_json, write_json
from tsalab.sandbox.machines.machine import Machine
from tsalab.sandbox.machines.units import Answer

# Status of a script whose end somebody else saw: the machine was stopped under it.
_ENDED = -15
_LOG = ("var", "log", "cloud-init-output.log")


class UserData:
    """The user data of one machine. On the estate's loop.

    Parameters
    ----------
    machine
        The machine.
    """

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self._done = machine.root / "var" / "lib" / "cloud" / "instance" / "result.json"
        self._finished = asyncio.Event()
        self._process: psutil.Popen | None = None

    @property
    def status(self) -> int | None:
        """Exit status of the script; None while it has not ended."""
        found = read_json(self._done).get("status")
        return None if found is None else int(found)

    async def run(self, credentials_url: str | None) -> None:
        """Run the script, unless it ran to its end before."""
        if self.status is None:
            status = await self._run(credentials_url)
            write_json(self._done, {"status": status, "finished": time.time()})
        self._finished.set()

    async def _run(self, credentials_url: str | None) -> int:
        machine = self.machine
        log = machine.root.joinpath(*_LOG)
        text = machine.facts.user_data
        if not text.startswith("#!"):
            said = "no user data\n" if not text.strip() else "user data that is no script (#!…) was ignored\n"
            log.write_text(said, encoding="utf-8")
            return 0
        script = machine.root / "var" / "lib" / "cloud" / "instance" / "user-data.txt"
        write_private(script, text)
        script.chmod(0o700)
        self._process = processes.spawn(
            machine.wrapper(machine.root, [str(script)]),
            folder=machine.folder,
            env=machine.environment("root", credentials_url),
            cwd="/",
            log=log,
        )
        status = await asyncio.to_thread(self._process.wait)
        return _ENDED if status is None else int(status)

    async def cloud_init(self, words: list[str]) -> Answer:
        """Answer ``cloud-init status [--wait]``."""
        if words[:1] != ["status"]:
            return Answer(stderr="cloud-init: the sandbox has only `cloud-init status [--wait]`\n", status=1)
        if "--wait" in words or "-w" in words:
            await self._finished.wait()
        status = self.status
        word = "running" if status is None else ("done" if status == 0 else "error")
        return Answer(stdout=f"status: {word}\n", status=1 if word == "error" else 0)
