"""Node.js packages of a lock file, installed once on this computer and linked ever after."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from tsalab import settings
from tsalab.errors import SandboxError
from tsalab.sandbox.machines import programs

_MANIFESTS = ("package.json", "package-lock.json")


def place(lock_folder: Path) -> Path:
    """Where `ensure` puts the packages of a folder, whether they are there yet or not.

    Raises
    ------
    SandboxError
        When the folder has no lock file.
    """
    lock = lock_folder / "package-lock.json"
    try:
        content = lock.read_bytes()
    except FileNotFoundError:
        raise SandboxError.no_lock_file(str(lock_folder)) from None
    # Native modules (sharp) differ between platforms and majors of Node.js.
    kind = f"{os.uname().sysname}-{os.uname().machine}"
    digest = hashlib.sha256(content + kind.encode()).hexdigest()[:20]
    return settings.cache() / "node" / digest / "node_modules"


def ensure(lock_folder: Path) -> Path:
    """``node_modules`` for a lock file, by ``npm ci --omit=dev`` the first time.

    Parameters
    ----------
    lock_folder
        Folder with `package.json` and `package-lock.json`.

    Returns
    -------
    pathlib.Path
        A shared `node_modules`: link it, never change it.

    Raises
    ------
    SandboxError
        When there is no lock file, no Node.js, or npm fails (with what it said).
    """
    modules = place(lock_folder)
    if modules.is_dir():
        return modules
    home = modules.parent
    home.parent.mkdir(parents=True, exist_ok=True)
    with (home.parent / f"{home.name}.lock").open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # another process may be at it: wait, then find it done
        if not modules.is_dir():
            _install(lock_folder, home)
    return modules


def _install(lock_folder: Path, home: Path) -> None:
    node = programs.node()
    with tempfile.TemporaryDirectory(dir=home.parent, prefix=f"{home.name}.") as work:
        for name in _MANIFESTS:
            shutil.copyfile(lock_folder / name, Path(work) / name)
        env = {key: value for key, value in os.environ.items() if key != "NODE_OPTIONS"}
        env["PATH"] = f"{node.node.parent}{os.pathsep}{env.get('PATH', os.defpath)}"
        done = subprocess.run(
            [*node.npm, "ci", "--omit=dev", "--no-audit", "--no-fund", "--loglevel=error"],
            cwd=work,
            env=env,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        if done.returncode != 0 or not (Path(work) / "node_modules").is_dir():
            raise SandboxError.npm_failed(str(lock_folder), done.stderr.strip()[-800:])
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir()
        (Path(work) / "node_modules").rename(home / "node_modules")
