"""LOAD DATA LOCAL from memory: bytes go to the target as they are.

The server asks for a file by name; whatever it asks for, it gets these bytes and nothing
else, so it can read no file of this machine.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pymysql.constants import COMMAND
from pymysql.protocol import OKPacketWrapper

from tsalab.migrate.catalogue import quote
from tsalab.migrate.login import Connection

_PACKET = 1 << 20  # bytes; servers take 1 MB whatever their max_allowed_packet


@dataclass(frozen=True)
class Loaded:
    """What the server said: rows taken, and warnings."""

    rows: int
    warnings: int


def load(connection: Connection, table: str, loading: str, data: Iterable[bytes]) -> Loaded:
    """Load lines into a table.

    Parameters
    ----------
    connection
        Opened with local files allowed; see `login.connect`.
    table
        Its name.
    loading
        See `formats.Format.loading`.
    data
        The lines, cut anywhere.

    Raises
    ------
    pymysql.err.MySQLError
        As the server says. Rows that it refused as duplicates are no error: compare the
        number of rows.
    """
    link: Any = connection  # what follows is the driver's own, and in no stubs
    statement = f"LOAD DATA LOCAL INFILE 'rows' INTO TABLE {quote(table)} {loading}"
    link._execute_command(COMMAND.COM_QUERY, statement.encode())
    asked = link._read_packet()
    if not asked.is_load_local_packet():
        message = "the server answered LOAD DATA LOCAL without asking for the data"
        raise RuntimeError(message)
    number = link._next_seq_id
    for piece in data:
        view = memoryview(piece)
        for start in range(0, len(view), _PACKET):
            part = view[start : start + _PACKET]
            head = struct.pack("<I", len(part) | number << 24)  # three bytes of length, one of order
            # One call a packet: with TLS there is no sending of several buffers at once.
            link._write_bytes(head + part)
            number = (number + 1) % 256
    link._next_seq_id = number
    link.write_packet(b"")
    answer = OKPacketWrapper(link._read_packet())
    link.server_status = answer.server_status
    return Loaded(int(answer.affected_rows), int(answer.warning_count))
