"""How the connections of a migration are set up: what their servers may do and must not."""

from __future__ import annotations

from dataclasses import dataclass

from tsalab.migrate.catalogue.asking import ask, ask_pairs
from tsalab.migrate.login import Connection
from tsalab.migrate.model import Vendor

_LIMIT = 16 << 20  # bytes of one block at the most
_PATIENCE = 28_800  # seconds that a server waits for us before it gives a connection up
# Dates that the source accepted are kept as they are; a 0 is no call for the next number.
_MODE = "NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES"


@dataclass(frozen=True)
class Facts:
    """What matters of a server.

    Attributes
    ----------
    vendor, version
        Whose, and which.
    packet
        Its max_allowed_packet, bytes.
    """

    vendor: Vendor
    version: str
    packet: int


def facts(connection: Connection) -> Facts:
    """Ask a server."""
    ((version, packet, comment),) = ask(
        connection, "SELECT VERSION(), @@max_allowed_packet, @@version_comment"
    )
    vendor = Vendor.MARIADB if "mariadb" in f"{version} {comment}".lower() else Vendor.MYSQL
    return Facts(vendor, version, int(packet))


def limit(*sides: Facts) -> int:
    """Bytes that a block may have: what every server writes down as one value."""
    return min(_LIMIT, *(side.packet for side in sides))


def begin_snapshot(connection: Connection) -> dict[str, str]:
    """One moment of all tables, without locks or special privileges; where the binary log stands then."""
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        cursor.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
    # MariaDB alone knows; elsewhere the answer is empty.
    found = ask_pairs(connection, "SHOW STATUS LIKE 'binlog_snapshot_%'")
    return {name.lower(): value for name, value in found.items() if value}


def set_up_source(connection: Connection, size: int) -> None:
    """Raw results, room for blocks of a size, and patience while the target is busy."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SET character_set_results = binary, character_set_connection = binary,"
            f" group_concat_max_len = {size},"
            f" net_write_timeout = {_PATIENCE}, wait_timeout = {_PATIENCE}"
        )


def set_up_target(connection: Connection, size: int) -> None:
    """The same for the side that is written; foreign keys come when all rows are there.

    With a binary connection, for MySQL's QUOTE takes bytes in no other (error 3854); statements
    that hold texts of people's, such as CREATE TABLE, go another way.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            f"SET sql_mode = '{_MODE}', character_set_connection = binary, foreign_key_checks = 0,"
            f" group_concat_max_len = {size},"
            f" net_read_timeout = {_PATIENCE}, wait_timeout = {_PATIENCE}"
        )
