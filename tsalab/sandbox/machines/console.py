"""What a machine prints on its serial console, which EC2 hands out as its console output.

The block of host keys has the form in which cloud-init's `write-ssh-key-fingerprints` prints it,
and like there it is printed at an instance's first start alone: after a stop and a start the
output begins anew, without it.
"""

from __future__ import annotations

import time
from pathlib import Path

from tsalab.files import write_private
from tsalab.sandbox.machines.machine import Machine

_LOG = ("var", "log", "console.log")
_MOST = 64 * 1024  # bytes that EC2 keeps


def booted(machine: Machine, host_key: str | None) -> None:
    """Begin the output anew, as a start does.

    Parameters
    ----------
    machine
        The machine.
    host_key
        Its public key, as the first start prints it; None at a later one.
    """
    at = time.gmtime()
    lines = [
        "Amazon Linux 2023",
        f"{machine.hostname} login: ",
        f"cloud-init[1]: Cloud-init finished at {time.strftime('%a, %d %b %Y %H:%M:%S +0000', at)}.",
    ]
    if host_key is not None:
        lines += [
            "-----BEGIN SSH HOST KEY KEYS-----",
            f"{host_key} root@{machine.hostname}",
            "-----END SSH HOST KEY KEYS-----",
        ]
    # A serial console ends its lines like a typewriter.
    write_private(machine.root.joinpath(*_LOG), "\r\n".join([*lines, ""]))


def output(machine_root: Path) -> tuple[str, float] | None:
    """A machine's output and when it was written, in seconds since 1970; None when there is none.

    Parameters
    ----------
    machine_root
        Its folder.
    """
    log = machine_root.joinpath(*_LOG)
    try:
        return log.read_bytes()[-_MOST:].decode("utf-8", "replace"), log.stat().st_mtime
    except FileNotFoundError:
        return None
