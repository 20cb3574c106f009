"""Whom a new cluster's server lets in, as SQL for its first start.

The master user has the rights that RDS gives, after "Master user account privileges" in the RDS
user guide (MySQL).
"""

from __future__ import annotations

from tsalab.sandbox.machines.mariadb import quote

_RIGHTS = (
    "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, RELOAD, PROCESS, REFERENCES, INDEX, ALTER, "
    "SHOW DATABASES, CREATE TEMPORARY TABLES, LOCK TABLES, EXECUTE, REPLICATION SLAVE, BINLOG MONITOR, "
    "CREATE VIEW, SHOW VIEW, CREATE ROUTINE, ALTER ROUTINE, CREATE USER, EVENT, TRIGGER"
)
KEEPER = "rdsadmin"


def keeper(password: str) -> list[str]:
    """Our own account; MariaDB's root, who would need no password, goes."""
    return [
        f"CREATE USER IF NOT EXISTS '{KEEPER}'@'localhost' IDENTIFIED BY {quote(password)}",
        f"GRANT ALL PRIVILEGES ON *.* TO '{KEEPER}'@'localhost' WITH GRANT OPTION",
        "DROP USER IF EXISTS 'root'@'localhost', 'root'@'127.0.0.1', 'root'@'::1', ''@'localhost'",
    ]


def master(username: str, password: str) -> list[str]:
    """The master user: everything but SUPER, FILE, SHUTDOWN and the like."""
    user = f"{quote(username)}@'%'"
    return [
        f"CREATE USER IF NOT EXISTS {user} IDENTIFIED BY {quote(password)}",
        f"GRANT {_RIGHTS} ON *.* TO {user} WITH GRANT OPTION",
    ]


def database(name: str | None) -> list[str]:
    """The database to begin with, if any."""
    if not name:
        return []
    quoted = name.replace("`", "``")
    return [f"CREATE DATABASE IF NOT EXISTS `{quoted}` CHARACTER SET utf8mb4"]
