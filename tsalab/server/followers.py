"""Users of ours who read the old database and its binary log, and nothing else; as root, by `mysql`."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

from tsalab.server.binlog import sql
from tsalab.server.connection import Server

_NAME = re.compile(r"\w+")
_UNLOGGED = "SET SESSION sql_log_bin = 0"  # who may follow is nothing to follow


@dataclass(frozen=True)
class Follower:
    """One of them.

    Attributes
    ----------
    user
        Name in the database.
    hosts
        Where they may come from, as MariaDB writes hosts.
    rights
        On the database that they read.
    """

    user: str
    hosts: tuple[str, ...]
    rights: str


# Through the server's own connection: a copy takes views, triggers and routines along, too.
BESIDE = Follower("tsalab_follower", ("localhost", "127.0.0.1"), "SELECT, SHOW VIEW, TRIGGER, EXECUTE")
# From a machine of its own, a replication instance's, whose address nobody knows before.
ELSEWHERE = Follower("tsalab_dms", ("%",), "SELECT, SHOW VIEW")


def admit(server: Server, follower: Follower, database: str) -> str:
    """Let a follower in; their password, new each time.

    Parameters
    ----------
    database
        A plain name.

    Raises
    ------
    ServerError
        When the database is stopped, or refuses.
    """
    if not _NAME.fullmatch(database):
        raise ValueError(database)
    password = secrets.token_urlsafe(24)
    statements = []
    for who in _accounts(follower):
        statements += [
            f"CREATE USER IF NOT EXISTS {who}",
            f"ALTER USER {who} IDENTIFIED BY '{password}'",
            f"GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO {who}",
            f"GRANT {follower.rights} ON `{database}`.* TO {who}",
        ]
    _unlogged(server, statements)
    return password


def dismiss(server: Server, follower: Follower) -> None:
    """Remove a follower; one that is not there is no error.

    Raises
    ------
    ServerError
        When the database is stopped, or refuses.
    """
    _unlogged(server, [f"DROP USER IF EXISTS {who}" for who in _accounts(follower)])


def _accounts(follower: Follower) -> list[str]:
    return [f"'{follower.user}'@'{host}'" for host in follower.hosts]


def _unlogged(server: Server, statements: list[str]) -> None:
    sql(server, "".join(f"{statement};\n" for statement in (_UNLOGGED, *statements)))
