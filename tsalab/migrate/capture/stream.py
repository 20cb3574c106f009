"""The binary log as a server sends it to whoever asks as a replica does: one event after the other.

Written on the driver's connection. A library for this exists (mysql-replication); it turns values
into Python's types, which have no zero dates, no year 0, no member '' of an ENUM and not every
character set, so what it hands on cannot always be written again as it was.
"""

from __future__ import annotations

import secrets
import socket
import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pymysql
from pymysql.constants import COMMAND
from pymysql.cursors import Cursor

from tsalab.errors import CaptureError
from tsalab.messages import say
from tsalab.migrate.capture.position import Position
from tsalab.migrate.login import Connection, Login, connect, named

# Types of events, as MariaDB numbers them.
QUERY, STOP, ROTATE, FORMAT, XID, TABLE_MAP, INCIDENT, HEARTBEAT = 2, 3, 4, 15, 16, 19, 26, 27
XA_PREPARE = 38
GTID, QUERY_COMPRESSED = 162, 165
ROWS = {23: "insert", 24: "update", 25: "delete", 30: "insert", 31: "update", 32: "delete"}
ROWS_COMPRESSED = {166: 23, 167: 24, 168: 25, 169: 30, 170: 31, 171: 32}

_HEAD = struct.Struct("<IBIIIH")  # time, type, server, length, end, flags
_HEARTBEAT = 0.25  # seconds without an event after which the server says that there was none
_SILENCE = 30  # seconds without even that after which it counts as gone
_ARTIFICIAL = 0x20  # the event stands in no file
_CRC = 1
# A position has four bytes; behind an end beyond the first of these, one before the second has run over.
_NEAR_THE_END, _NEAR_THE_BEGINNING = 3 << 30, 1 << 30
_OURS = 1 << 31  # our server ids have this bit: people number their servers with small numbers


@dataclass(frozen=True, slots=True)
class RawEvent:
    """One event.

    Attributes
    ----------
    kind
        Its number.
    time
        When its statement began, seconds since 1970 by the source's clock.
    end
        Where it ends.
    body
        Without head and checksum.
    """

    kind: int
    time: int
    end: Position
    body: memoryview


class Stream:
    """A connection on which a server sends its binary log, from a position on.

    Parameters
    ----------
    source
        Where; its user needs REPLICATION SLAVE.
    start
        Between two transactions.

    Raises
    ------
    MigrationError
        When it cannot be reached, or refuses.
    """

    def __init__(self, source: Login, start: Position) -> None:
        self._source, self._file = source, start.file
        self._start, self._reached = start, start.offset
        self._connection: Connection = connect(source)
        try:
            with named(source, say("migration.doing.asking_log")):
                self._crc = self._set_up()
                self._ask()
        except BaseException:
            self.close()
            raise

    def _set_up(self) -> bool:
        with self._connection.cursor(Cursor) as cursor:
            # What a replica tells of itself: which events and checksums it understands.
            cursor.execute("SET @mariadb_slave_capability = 4")
            cursor.execute("SET @master_binlog_checksum = @@GLOBAL.binlog_checksum")
            cursor.execute("SET @master_heartbeat_period = %s", (int(_HEARTBEAT * 1e9),))
            cursor.execute("SELECT @@GLOBAL.binlog_checksum")
            row = cursor.fetchone()
        return row is not None and str(row[0]).upper() == "CRC32"

    def _ask(self) -> None:
        link: Any = self._connection
        # A second replica of the same number would end the first one's stream.
        number = _OURS | secrets.randbits(31)
        name = self._start.file.encode()
        link._read_timeout = _SILENCE
        link._execute_command(
            COMMAND.COM_BINLOG_DUMP, struct.pack("<IHI", self._start.offset, 0, number) + name
        )

    def __iter__(self) -> Iterator[RawEvent]:
        """Events for ever, heartbeats among them.

        Raises
        ------
        MigrationError
            When the stream breaks, is refused, an event is damaged, or a file too long to be followed.
        """
        while True:
            with named(self._source, say("migration.doing.reading_log")):
                data = self._packet()
            yield self._event(data)

    def _packet(self) -> memoryview:
        link: Any = self._connection
        packet = link._read_packet()
        if packet.is_eof_packet():
            raise pymysql.err.OperationalError(0, "the server ended the stream")
        return memoryview(packet.get_all_data())[1:]

    def _event(self, data: memoryview) -> RawEvent:
        time, kind, _, length, end, flags = _HEAD.unpack_from(data)
        if kind == FORMAT:
            self._crc = data[len(data) - 5] == _CRC
        if length != len(data):
            raise CaptureError.damaged_log(self._source.where, f"{self._file}:{end}")
        if self._crc:
            if zlib.crc32(data[:-4]) != int.from_bytes(data[-4:], "little"):
                raise CaptureError.damaged_log(self._source.where, f"{self._file}:{end}")
            data = data[:-4]
        body = data[_HEAD.size :]
        if kind == ROTATE:
            # Also the first of all, which stands in no file and tells where the stream begins.
            self._file, self._reached = bytes(body[8:]).decode(), int.from_bytes(body[:8], "little")
            return RawEvent(kind, time, Position(self._file, self._reached), body)
        if self._reached > _NEAR_THE_END and 0 < end < _NEAR_THE_BEGINNING:
            raise CaptureError.log_too_long(self._source.where, self._file)
        self._reached = end or self._reached  # artificial events have none
        return RawEvent(kind, 0 if flags & _ARTIFICIAL else time, Position(self._file, end), body)

    def close(self) -> None:
        """End it, from any thread; whoever waits for an event gets an error."""
        link: Any = self._connection
        sock = link._sock
        if sock is not None:
            with suppress(OSError):  # it may have ended by itself
                sock.shutdown(socket.SHUT_RDWR)
        with suppress(pymysql.err.Error, OSError):
            link._force_close()
