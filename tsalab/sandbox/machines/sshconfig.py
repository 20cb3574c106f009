"""What an ordinary ``ssh`` needs to reach the web servers: `ssh/config` and `ssh/known_hosts`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tsalab.files import write_private
from tsalab.sandbox.folder import Folder


@dataclass(frozen=True)
class Host:
    """A web server as ssh knows it."""

    names: tuple[str, ...]
    port: int
    key_name: str | None
    host_key: str


def write(folder: Folder, user: str, hosts: Iterable[Host]) -> None:
    """Replace both files.

    Parameters
    ----------
    folder
        The sandbox.
    user
        The login name.
    hosts
        Every server that runs.
    """
    known = folder.path("ssh", "known_hosts")
    config, keys = [], []
    for host in hosts:
        lines = [
            f"Host {' '.join(host.names)}",
            "HostName 127.0.0.1",
            f"Port {host.port}",
            f"User {user}",
            f"UserKnownHostsFile {_quoted(known)}",
            "GlobalKnownHostsFile /dev/null",
            "StrictHostKeyChecking yes",
            "IdentitiesOnly yes",
            "PasswordAuthentication no",
        ]
        if host.key_name is not None:
            lines.insert(4, f"IdentityFile {_quoted(folder.path('ssh', f'{host.key_name}.pem'))}")
        config.append("\n  ".join(lines) + "\n")
        keys.append(f"[127.0.0.1]:{host.port} {host.host_key}\n")
    write_private(known, "".join(keys))
    write_private(folder.path("ssh", "config"), "\n".join(config))


def _quoted(path: Path) -> str:
    return '"' + str(path).replace("%", "%%") + '"'
