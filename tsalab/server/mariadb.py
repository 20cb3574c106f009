"""The database on the web server, the lab's way: export, import and stop it, as printed.

The commands are the original's own, letter by letter. `mysqldump` without
``--single-transaction`` locks every table while it reads, so that a database in use stands
still for its writers; `tsalab.migrate` does better.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

from tsalab.errors import ServerError
from tsalab.messages import say
from tsalab.server import failures, watching
from tsalab.server.connection import Server
from tsalab.server.execution import Result

_DUMP = "dump.sql"
_QUESTION = r"[Pp]assword: ?$"

# Where a learner may have made the dump, besides the login's own home: as root, or beside
# the application. Asked for as root, whose home a sandbox has elsewhere than in /root.
_PLACES = ("$HOME", "${TSA_APP_DIR:-/opt/tsa_gallery}")


def dump_command(file: str = _DUMP) -> str:
    """The command of step 13."""
    return f"mysqldump -u tsauser -pmy-secret-pw tsagallery > {shlex.quote(file)}"


DUMP_COMMAND = dump_command()


@dataclass(frozen=True)
class DumpFile:
    """A dump on the server.

    Attributes
    ----------
    path
        Where it is.
    size
        Bytes.
    modified
        Seconds since 1970.
    """

    path: str
    size: int
    modified: int


@dataclass(frozen=True)
class ServiceState:
    """Whether a service runs now, and whether it starts at boot."""

    unit: str
    active: bool
    enabled: bool


def dump(
    server: Server,
    on_output: Callable[[str], None] | None = None,
    on_written: Callable[[int], None] | None = None,
    file: str = _DUMP,
) -> Result:
    """Step 13, as printed: export the database to `dump.sql` in the login's home.

    Parameters
    ----------
    on_output
        Called with output as it comes.
    on_written
        Called with the bytes of the file: now and then, on a thread of its own, and at the end.
    file
        Another one.

    Raises
    ------
    ServerError
        Also `ServerError.disk_full`, when the disk is full.
    """
    command = dump_command(file)
    if on_written is None:
        return server.run(command, on_output=on_output)
    with watching.watched(lambda: watching.size(server, file), on_written):
        result = server.run(command, on_output=on_output)
    on_written(watching.size(server, file) or 0)
    return result


def load(
    server: Server,
    host: str,
    database: str,
    user: str,
    password: str,
    on_output: Callable[[str], None] | None = None,
    on_read: Callable[[int, int], None] | None = None,
    file: str = _DUMP,
) -> Result:
    """Step 14, as printed: push `dump.sql` into another database, typing the password.

    Parameters
    ----------
    host, database, user
        As they stand in the command line.
    password
        Typed at the prompt: it is in no command line, output or error.
    on_output
        Called with output as it comes.
    on_read
        Called with the bytes of the file that are read, and all of them: now and then, on
        a thread of its own, and at the end.
    file
        Another one.

    Raises
    ------
    ServerError
        Saying whether the host, the login or the database was wrong.
    """
    line = load_command(host, database, user, file)
    with ExitStack() as stack:
        if on_read is not None:
            stack.enter_context(
                watching.watched(lambda: watching.read_of(server, file), lambda n: on_read(*n))
            )
        result = server.run(line, prompts={_QUESTION: password}, on_output=on_output, check=False)
    if result.status != 0:
        raise _load_failure(server, result, host, database, user)
    if on_read is not None and (size := watching.size(server, file)):
        on_read(size, size)
    return result


def load_command(host: str, database: str, user: str = "admin", file: str = _DUMP) -> str:
    """The command of step 14."""
    words = ("mysql", "-u", user, "-p", "-h", host, database)
    return f"{shlex.join(words)} < {shlex.quote(file)}"


def _load_failure(server: Server, result: Result, host: str, database: str, user: str) -> ServerError:
    found = re.search(r"ERROR (\d+)", result.stdout)
    number = int(found[1]) if found else 0
    last = failures.tail(result.stdout)
    if number in (2002, 2003, 2005, 2006, 2013):
        return ServerError.database_unreachable(server.host, host, last)
    if number in (1044, 1045):
        return ServerError.database_refused(host, user, last)
    if number == 1049:
        return ServerError.database_unknown(host, database, last)
    return failures.command(server.host, result.command, result.status, None, result.stdout)


def find_dump(server: Server) -> DumpFile | None:
    """The newest `dump.sql` in the places where a learner may have made it."""
    places = " ".join(f'"{place}/dump.sql"' for place in _PLACES)
    own = server.run("pwd").stdout.strip()
    listing = server.run(
        # Files alone: a device of that name would be read for ever.
        f"for file in {places} {shlex.quote(own)}/dump.sql; do "
        """[ -f "$file" ] && stat -L -c '%Y %s %n' "$file"; done""",
        root=True,
        check=False,
    ).stdout
    found = [line.split(" ", 2) for line in listing.splitlines() if line.count(" ") >= 2]
    files = [DumpFile(path, int(size), int(modified)) for modified, size, path in found]
    return max(files, key=lambda file: file.modified, default=None)


def dump_lines(server: Server, file: DumpFile | None = None) -> Iterator[bytes]:
    """Bytes of a dump, piece by piece, for `tsalab.migrate.dump.read_dump`.

    Parameters
    ----------
    file
        Which one; the newest by default.

    Raises
    ------
    ServerError
        When there is none.
    """
    chosen = file or find_dump(server)
    if chosen is None:
        raise ServerError.no_dump(server.host, say("server.no_dump.places"))
    return server.stream(f"cat {shlex.quote(chosen.path)}", root=True)


def service_state(server: Server, unit: str = "mariadb", *, timeout: float = 600) -> ServiceState:
    """Whether a service is active and enabled."""
    name = shlex.quote(unit)
    command = f"systemctl is-active {name}; systemctl is-enabled {name}"
    said = server.run(command, check=False, timeout=timeout)
    # A unit that systemd does not know is "inactive", and "is-enabled" says nothing on standard output.
    active, enabled = [*said.stdout.split(), "", ""][:2]
    if not active:  # no answer is no "inactive"
        raise failures.command(server.host, said.command, said.status, None, said.stderr)
    return ServiceState(unit, active == "active", enabled == "enabled")


def connections_of(server: Server, user: str) -> int:
    """How many connections a user has to the database on the web server, asked there as root.

    Raises
    ------
    ServerError
        When the database does not answer.
    """
    query = f"SELECT COUNT(*) FROM information_schema.processlist WHERE user = '{user}'"  # noqa: S608 - ours
    return int(server.run(f"mysql -N -e {shlex.quote(query)}", root=True).stdout)


def stop_and_disable(
    server: Server, unit: str = "mariadb", on_output: Callable[[str], None] | None = None
) -> ServiceState:
    """Step 29, as printed; returns the state after it."""
    for verb in ("stop", "disable"):
        server.run(f"systemctl {verb} {shlex.quote(unit)}", root=True, on_output=on_output)
    return service_state(server, unit)


def start(server: Server) -> bool:
    """Start the database, unless it runs; returns whether it was started.

    Raises
    ------
    ServerError
        When it does not start.
    """
    if service_state(server).active:
        return False
    server.run("systemctl start mariadb", root=True)
    return True


def enable_and_start(
    server: Server, unit: str = "mariadb", on_output: Callable[[str], None] | None = None
) -> ServiceState:
    """Undo step 29; returns the state after it."""
    for verb in ("enable", "start"):
        server.run(f"systemctl {verb} {shlex.quote(unit)}", root=True, on_output=on_output)
    return service_state(server, unit)
