"""Whether a host is the one it says it is: by the known-hosts files, by a witness, by memory.

A key that nobody knows is accepted once at most. Where a witness can tell the host's keys over
another way than the connection itself (EC2 hands out what a machine printed on its console),
its word goes first, and is kept; only where it has nothing to say is the first key remembered,
as ``ssh`` does with ``StrictHostKeyChecking=accept-new``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import asyncssh

from tsalab.errors import CloudError, ServerError
from tsalab.files import write_private


class Origin(StrEnum):
    """Why a host key is believed."""

    KNOWN = "known-hosts"
    CONSOLE = "console-output"
    FIRST_SEEN = "first-seen"
    RUN_COMMAND = "run-command"  # AWS's agent on the machine answers; no host key is involved


@dataclass(frozen=True)
class Witness:
    """Who can tell a host's keys over another way.

    Parameters
    ----------
    machine
        Id of the machine, so that what was told of one is not believed of its successor.
    keys
        Called (on a thread) for the host's public keys in OpenSSH's form; none when nothing
        is known of them (yet). A `CloudError` counts as nothing, and is the reason.
    """

    machine: str
    keys: Callable[[], Sequence[str]]


@dataclass(frozen=True)
class Trust:
    """The key that a host proved to have, and why it is believed.

    Parameters
    ----------
    fingerprint
        Of the key, as ``ssh-keygen -l`` prints it.
    origin
        Who told it.
    reason
        Why the witness told nothing, where it refused to.
    """

    fingerprint: str
    origin: Origin
    reason: str = ""


class HostKeys(asyncssh.SSHClient):
    """Judges the host key of one connection, and remembers why it was refused.

    Parameters
    ----------
    files
        Known-hosts files; those that do not exist count as empty.
    memory
        File in which to keep what was told, or a key seen for the first time; None refuses it.
    witness
        Asked for a host that no file knows.
    """

    def __init__(self, files: Sequence[Path], memory: Path | None, witness: Witness | None = None) -> None:
        self._files, self._memory, self._witness = files, memory, witness
        self._told: list[str] = []
        self.origin: Origin | None = None
        self._trusted: list[Any] = []
        self._alias = ""
        self.reason = ""
        self.refused: Any = None

    def prepare(self, host: str, port: int | None) -> None:
        """Ask the witness, unless a file knows the host or the witness's word is kept already. Blocks."""
        if self._witness is None or self._memory is None or any(self._known(host, "", port)[:2]):
            return
        mark = f"{Origin.CONSOLE} {self._witness.machine}"
        alias = _alias(host, port)
        self._told = [line for line in _lines(self._memory, alias) if line.endswith(mark)]
        if self._told:
            return
        try:
            keys = self._witness.keys()
        except CloudError as error:
            self.reason = f"{error.what} {error.why}"
            return
        # Without the key's own comment, which is the machine's word about itself.
        self._told = [f"{alias} {' '.join(key.split()[:2])} {mark}" for key in keys]
        if self._told:
            _keep(self._memory, alias, self._told)

    def match(self, host: str, addr: str, port: int | None) -> Any:
        """Look a host up; asyncssh calls this in place of reading the files itself."""
        self._alias = _alias(host, port)
        found = self._known(host, addr, port)
        if any(found[:2]):
            self.origin = Origin.KNOWN
        elif self._told:
            found = _read(self._told).match(host, addr, port)
            self.origin = Origin.CONSOLE
        elif self._memory is not None and (lines := _lines(self._memory, self._alias)):
            found = _read(lines).match(host, addr, port)
            self.origin = Origin.FIRST_SEEN
        self._trusted = list(found[0])
        return found

    def _known(self, host: str, addr: str, port: int | None) -> Any:
        present = [str(path) for path in self._files if path.is_file()]
        return asyncssh.read_known_hosts(present).match(host, addr, port)

    def validate_host_public_key(self, host: str, addr: str, port: int, key: Any) -> bool:  # noqa: ARG002
        """Decide about a key that nobody told (asyncssh fixes the parameters)."""
        if self.origin is not None or self._memory is None:
            self.refused = key
            return False
        words = key.export_public_key("openssh").decode().split()[:2]
        _keep(self._memory, self._alias, [" ".join([self._alias, *words])])
        self.origin = Origin.FIRST_SEEN
        return True

    @property
    def kinds(self) -> list[str]:
        """Algorithms of the keys that a host is known by."""
        return [algorithm.decode() for key in self._trusted for algorithm in key.sig_algorithms]

    def trust(self, key: Any) -> Trust:
        """What a connection that was let through rests on."""
        return Trust(key.get_fingerprint(), self.origin or Origin.KNOWN, self.reason)

    def refusal(self, host: str) -> ServerError:
        """The error for a refused key."""
        fingerprint = self.refused.get_fingerprint() if self.refused is not None else "unknown"
        if self.origin is None:
            return ServerError.unknown_host_key(host, fingerprint)
        if self.origin is Origin.CONSOLE and self._witness is not None:
            told = ", ".join(key.get_fingerprint() for key in self._trusted)
            return ServerError.other_host_key(host, self._witness.machine, fingerprint, told)
        if self.origin is Origin.FIRST_SEEN:
            told = ", ".join(key.get_fingerprint() for key in self._trusted)
            return ServerError.changed_remembered_key(host, fingerprint, told, str(self._memory))
        return ServerError.changed_host_key(host, fingerprint)


def _alias(host: str, port: int | None) -> str:
    return host if port in (None, 22) else f"[{host}]:{port}"


def _lines(memory: Path, alias: str) -> list[str]:
    """What is kept of a host."""
    if not memory.is_file():
        return []
    return [line for line in memory.read_text("utf-8").splitlines() if line.split(" ", 1)[0] == alias]


def _keep(memory: Path, alias: str, lines: Sequence[str]) -> None:
    """Put lines in the place of what was kept of a host."""
    kept = memory.read_text("utf-8").splitlines() if memory.is_file() else []
    others = [line for line in kept if line.split(" ", 1)[0] != alias]
    write_private(memory, "\n".join([*others, *lines]) + "\n")


def _read(lines: Sequence[str]) -> Any:
    return asyncssh.import_known_hosts("\n".join(lines) + "\n")
