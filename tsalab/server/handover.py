"""One version of the application takes over from another on the same port, within milliseconds.

A version whose `bin/www.js` knows the file ``standby`` connects to its database, writes its
process id into the file, and listens when the file is gone. So whoever moves the gallery
starts the new version beside the old one, ends the old one, and removes the file when the
new one may serve: what stands between the two is one removal of a file.
"""

from __future__ import annotations

import secrets
import shlex
from collections.abc import Callable, Sequence
from dataclasses import replace

from tsalab.server import app
from tsalab.server.app import FOLDER, Process
from tsalab.server.binlog import Position
from tsalab.server.connection import Server

FILE = "standby"
_PATH = f"{FOLDER}/{FILE}"
_OWNER = f"{FOLDER}/.git/{FILE}-owner"  # where git does not see it
_WAITING = "waiting"
_LOOK = 0.1  # seconds between two looks at the file
_GRACE = 1  # seconds to answer what was asked; a visitor who takes longer has to ask again
# One that has ended and that nobody has asked for its status is a zombie, and answers to kill -0.
_ALIVE = (
    "alive() { if [ -r /proc/$1/stat ]; then read -r x x s x < /proc/$1/stat 2>/dev/null && "
    '[ "$s" != Z ]; else kill -0 $1 2>/dev/null; fi; }; '
)


def knows(script: str) -> bool:
    """Whether the text of a `bin/www.js` knows the file."""
    return f"'{FILE}'" in script


def claim(server: Server) -> str:
    """Be the only one whose `take_over` lets go from now on; returns the token for it.

    A command outlives the connection that sent it: one of a program that was killed must
    not end what another has begun to take back.
    """
    token = secrets.token_hex(8)
    server.run(f'echo {token} > "{_OWNER}"', root=True)
    return token


def bar(server: Server) -> None:
    """Make the file: from now on a version that starts stands by."""
    server.run(f'echo {_WAITING} > "{_PATH}"', root=True)


def barred(server: Server) -> bool:
    """Whether the file is there."""
    return server.run(f'[ -e "{_PATH}" ]', root=True, check=False).status == 0


def standing_by(server: Server, patience: float = 0.0) -> int | None:
    """Process id of the version that stands by, connected to its database; None when there is none.

    Parameters
    ----------
    patience
        Seconds to wait for it, on the server: to ask again and again would cost the visitors more.
    """
    line = (
        f"{_ALIVE}n={max(0, round(patience / _LOOK))}; while :; do p=; "
        f'{{ read -r p < "{_PATH}"; }} 2>/dev/null; '
        'case "$p" in ""|*[!0-9]*) ;; *) if alive $p; then echo $p; break; fi ;; esac; '
        f"[ $n -gt 0 ] || break; n=$((n-1)); sleep {_LOOK}; done"
    )
    said = server.run(line, root=True, check=False).stdout.strip()
    return int(said) if said else None


def end(server: Server, processes: Sequence[Process]) -> None:
    """End versions of the application, monitors and all; they answer first what they were asked.

    Parameters
    ----------
    processes
        Rows of ``forever list``.
    """
    if line := _ending(processes):
        server.run(line, root=True)


def _ending(processes: Sequence[Process]) -> str:
    """The command line for it, empty where there is nothing to end."""
    keepers = " ".join(str(each.keeper) for each in processes if each.keeper)
    pids = " ".join(str(each.pid) for each in processes if each.pid)
    # The monitor first and at once: it would start its program again.
    lines = [f"kill -KILL {keepers} 2>/dev/null; "] if keepers else []
    if pids:
        lines += [
            f"kill -TERM {pids} 2>/dev/null; n=0; {_ALIVE}for p in {pids}; do while alive $p; do ",
            f"n=$((n+1)); [ $n -lt {_GRACE * 100} ] || kill -KILL $p; sleep 0.01; done; done; ",
        ]
    return "".join(lines)


def again(server: Server, processes: Sequence[Process]) -> list[Process] | None:
    """Rows of an earlier ``forever list`` as they are now, read from their monitors' children.

    To ask forever itself takes a Node.js that visitors have to wait for.

    Returns
    -------
    list of Process or None
        None when a monitor has gone, or has not one child: forever has to be asked.
    """
    if not all(each.keeper for each in processes):
        return None
    keepers = " ".join(str(each.keeper) for each in processes)
    line = (
        f"for k in {keepers}; do echo $k "
        '$(grep -l "^PPid:[[:space:]]*$k\\$" /proc/[0-9]*/status 2>/dev/null | tr -dc "0-9\\n"); done'
    )
    rows = [row.split() for row in server.run(line, root=True).stdout.splitlines()]
    if any(len(row) != 2 for row in rows):
        return None
    pids = {int(keeper): int(pid) for keeper, pid in rows}
    return [replace(each, pid=pids[each.keeper or 0]) for each in processes]


def take_over(server: Server, old: Sequence[Process], at: Position, token: str) -> Position:
    """End the old version; let the new one listen if nothing was written after a position.

    Parameters
    ----------
    old
        Rows of ``forever list``; none when it has ended already.
    at
        Up to where the new version's database has everything.
    token
        As `claim` gave it.

    Returns
    -------
    Position
        Where the log stands with nobody left to write. If it is not `at`, the new version
        stands by still.
    """
    here = shlex.quote(f"{at.file} {at.offset}")
    line = (
        f"{_ending(old)}mysql -N -B -e 'SHOW MASTER STATUS' | {{ read -r file offset rest; "
        f'[ "$file $offset" = {here} ] && read -r owner < "{_OWNER}" && [ "$owner" = {token} ] && '
        f'rm -f "{_PATH}"; echo "$file $offset"; }}'
    )
    file, offset = server.run(line, root=True).stdout.split()
    return Position(file, int(offset))


def let_go(server: Server) -> None:
    """Remove the file: whoever stands by listens."""
    server.run(f'rm -f "{_PATH}"', root=True)


def go_to(server: Server, commit: str) -> None:
    """Check out a commit that the server's clone holds, on its branch; what runs is not touched."""
    server.run(f'cd "{FOLDER}" && git reset --quiet --hard {shlex.quote(commit)}', root=True)


def others(server: Server, kept: Sequence[str]) -> list[Process]:
    """Rows of ``forever list`` that are the application's, without those of some uids."""
    return [each for each in app.processes(server) if app.is_app(each) and each.uid not in kept]


def start(server: Server, on_output: Callable[[str], None] | None = None) -> None:
    """``forever start`` of what is checked out."""
    app.start(server, on_output=on_output)
