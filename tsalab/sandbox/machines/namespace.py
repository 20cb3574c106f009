"""How a program sees a machine: its own ``/opt`` where the kernel allows a mount namespace.

Three ways, tried once a process: bubblewrap, ``unshare``, and none, where the app's folder
is `$TSA_APP_DIR` and a shell function makes ``cd /opt/tsa_gallery`` lead there. The
computer's other entries of ``/opt`` stay visible: programs may live there.
"""

from __future__ import annotations

import functools
import os
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

APP = "tsa_gallery"
_OPT = Path("/opt")
# Start-up files of shells that must not be this computer's: ours, nothing.
_PROFILES = (
    ("etc/profile", "/etc/profile"),
    ("etc/bashrc", "/etc/bash.bashrc"),
    ("etc/bashrc", "/etc/bashrc"),
)

Wrapper = Callable[[Path, list[str]], list[str]]


def bubblewrap(machine: Path, argv: list[str]) -> list[str]:
    """`argv` in a mount namespace made by ``bwrap``."""
    words = ["bwrap", "--dev-bind", "/", "/", "--bind", str(machine / "opt"), "/opt"]
    for entry in _others():
        words += ["--dev-bind", str(entry), str(entry)]
    for ours, theirs in _PROFILES:
        if Path(theirs).exists():
            words += ["--ro-bind", str(machine / ours), theirs]
    return [*words, "--", *argv]


def unshare(machine: Path, argv: list[str]) -> list[str]:
    """`argv` in a mount namespace made by ``unshare``."""
    lines = ["set -e"]
    for entry in _others():
        inside = shlex.quote(str(machine / "opt" / entry.name))
        make = "mkdir -p" if entry.is_dir() else "touch"
        lines.append(f"{make} {inside}; mount --rbind {shlex.quote(str(entry))} {inside}")
    lines.append(f"mount --rbind {shlex.quote(str(machine / 'opt'))} /opt")
    for ours, theirs in _PROFILES:
        if Path(theirs).exists():
            lines.append(f"mount --bind {shlex.quote(str(machine / ours))} {theirs}")
    lines.append('exec "$@"')
    flags = "-m" if os.geteuid() == 0 else "-rm"
    return ["unshare", flags, "sh", "-c", "\n".join(lines), "sh", *argv]


def plain(_machine: Path, argv: list[str]) -> list[str]:
    """`argv` as it is: `$TSA_APP_DIR` is all there is."""
    return argv


def _others() -> list[Path]:
    """What this computer itself keeps in /opt."""
    if not _OPT.is_dir():
        return []
    return sorted(entry for entry in _OPT.iterdir() if entry.name != APP and entry.exists())


def works(wrapper: Wrapper, machine: Path) -> bool:
    """Whether a program run in this way finds the app's folder in /opt."""
    probe = wrapper(machine, ["test", "-d", str(_OPT / APP)])
    if shutil.which(probe[0]) is None:
        return False
    done = subprocess.run(probe, capture_output=True, check=False, stdin=subprocess.DEVNULL)
    return done.returncode == 0


@functools.cache
def choose(machine: Path) -> Wrapper:
    """The best way that works on this computer; tried with a machine whose /opt has the app's folder."""
    for wrapper in (bubblewrap, unshare):
        if works(wrapper, machine):
            return wrapper
    return plain


# Read by every bash, where /opt cannot be the machine's.
REDIRECT = """cd() {
    case ${1-} in
    /opt/tsa_gallery | /opt/tsa_gallery/*) builtin cd "$TSA_APP_DIR${1#/opt/tsa_gallery}" ;;
    *) builtin cd "$@" ;;
    esac
}
"""
