"""What this machine must have before a sandbox can start; told before anything is started."""

from __future__ import annotations

import shutil
from collections.abc import Callable

from tsalab.errors import SandboxError
from tsalab.messages import say

# Program names; what each is and how to get it stands under sandbox.tool and the first of them.
PROGRAMS = (
    ("git",),
    ("ssh",),
    ("bash",),
    ("mariadbd", "mysqld"),
    ("mariadb-dump", "mysqldump"),
    ("node",),
    ("npm",),
)
# Debian keeps server programs where a user's PATH does not look.
ALSO = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin", "/usr/local/bin")


def tools() -> list[tuple[tuple[str, ...], str, str]]:
    """Program names, what it is, how to get it."""
    return [
        (names, say(f"sandbox.tool.{names[0]}.is"), say(f"sandbox.tool.{names[0]}.install"))
        for names in PROGRAMS
    ]


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
    for names, what, install in tools():
        if names[0] not in {"mariadbd", "node", "npm"} and find(*names) is None:
            raise SandboxError.tool_missing(names[0], what, install)
