"""The tools that move a database, each as people use it at its fastest."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from migration.servers import PASSWORD, USER

# The fastest of what was tried on two cores with 40, 100 and 300 MB: 2 and 4 threads, whole tables
# (a third slower) or pieces of 5,000 to 200,000 rows or 16 MB, statements of 1 and 4 MB,
# transactions of 20 and 1,000 statements. Between pieces of 20,000 and 100,000 rows noise decides.
MYDUMPER = ("--threads=2", "--trx-consistency-only", "--rows=50000")
MYLOADER = ("--threads=2",)


class Failed(Exception):  # noqa: N818 - an outcome, which the table tells
    """A tool did not move the database."""


@dataclass(frozen=True)
class Way:
    """From where to where.

    Attributes
    ----------
    source, target
        Loopback ports, of the servers or of what stands before them.
    database
        The same name on both; empty on the target.
    folder
        An empty one to work in.
    """

    source: int
    target: int
    database: str
    folder: Path


def mysqldump(way: Way) -> None:
    """``mysqldump --single-transaction | mysql``, the machine's own."""
    dump = _program("mariadb-dump", "mysqldump")
    load = _program("mariadb", "mysql")
    options = _options(way.folder)
    with subprocess.Popen(
        [dump, options, *_to(way.source), "--single-transaction", way.database], stdout=subprocess.PIPE
    ) as writes:
        _run([load, options, *_to(way.target), way.database], stdin=writes.stdout)
    if writes.returncode:
        raise Failed(f"{dump} ended with status {writes.returncode}")


def mydumper(way: Way) -> None:
    """Debian's mydumper into files, then its myloader."""
    options = _options(way.folder)
    out = f"--outputdir={way.folder / 'out'}"
    who = (f"--database={way.database}", f"--user={USER}", options)
    _run([_program("mydumper"), *_to(way.source), *who, out, *MYDUMPER])
    into = f"--directory={way.folder / 'out'}"
    _run([_program("myloader"), *_to(way.target), *who, into, "--overwrite-tables", *MYLOADER])


def ours(verify: str) -> Callable[[Way], None]:
    """Our engine, in a process of its own."""

    def move(way: Way) -> None:
        script = Path(__file__).with_name("moving.py")
        command = [sys.executable, str(script), str(way.source), str(way.target), way.database, verify]
        _run(command, env=os.environ | {"BENCH_USER": USER, "BENCH_PASSWORD": PASSWORD})

    return move


CONTESTANTS: dict[str, Callable[[Way], None]] = {
    "mysqldump | mysql": mysqldump,
    "mydumper + myloader": mydumper,
    "ours": ours("full"),
    "ours, not verified": ours("none"),
}


def present() -> dict[str, Callable[[Way], None]]:
    """Those that this machine has."""
    return {
        name: move
        for name, move in CONTESTANTS.items()
        if move is not mydumper or (shutil.which("mydumper") and shutil.which("myloader"))
    }


def _program(*names: str) -> str:
    for name in names:
        if found := shutil.which(name):
            return found
    raise FileNotFoundError(f"there is no {names[0]} on this machine")


def _to(port: int) -> tuple[str, ...]:
    return ("--host=127.0.0.1", f"--port={port}")


def _options(folder: Path) -> str:
    """Option that names a file with the password: on the command line all could read it."""
    path = folder / "options"
    path.touch(mode=0o600)
    path.write_text(
        "".join(f"[{who}]\nuser={USER}\npassword={PASSWORD}\n" for who in ("client", "mydumper", "myloader")),
        encoding="utf-8",
    )
    return f"--defaults-file={path}"


def _run(command: list[str], **how: object) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, **how)  # type: ignore[call-overload]
    if done.returncode:
        raise Failed(f"{Path(command[0]).name}: {(done.stderr or done.stdout).strip()[-600:]}")
