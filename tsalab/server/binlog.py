"""The binary log of the database on the web server, and a hold on its writers; as root, by `mysql`.

MariaDB writes no binary log unless an option file says so, and reads that when it starts.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass

from tsalab.errors import ServerError
from tsalab.server.connection import Server

_FOLDER = "${TSA_MYSQL_OPTIONS:-/etc/my.cnf.d}"  # a sandbox has it elsewhere
_FILE = f"{_FOLDER}/tsalab-binlog.cnf"
# Rows as they are, all columns, by name: what a follower can apply without guessing.
_OPTIONS = {
    "log_bin": "binlog",
    "binlog_format": "ROW",
    "binlog_row_image": "FULL",
    "binlog_row_metadata": "FULL",
    "server_id": "1",
    "expire_logs_days": "2",
}
_WANTED = {"log_bin": "1", "binlog_format": "ROW", "binlog_row_image": "FULL", "binlog_row_metadata": "FULL"}


@dataclass(frozen=True, order=True)
class Position:
    """Where a binary log stands.

    Attributes
    ----------
    file
        Of the log; their names grow.
    offset
        Bytes into it.
    """

    file: str
    offset: int


def sql(server: Server, statements: str) -> list[list[str]]:
    """What `mysql` prints for statements, as root; they go through its standard input, in no process list.

    Raises
    ------
    ServerError
        When the database is stopped, or refuses.
    """
    said = server.run("mysql -N -B", input=statements.encode(), root=True)
    return [line.split("\t") for line in said.stdout.splitlines()]


def lacking(server: Server) -> list[str]:
    """Settings that keep the log from being followed; none when it can be."""
    names = ", ".join(f"@@{name}" for name in _WANTED)
    (found,) = sql(server, f"SELECT {names};")
    return [name for (name, wanted), has in zip(_WANTED.items(), found, strict=True) if has != wanted]


def enable(server: Server, on_output: Callable[[str], None] | None = None) -> None:
    """Write the option file, and start the database again with it: it is away for a moment.

    Raises
    ------
    ServerError
        When it does not start, or has still no log that can be followed.
    """
    text = "[mariadbd]\n" + "".join(f"{name}={value}\n" for name, value in _OPTIONS.items())
    line = f'mkdir -p "{_FOLDER}" && printf %s {shlex.quote(text)} > "{_FILE}" && systemctl restart mariadb'
    server.run(line, root=True, on_output=on_output)
    if still := lacking(server):
        raise ServerError.no_binlog(server.host, ", ".join(still))


def hold(server: Server) -> Position:
    """Refuse every write but root's, once those under way have ended; where the log then stands."""
    return _position(sql(server, "SET GLOBAL read_only = 1; SHOW MASTER STATUS;"))


def release(server: Server) -> None:
    """Let writers write again."""
    sql(server, "SET GLOBAL read_only = 0;")


def held(server: Server) -> bool:
    """Whether writes are refused."""
    return sql(server, "SELECT @@global.read_only;") == [["1"]]


def position(server: Server) -> Position:
    """Where the log stands now."""
    return _position(sql(server, "SHOW MASTER STATUS;"))


def _position(rows: list[list[str]]) -> Position:
    (row,) = rows
    return Position(row[0], int(row[1]))
