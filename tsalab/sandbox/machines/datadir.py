"""An empty MariaDB data folder, made once a server version and copied from then on.

``mariadb-install-db`` takes 0.5 to 3.7 s; a sparse copy of what it made takes 0.05.
"""

from __future__ import annotations

import fcntl
import functools
import hashlib
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

from tsalab import settings
from tsalab.errors import SandboxError
from tsalab.messages import say
from tsalab.sandbox import requirements
from tsalab.sandbox.machines import programs

# The prepared folder is made with these and every server is started with them.
LAYOUT = ("--innodb-log-file-size=8M", "--innodb-buffer-pool-size=16M", "--innodb-use-native-aio=0")
_HOLE = 64 * 1024


def prepared() -> Path:
    """Folder to copy; it is made on first use, by one process only.

    Raises
    ------
    SandboxError
        When there is no MariaDB, or it cannot make the folder.
    """
    digest = _digest()
    home = settings.cache() / "mariadb"
    home.mkdir(parents=True, exist_ok=True)
    made = home / digest
    if made.is_dir():
        return made
    with (home / f"{digest}.lock").open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if not made.is_dir():
            with tempfile.TemporaryDirectory(dir=home, prefix=f"{digest}.") as work:
                _install(Path(work) / "data")
                (Path(work) / "data").rename(made)
    return made


@functools.cache
def _digest() -> str:
    """What tells prepared folders apart: the server's version and the layout's options."""
    said = subprocess.run([programs.mariadbd(), "--version"], capture_output=True, text=True, check=False)
    return hashlib.sha256(" ".join((said.stdout, *LAYOUT)).encode()).hexdigest()[:16]


def as_user() -> list[str]:
    """Option with which mariadbd consents to run as root, when we are root."""
    return [f"--user={pwd.getpwuid(os.getuid()).pw_name}"] if os.geteuid() == 0 else []


def _install(data: Path) -> None:
    program = requirements.find("mariadb-install-db", "mysql_install_db")
    if program is None:
        raise SandboxError.tool_missing(
            "mariadb-install-db", say("sandbox.needs.whole_mariadb"), say("sandbox.install.whole_mariadb")
        )
    done = subprocess.run(
        [
            program,
            "--no-defaults",
            *as_user(),
            f"--datadir={data}",
            f"--tmpdir={data.parent}",  # in a shared one, two of them meet
            "--auth-root-authentication-method=normal",  # replaced before the first connection
            "--skip-test-db",
            "--skip-name-resolve",
            *LAYOUT,
        ],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode != 0 or not (data / "mysql").is_dir():
        raise SandboxError.database_not_prepared((done.stderr or done.stdout).strip()[-600:])


def copy(source: Path, target: Path) -> None:
    """Copy a data folder, leaving holes where there are only zeros.

    Parameters
    ----------
    source
        Data folder of a server that is down, or frozen.
    target
        Folder that does not exist yet; it appears when it is complete.
    """
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".copy-") as work:
        made = Path(work) / "data"
        shutil.copytree(source, made, copy_function=_copy_file, ignore=_left_out)
        made.chmod(0o700)
        made.rename(target)


def _left_out(_folder: str, names: list[str]) -> set[str]:
    return {name for name in names if name.endswith(".pid") or name.startswith("ibtmp")}


def _copy_file(source: str, target: str) -> None:
    nothing = bytes(_HOLE)
    with Path(source).open("rb", buffering=0) as read, Path(target).open("wb", buffering=0) as write:
        size = 0
        while block := read.read(_HOLE):
            size += len(block)
            if block == nothing[: len(block)]:
                write.seek(size)
            else:
                write.write(block)
        write.truncate(size)
