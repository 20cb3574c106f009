"""The application on the web server, the lab's way: git and forever, as root.

Its folder is /opt/tsa_gallery; a machine that cannot have that path (a sandbox without
mount namespaces) exports ``TSA_APP_DIR``, so the machine is asked.
"""

from __future__ import annotations

import re
import secrets
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tsalab.errors import ServerError
from tsalab.server import failures
from tsalab.server.connection import Server
from tsalab.server.execution import Result

FOLDER = "${TSA_APP_DIR:-/opt/tsa_gallery}"
START_SCRIPT = "./bin/www.js"
_FOREVER_ROOT = "${FOREVER_ROOT:-$HOME/.forever}"  # where forever keeps a user's list

_LIST = "forever list"
_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_ROW = re.compile(
    r"^\[\d+\]\s+(?P<uid>\S+)\s+(?P<command>.*?)\s+(?P<forever>\d+|null|-)\s+(?P<pid>\d+|null|-)\s+"
    r"(?:\S+\s+)?(?P<log>\S+\.log)\s+(?P<uptime>\S+)$"
)


@dataclass(frozen=True)
class Commit:
    """The application's version on the server."""

    hash: str
    time: str
    subject: str


@dataclass(frozen=True)
class Process:
    """One row of `forever list`.

    Attributes
    ----------
    uid
        forever's own name of it.
    script
        The script that it runs.
    pid
        Its process id; None while it is stopped.
    uptime
        Seconds since it (re)started; None while it is stopped.
    log
        Path of its log.
    keeper
        Process id of the monitor that starts it again when it ends; None without one.
    """

    uid: str
    script: str
    pid: int | None
    uptime: float | None
    log: str
    keeper: int | None = None


def folder(server: Server) -> str:
    """Where the application is on this machine."""
    return server.run(f'printf %s "{FOLDER}"', root=True).stdout.strip()


def head(server: Server) -> Commit:
    """The commit that the server has checked out.

    Raises
    ------
    ServerError
        When there is no application, or it is no git clone.
    """
    line = f'cd "{FOLDER}" && git log -1 --format=%H%x09%cI%x09%s'
    result = server.run(line, root=True, check=False)
    parts = result.stdout.strip().split("\t", 2)
    if result.status != 0 or len(parts) != 3:
        raise ServerError.no_app(server.host, FOLDER, failures.tail(result.stderr or result.stdout))
    return Commit(*parts)


def has_commit(server: Server, commit: str) -> bool:
    """Whether the server's clone holds a commit, checked out or not."""
    line = f'cd "{FOLDER}" && git cat-file -e {shlex.quote(commit)}'
    return server.run(line, root=True, check=False).status == 0


def pull(
    server: Server,
    login: tuple[str, str] | None = None,
    on_output: Callable[[str], None] | None = None,
) -> Commit:
    """Step 27's ``git pull``; returns the commit afterwards.

    Parameters
    ----------
    login
        Git user name and password for CodeCommit, typed only if git asks.
    on_output
        Called with output as it comes.
    """
    prompts = {r"Username for .*: ?$": login[0], r"Password for .*: ?$": login[1]} if login else None
    server.run(f'cd "{FOLDER}" && git pull', root=True, prompts=prompts, on_output=on_output)
    return head(server)


def read(server: Server, path: str) -> str:
    """Text of one of the application's files, e.g. ``utils/config.js``."""
    return server.run(f'cat "{FOLDER}"/{path}', root=True).stdout


def read_at(server: Server, commit: str, paths: Sequence[str]) -> list[str] | None:
    """Texts of files as a commit of the application holds them; None when it has not all of them.

    Parameters
    ----------
    commit
        One that HEAD's history may hold.
    paths
        Relative to the application's folder.
    """
    mark = secrets.token_hex(8)
    at = shlex.quote(commit)
    shows = " && ".join(f"git show {at}:{shlex.quote(path)} && echo {mark}" for path in paths)
    line = f'cd "{FOLDER}" && git merge-base --is-ancestor {at} HEAD && {shows}'
    result = server.run(line, root=True, check=False)
    return result.stdout.split(f"{mark}\n")[:-1] if result.status == 0 else None


def changed(server: Server) -> bool:
    """Whether a file of the application that git follows differs from the commit checked out."""
    line = f'cd "{FOLDER}" && git diff --quiet HEAD'
    return server.run(line, root=True, check=False).status != 0


def go_back(
    server: Server, commit: str, keep: str, on_output: Callable[[str], None] | None = None
) -> list[str]:
    """Bring the application's files to an earlier commit.

    What only this machine has is kept: changed files in git's stash, commits on a branch.

    Parameters
    ----------
    commit
        One of HEAD's history.
    keep
        Name of what is kept.
    on_output
        Called with output as it comes.

    Returns
    -------
    list of str
        What was kept: ``stash`` or ``branch``.
    """
    name, who = shlex.quote(keep), "-c user.name=tsalab -c user.email=tsalab@tsalab.example"
    line = (
        f'cd "{FOLDER}" || exit 1; '
        f"git diff --quiet HEAD || {{ git {who} stash push --quiet -m {name} && echo stash; }} || exit 1; "
        "git merge-base --is-ancestor HEAD '@{u}' || { "
        f"{{ git branch {name} 2>/dev/null || git branch {name}-$(git rev-parse --short HEAD); }} "
        "&& echo branch || exit 1; }; "
        f"git reset --quiet --hard {shlex.quote(commit)}"
    )
    return server.run(line, root=True, on_output=on_output).stdout.split()


