"""Free loopback ports, remembered, so that a resumed sandbox keeps its addresses."""

from __future__ import annotations

import os
import random
import socket
import tempfile
import threading
from pathlib import Path

import psutil

from tsalab.errors import SandboxError
from tsalab.messages import say
from tsalab.sandbox.folder import Folder, read_json, sandboxes, write_json

# Below Linux's and macOS's ephemeral ranges (from 32768 and 49152): while the sandbox is
# down, no outgoing connection can be given a port that it will want again.
LOWEST, HIGHEST = 20000, 32000


class Ports:
    """Ports of one sandbox, by key.

    Parameters
    ----------
    folder
        The sandbox, whose `ports.json` remembers them.
    """

    def __init__(self, folder: Folder) -> None:
        self._root = folder.root
        self._file = folder.path("ports.json")
        self._remembered: dict[str, int] = read_json(self._file)
        self._checked: set[str] = set()
        self._lock = threading.Lock()

    def get(self, key: str) -> int:
        """Port for a key: the one it had, else a free one.

        Raises
        ------
        SandboxError
            When the remembered port is taken by another program, which is named.
        """
        with self._lock:
            if key in self._checked:
                return self._remembered[key]
            port = self._remembered.get(key)
            if port is None:
                port = self._pick()
                self._remembered[key] = port
                write_json(self._file, self._remembered)
            elif not is_free(port):
                raise SandboxError.port_taken(port, key, holder(port))
            self._checked.add(key)
            return port

    def forget(self, key: str) -> None:
        """Give a port back, when what listened on it is gone for good."""
        with self._lock:
            self._checked.discard(key)
            port = self._remembered.pop(key, None)
            if port is not None:
                write_json(self._file, self._remembered)
                _claim_of(port).unlink(missing_ok=True)

    def forget_all(self) -> None:
        """Give every port back, when the sandbox itself goes."""
        for key in self.as_dict():
            self.forget(key)

    def as_dict(self) -> dict[str, int]:
        """Every key with its port."""
        with self._lock:
            return dict(self._remembered)

    def check(self) -> None:
        """Fail now when another program holds one of the remembered ports.

        Raises
        ------
        SandboxError
            With the port and its holder.
        """
        for key, port in self.as_dict().items():
            if not is_free(port):
                raise SandboxError.port_taken(port, key, holder(port))

    def _pick(self) -> int:
        known = {
            port for file in sandboxes().glob("*/ports.json") for port in read_json(file).values()
        } | set(self._remembered.values())
        for _ in range(1000):
            port = random.randint(LOWEST, HIGHEST)  # noqa: S311 - an address, not a secret
            if port not in known and is_free(port) and self._claim(port):
                return port
        raise SandboxError.no_free_port(LOWEST, HIGHEST)

    def _claim(self, port: int) -> bool:
        """Whether the port is ours now: a port is picked some time before something listens on it."""
        claim = _claim_of(port)
        claim.parent.mkdir(mode=0o700, exist_ok=True)
        try:
            with claim.open("x") as file:
                file.write(str(self._root))
        except FileExistsError:
            if Path(claim.read_text() or self._root).is_dir():
                return False
            claim.unlink(missing_ok=True)  # its sandbox is gone; the port is tried again another time
            return False
        return True


def _claim_of(port: int) -> Path:
    """File that says which of this user's sandboxes, in whatever home, has a port."""
    return Path(tempfile.gettempdir()) / f"tsalab-ports-{os.getuid()}" / str(port)


def is_free(port: int) -> bool:
    """Whether a server could listen on the loopback port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def holder(port: int) -> str:
    """Who listens on a port, in words ("nginx, pid 812"), as far as we may know."""
    try:
        connections = psutil.net_connections(kind="tcp")
    except psutil.AccessDenied:
        return say("sandbox.port_taken.another")
    for connection in connections:
        if connection.laddr and connection.laddr.port == port and connection.status == psutil.CONN_LISTEN:
            if connection.pid is None:
                break
            try:
                return say(
                    "sandbox.port_taken.holder",
                    name=psutil.Process(connection.pid).name(),
                    pid=connection.pid,
                )
            except psutil.NoSuchProcess:
                break
    return say("sandbox.port_taken.another")
