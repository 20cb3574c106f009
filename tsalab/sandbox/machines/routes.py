"""Where a name and port inside the sandbox's network really are on loopback.

A route is written to `routes.json`, one route a line, so that the shims (which are ``sh``)
can read it with ``sed`` and the Node.js preload with ``JSON.parse``.
"""

from __future__ import annotations

import threading
from pathlib import Path

from tsalab.sandbox.folder import read_json, write_json

Address = tuple[str, int]


class Routes:
    """Routes of one network, kept in a file.

    Parameters
    ----------
    file
        JSON object ``{"name:port": "host:port"}``; made on the first `set`.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self._lock = threading.Lock()
        self._known: dict[str, str] = read_json(file)
        if not self._known:
            write_json(file, {})

    def set(self, host: str, port: int, to_host: str, to_port: int) -> None:
        """Send what is meant for ``host:port`` to ``to_host:to_port``."""
        with self._lock:
            self._known[_key(host, port)] = f"{to_host}:{to_port}"
            write_json(self.file, self._known)

    def remove(self, host: str, port: int | None = None) -> None:
        """Forget a route, or every route of a host; unknown ones are no error."""
        with self._lock:
            gone = [
                key
                for key in self._known
                if (key == _key(host, port) if port is not None else key.rpartition(":")[0] == host.lower())
            ]
            for key in gone:
                del self._known[key]
            if gone:
                write_json(self.file, self._known)

    def resolve(self, host: str, port: int) -> Address | None:
        """Real address of ``host:port``, or None when there is no such route."""
        with self._lock:
            found = self._known.get(_key(host, port))
        if found is None:
            return None
        to_host, _, to_port = found.rpartition(":")
        return to_host, int(to_port)


def _key(host: str, port: int) -> str:
    return f"{host.lower().rstrip('.')}:{port}"
