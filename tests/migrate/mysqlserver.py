"""A real MySQL of the tests, where the machine has one; `make mysql` fetches it from Debian."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from pathlib import Path

from tsalab.sandbox.machines import datadir

FETCHED = Path(__file__).parents[2] / "build" / "mysql" / "bin" / "mysqld"
OLDEST = 8
HOW = (
    "no MySQL 8 or newer on this machine: `make mysql` fetches one (Debian's, into build/mysql), "
    "or name a mysqld in TSALAB_MYSQLD"
)
# What a migration's account may do on the target: all within the tests' databases, nothing else.
MOVER, WORD_OF_MOVER = "mover", "word of mover"


@functools.cache
def program() -> Path | None:
    """The MySQL server to test with: the one named, the machine's own, the fetched one."""
    if named := os.environ.get("TSALAB_MYSQLD"):
        return Path(named)  # taken at its word: a name that is wrong shall be seen
    found = shutil.which("mysqld") or shutil.which("mysqld", path="/usr/sbin:/usr/local/sbin")
    return next((path for path in (found and Path(found), FETCHED) if path and is_mysql(path)), None)


def is_mysql(path: Path) -> bool:
    """Whether a program is a MySQL server that is new enough; MariaDB answers to the name too."""
    if not path.exists():
        return False
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout
    words = said.split()
    version = words[words.index("Ver") + 1] if "Ver" in words[:-1] else ""
    return "MariaDB" not in said and int(version.partition(".")[0] or 0) >= OLDEST


def mover(*databases: str) -> list[str]:
    """Statements that make the account; databases may hold wildcards, as GRANT has them."""
    return [
        f"CREATE USER '{MOVER}'@'localhost' IDENTIFIED BY '{WORD_OF_MOVER}'",
        *(f"GRANT ALL ON `{database}`.* TO '{MOVER}'@'localhost'" for database in databases),
    ]


def initialise(server: Path, folder: Path) -> None:
    """Make a MySQL data folder, ``folder/data``, whose root has no password yet."""
    subprocess.run(
        [
            server,
            "--no-defaults",
            "--initialize-insecure",
            *datadir.as_user(),
            f"--datadir={folder / 'data'}",
            f"--log-error={folder / 'log'}",
            "--innodb-use-native-aio=0",
            "--innodb-redo-log-capacity=16M",
        ],
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def argv(server: Path, folder: Path, port: int, first: Path) -> list[str]:
    """Command that starts it on one loopback port, small, and like Aurora without a binary log."""
    return [
        str(server),
        "--no-defaults",
        *datadir.as_user(),
        f"--datadir={folder / 'data'}",
        f"--socket={folder / 's'}",
        f"--port={port}",
        "--bind-address=127.0.0.1",
        "--mysqlx=OFF",
        "--secure-file-priv=NULL",  # no files of the server, as on Aurora
        f"--init-file={first}",
        "--character-set-server=utf8mb4",
        "--local-infile=ON",
        "--skip-log-bin",
        "--max-allowed-packet=4M",
        "--performance-schema=OFF",
        "--innodb-use-native-aio=0",
        "--innodb-buffer-pool-size=64M",
        "--innodb-redo-log-capacity=64M",
        f"--log-error={folder / 'log'}",
    ]
