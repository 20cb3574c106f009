"""What this copy wrote into a target, so that it may replace its own work and nobody else's.

One small table in the target, written in the same transaction as the rows it speaks of.
"""

from __future__ import annotations

from tsalab.migrate.catalogue import PRIVATE_PREFIX
from tsalab.migrate.digests import TableDigest
from tsalab.migrate.login import Connection

NAME = f"{PRIVATE_PREFIX}copy"


def create(connection: Connection) -> None:
    """Make the table, if it is missing."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = %s",
            (NAME,),
        )
        if cursor.fetchone() is None:
            cursor.execute(
                f"CREATE TABLE {NAME} (table_name VARCHAR(64) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
                " PRIMARY KEY, row_total BIGINT NOT NULL, content CHAR(64) NOT NULL) ENGINE=InnoDB"
            )


def write(connection: Connection, written: TableDigest) -> None:
    """Note what a table holds now."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"REPLACE INTO {NAME} (table_name, row_total, content) VALUES (%s, %s, %s)",  # noqa: S608 - our own name
            (written.table, written.rows, written.digest),
        )


def wrote(connection: Connection, found: TableDigest) -> bool:
    """Whether exactly this content is what we wrote last."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT content FROM {NAME} WHERE table_name = %s", (found.table,))  # noqa: S608 - our own name
        row = cursor.fetchone()
    return row is not None and row[0] == found.digest
