"""A sandbox's folder: where everything of it lies, and the facts it tells others.

The folder is private (0700) because the control plane keeps its state, secrets
included, in plain files. Facts (`sandbox.json`) hold no secret.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tsalab import settings
from tsalab.errors import SandboxError
from tsalab.files import write_private

DEFAULT_NAME = "sandbox"
# Not us-east-1: there, version 1 of the AWS CLI ignores a profile's endpoint for some services
# (RDS among them; its overridesslcommonname.py) and would ask the real AWS.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")


def sandboxes() -> Path:
    """Folder that holds every sandbox of this user."""
    return settings.home() / "sandboxes"


class Folder:
    """Paths and facts of one sandbox.

    Parameters
    ----------
    name
        The sandbox's name, which is also its AWS profile's name.

    Raises
    ------
    SandboxError
        When the name cannot be a folder and a profile.
    """

    def __init__(self, name: str = DEFAULT_NAME) -> None:
        if not _NAME.fullmatch(name):
            raise SandboxError.bad_name(name)
        self.name = name
        self.root = sandboxes() / name

    def __repr__(self) -> str:
        return f"Folder({self.name!r})"

    def path(self, *parts: str) -> Path:
        """Path of something inside the folder (which need not exist)."""
        return self.root.joinpath(*parts)

    def create(self) -> None:
        """Make the folder, private."""
        sandboxes().mkdir(parents=True, exist_ok=True)
        self.root.mkdir(mode=0o700, exist_ok=True)
        self.root.chmod(0o700)

    def exists(self) -> bool:
        """Whether there is such a sandbox, running or not."""
        return self.root.is_dir()

    def delete(self) -> None:
        """Remove the folder with everything in it."""
        shutil.rmtree(self._runtime(), ignore_errors=True)
        if self.root.exists():
            shutil.rmtree(self.root)

    def _runtime(self) -> Path:
        digest = hashlib.sha256(str(self.root).encode()).hexdigest()[:10]
        return Path(tempfile.gettempdir()) / f"tsalab-{os.getuid()}-{digest}"

    @property
    def runtime(self) -> Path:
        """Short private folder for Unix sockets, whose paths may not exceed 108 bytes.

        Raises
        ------
        SandboxError
            When somebody else made a folder of that name.
        """
        path = self._runtime()
        path.mkdir(mode=0o700, exist_ok=True)
        facts = path.lstat()
        if path.is_symlink() or facts.st_uid != os.getuid():
            raise SandboxError.folder_not_ours(str(path))
        if facts.st_mode & 0o077:
            path.chmod(0o700)
        return path

    def remove_runtime(self) -> None:
        """Remove the folder of the sockets."""
        shutil.rmtree(self._runtime(), ignore_errors=True)

    def read_facts(self) -> dict[str, Any]:
        """What the supervisor last wrote to `sandbox.json`; empty when there is none."""
        return read_json(self.path("sandbox.json"))

    def write_facts(self, facts: dict[str, Any]) -> None:
        """Replace `sandbox.json` in one step. Never put a secret in it."""
        write_json(self.path("sandbox.json"), facts)

    @contextmanager
    def lock(self, name: str, *, wait: bool) -> Iterator[bool]:
        """Hold an exclusive lock file of the sandbox; the kernel frees it if we die.

        Parameters
        ----------
        name
            File name in the folder.
        wait
            Wait for the holder; otherwise yield False at once.
        """
        self.create()
        with self.path(name).open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError:
                yield False
            else:
                yield True

    def supervised(self) -> bool:
        """Whether a supervisor holds the sandbox's lock."""
        if not self.path("supervisor.lock").exists():
            return False
        with self.lock("supervisor.lock", wait=False) as free:
            return not free


def read_json(path: Path) -> dict[str, Any]:
    """Object in a JSON file; empty when there is no file."""
    try:
        value: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    return value


def write_json(path: Path, value: object) -> None:
    """Write JSON in one step, readable by us alone."""
    write_private(path, json.dumps(value, indent=1, sort_keys=True) + "\n")
