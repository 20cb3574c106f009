"""``systemctl`` for a web server's one unit, `mariadb`, as systemd 252 answers.

Whether a unit is enabled outlives the machine's restarts; whether it is active does not.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tsalab.errors import SandboxError
from tsalab.sandbox.folder import read_json, write_json
from tsalab.sandbox.machines.mariadb import MariaDB

_ALIASES = {"mariadb", "mysql", "mysqld"}
_WANTS = "/etc/systemd/system/multi-user.target.wants/mariadb.service"
_UNIT = "/usr/lib/systemd/system/mariadb.service"
_TITLE = "MariaDB 10.5 database server"
_CHANGES = {"start", "stop", "restart", "reload", "try-restart", "enable", "disable", "daemon-reload"}


@dataclass
class Answer:
    """What a program of the machine prints, and its exit status."""

    stdout: str = ""
    stderr: str = ""
    status: int = 0


class Units:
    """The units of one machine.

    Parameters
    ----------
    mariadb
        The server behind the unit. It may run before the unit is active: the machine starts
        it while it boots, so that the first ``systemctl start`` need not wait.
    state
        File that remembers what is enabled.
    """

    def __init__(self, mariadb: MariaDB, state: Path) -> None:
        self._mariadb, self._state = mariadb, state
        self.active = False
        self._since = time.time()

    @property
    def enabled(self) -> bool:
        """Whether the unit starts with the machine."""
        return bool(read_json(self._state).get("mariadb", False))

    async def boot(self) -> None:
        """Start what is enabled."""
        if self.enabled:
            await self._start()

    async def systemctl(self, user: str, words: Sequence[str]) -> Answer:
        """Answer a command line."""
        flags = {word for word in words if word.startswith("-")}
        action, *names = [word for word in words if not word.startswith("-")] or [""]
        if action == "daemon-reload":
            return _refused(action, "") if user != "root" else Answer()
        verb = self._verbs().get(action)
        if verb is None:
            return Answer(
                stderr=f"Unknown command verb '{action}': the sandbox does not have it.\n", status=1
            )
        if not names:
            return Answer(stderr="Too few arguments.\n", status=1)
        total = Answer()
        for name in names:
            answer = await self._one(user, action, verb, name.removesuffix(".service"), flags)
            total.stdout += answer.stdout
            total.stderr += answer.stderr
            total.status = answer.status or total.status
        if "--quiet" in flags or "-q" in flags:
            total.stdout = ""
        return total

    def _verbs(self) -> dict[str, Callable[[bool], Awaitable[Answer]]]:
        return {
            "start": self._do_start,
            "stop": self._do_stop,
            "restart": self._do_restart,
            "reload": self._do_nothing,
            "try-restart": self._do_try_restart,
            "enable": self._do_enable,
            "disable": self._do_disable,
            "status": self._do_status,
            "is-active": self._do_is_active,
            "is-enabled": self._do_is_enabled,
            "is-failed": self._do_is_failed,
        }

    async def _one(
        self, user: str, action: str, verb: Callable[[bool], Awaitable[Answer]], name: str, flags: set[str]
    ) -> Answer:
        if name not in _ALIASES:
            return _unknown(action, name)
        if action in _CHANGES and user != "root":
            return _refused(action, name)
        return await verb("--now" in flags)

    async def _start(self) -> None:
        await self._mariadb.start()
        if not self.active:
            self._since = time.time()
        self.active = True

    async def _do_start(self, _now: bool) -> Answer:
        try:
            await self._start()
        except SandboxError as error:
            self.active = False
            text = (
                "Job for mariadb.service failed because the control process exited with error code.\n"
                'See "systemctl status mariadb.service" and "journalctl -xeu mariadb.service" for details.\n'
                f"{error.why}\n"
            )
            return Answer(stderr=text, status=1)
        return Answer()

    async def _do_stop(self, _now: bool) -> Answer:
        if self.active:
            self._since = time.time()
        self.active = False
        await self._mariadb.stop()
        return Answer()

    async def _do_restart(self, now: bool) -> Answer:
        await self._do_stop(now)
        return await self._do_start(now)

    async def _do_try_restart(self, now: bool) -> Answer:
        return await self._do_restart(now) if self._up else Answer()

    async def _do_nothing(self, _now: bool) -> Answer:
        return Answer()

    async def _do_enable(self, now: bool) -> Answer:
        said = ""
        if not self.enabled:
            write_json(self._state, {"mariadb": True})
            links = ("/etc/systemd/system/mysql.service", "/etc/systemd/system/mysqld.service", _WANTS)
            said = "".join(f"Created symlink {link} → {_UNIT}.\n" for link in links)
        answer = await self._do_start(now) if now else Answer()
        return Answer(stdout=answer.stdout, stderr=said + answer.stderr, status=answer.status)

    async def _do_disable(self, now: bool) -> Answer:
        said = ""
        if self.enabled:
            write_json(self._state, {"mariadb": False})
            links = (_WANTS, "/etc/systemd/system/mysqld.service", "/etc/systemd/system/mysql.service")
            said = "".join(f'Removed "{link}".\n' for link in links)
        if now:
            await self._do_stop(now)
        return Answer(stderr=said)

    @property
    def _up(self) -> bool:
        return self.active and self._mariadb.running

    def _word(self) -> str:
        if self._up:
            return "active"
        return "failed" if self.active or self._mariadb.failed else "inactive"

    async def _do_is_active(self, _now: bool) -> Answer:
        return Answer(stdout=f"{self._word()}\n", status=0 if self._up else 3)

    async def _do_is_failed(self, _now: bool) -> Answer:
        word = self._word()
        return Answer(stdout=f"{word}\n", status=0 if word == "failed" else 1)

    async def _do_is_enabled(self, _now: bool) -> Answer:
        return Answer(stdout="enabled\n" if self.enabled else "disabled\n", status=0 if self.enabled else 1)

    async def _do_status(self, _now: bool) -> Answer:
        enabled = "enabled" if self.enabled else "disabled"
        since = time.strftime("%a %Y-%m-%d %H:%M:%S UTC", time.gmtime(self._since))
        ago = f"{int(time.time() - self._since)}s ago"
        word = self._word()
        mark, state = {
            "active": ("●", f"active (running) since {since}; {ago}"),
            "failed": ("×", f"failed (Result: exit-code) since {since}; {ago}"),
            "inactive": ("○", f"inactive (dead) since {since}; {ago}"),
        }[word]
        lines = [
            f"{mark} mariadb.service - {_TITLE}",
            f"     Loaded: loaded ({_UNIT}; {enabled}; preset: disabled)",
            f"     Active: {state}",
        ]
        if self._up:
            lines += [
                f"   Main PID: {self._mariadb.pid} (mariadbd)",
                '     Status: "Taking your SQL requests now..."',
            ]
        return Answer(stdout="\n".join(lines) + "\n", status=0 if self._up else 3)


def stops(words: Sequence[str]) -> bool:
    """Whether a command line of ``systemctl`` stops what runs, for a moment or for good."""
    given = set(words)
    return bool(given & {"stop", "restart", "try-restart"}) or given >= {"disable", "--now"}


def _unknown(action: str, name: str) -> Answer:
    unit = f"{name}.service"
    if action == "status":
        return Answer(stderr=f"Unit {unit} could not be found.\n", status=4)
    if action == "is-active":
        return Answer(stdout="inactive\n", status=3)
    if action == "is-failed":
        return Answer(stdout="inactive\n", status=1)
    if action == "is-enabled":
        return Answer(
            stderr=f"Failed to get unit file state for {unit}: No such file or directory\n", status=1
        )
    if action in {"enable", "disable"}:
        return Answer(stderr=f"Failed to {action} unit: Unit file {unit} does not exist.\n", status=1)
    return Answer(stderr=f"Failed to {action} {unit}: Unit {unit} not found.\n", status=5)


def _refused(action: str, name: str) -> Answer:
    what = f"{name}.service" if action not in {"enable", "disable", "daemon-reload"} else "unit"
    return Answer(stderr=f"Failed to {action} {what}: Access denied\n", status=4)