def log_tail(server: Server, lines: int = 40) -> list[str]:
    """Last lines of the newest log that forever keeps of an app, oldest first; none when there is no log."""
    newest = 'ls -t "${FOREVER_ROOT:-$HOME/.forever}"/*.log 2>/dev/null | head -n 1'
    found = server.run(f'log=$({newest}); [ -z "$log" ] || tail -n {lines} "$log"', root=True).stdout
    return found.splitlines()


def restart(server: Server, on_output: Callable[[str], None] | None = None) -> Result:
    """Stop every app and start ours."""
    stop_all(server, on_output)
    return start(server, on_output)


def stop_all(server: Server, on_output: Callable[[str], None] | None = None) -> Result:
    """Step 27's ``forever stopall``."""
    return server.run(f'cd "{FOLDER}" && forever stopall', root=True, on_output=on_output)


def start(server: Server, on_output: Callable[[str], None] | None = None) -> Result:
    """Step 28's ``forever start ./bin/www.js``. Twice makes two processes: `stop_all` first."""
    return server.run(f'cd "{FOLDER}" && forever start {START_SCRIPT}', root=True, on_output=on_output)


@dataclass(frozen=True)
class Start:
    """Where and when a process was started.

    Attributes
    ----------
    folder
        That it was started in; empty when the process is gone.
    wanted
        The application's folder.
    before_pull
        Whether the application's commit changed after it.
    """

    folder: str
    wanted: str
    before_pull: bool


def is_app(process: Process) -> bool:
    """Whether a row of `forever list` is the application's."""
    return process.script.endswith("www.js")


def started(server: Server, process: Process) -> Start:
    """Where and when a process of `forever list` was started, by the web server's own clock."""
    result = server.run(
        f'cd "{FOLDER}" && pwd -P; readlink /proc/{process.pid or 0}/cwd || echo; '
        "git log -g -1 --format=%gd --date=unix; date +%s",
        root=True,
        check=False,
    )
    wanted, where, moved, now = [*result.stdout.splitlines(), "", "", "", ""][:4]
    at = re.search(r"\d+", moved)
    began = float(now or 0) - (process.uptime or 0.0)
    return Start(where or wanted, wanted, at is not None and began < float(at[0]))


def restart_all(server: Server, on_output: Callable[[str], None] | None = None) -> Result:
    """``forever restartall``: what runs starts again on the code that is there now, in one command."""
    return server.run(f'cd "{FOLDER}" && forever restartall', root=True, on_output=on_output)


def processes(server: Server) -> list[Process]:
    """Step 28's ``forever list``, read.

    Raises
    ------
    ServerError
        When a row cannot be read.
    """
    return parse_list(server.run(f"{_LIST} --plain", root=True).stdout, server.host)


def processes_of_login(server: Server) -> list[Process]:
    """The same of the login's own list, where it has one beside root's; makes none.

    Raises
    ------
    ServerError
        When a row cannot be read.
    """
    own = server.run(f'printf %s "{_FOREVER_ROOT}"').stdout
    if own == server.run(f'printf %s "{_FOREVER_ROOT}"', root=True).stdout:
        return []
    line = f'[ ! -d "{_FOREVER_ROOT}" ] || {_LIST} --plain'
    return parse_list(server.run(line).stdout, server.host)


def parse_list(text: str, host: str = "") -> list[Process]:
    """Rows of `forever list`.

    Raises
    ------
    ServerError
        When a row cannot be read.
    """
    found = []
    for line in _ANSI.sub("", text).splitlines():
        row = line.removeprefix("data:").strip()
        if not row.startswith("["):
            continue
        match = _ROW.match(row)
        if match is None:
            raise ServerError.unreadable_list(host, _LIST, line)
        found.append(
            Process(
                uid=match["uid"],
                script=match["command"].split()[-1],
                pid=int(match["pid"]) if match["pid"].isdigit() else None,
                uptime=_seconds(match["uptime"]),
                log=match["log"],
                keeper=int(match["forever"]) if match["forever"].isdigit() else None,
            )
        )
    return found


def _seconds(text: str) -> float | None:
    """Seconds of days:hours:minutes:seconds."""
    if not re.fullmatch(r"[\d:.]+", text):
        return None  # STOPPED
    total = 0.0
    for part, unit in zip(reversed(text.split(":")), (1, 60, 3600, 86400), strict=False):
        total += float(part) * unit
    return total
