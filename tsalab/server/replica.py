"""What the database on the web server needs for whoever reads it from elsewhere: to run, and a user."""

from __future__ import annotations

import re
import secrets

from tsalab.server import binlog
from tsalab.server.connection import Server

USER = "tsalab_dms"
_NAME = re.compile(r"\w+")


def start(server: Server) -> bool:
    """Start the database, unless it runs; returns whether it was started.

    Raises
    ------
    ServerError
        When it does not start.
    """
    if server.run("systemctl is-active --quiet mariadb", check=False).status == 0:
        return False
    server.run("systemctl start mariadb", root=True)
    return True


def admit(server: Server, database: str) -> str:
    """Let a user of ours read a database and its binary log from another machine; its new password.

    Parameters
    ----------
    database
        A plain name.

    Raises
    ------
    ServerError
        When the database refuses.
    """
    if not _NAME.fullmatch(database):
        raise ValueError(database)
    password = secrets.token_urlsafe(24)
    who = f"'{USER}'@'%'"
    binlog.sql(
        server,
        f"CREATE USER IF NOT EXISTS {who}; ALTER USER {who} IDENTIFIED BY '{password}';"
        f" GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO {who};"
        f" GRANT SELECT, SHOW VIEW ON `{database}`.* TO {who};\n",
    )
    return password


def dismiss(server: Server) -> None:
    """Remove that user; one that is not there is no error.

    Raises
    ------
    ServerError
        When the database refuses.
    """
    binlog.sql(server, f"DROP USER IF EXISTS '{USER}'@'%';\n")
