"""Events as bytes, without a server: what no test can have a server write in reasonable time."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

import pytest

from tsalab.errors import CaptureError
from tsalab.migrate import Login
from tsalab.migrate.capture import stream
from tsalab.migrate.capture.position import Position
from tsalab.migrate.capture.stream import ROTATE, XID, RawEvent, Stream

GIB = 1 << 30


def event(kind: int, end: int, body: bytes = b"") -> bytes:
    """As a server writes it, with its checksum."""
    data = struct.pack("<IBIIIH", 1, kind, 1, 19 + len(body) + 4, end, 0) + body
    return data + zlib.crc32(data).to_bytes(4, "little")


def read(monkeypatch: pytest.MonkeyPatch, *events: bytes) -> Iterator[RawEvent]:
    """What a stream makes of them, from near the end of a file of 4 GiB."""
    monkeypatch.setattr(stream, "connect", lambda login: None)
    monkeypatch.setattr(Stream, "_set_up", lambda self: True)
    monkeypatch.setattr(Stream, "_ask", lambda self: None)
    packets = iter(events)
    monkeypatch.setattr(Stream, "_packet", lambda self: memoryview(next(packets)))
    source = Login(host="127.0.0.1", port=3306, user="u", password="p", database="d")
    return iter(Stream(source, Position("binlog.000001", 4 * GIB - 100)))


def test_a_position_that_has_run_over_is_never_taken_for_an_earlier_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    events = read(monkeypatch, event(XID, 4 * GIB - 50), event(XID, 30))
    assert next(events).end == Position("binlog.000001", 4 * GIB - 50)
    with pytest.raises(CaptureError, match=r"binlog\.000001 .* cannot be followed any further"):
        next(events)


def test_the_next_file_begins_at_its_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    turn = event(ROTATE, 0, (4).to_bytes(8, "little") + b"binlog.000002")
    events = read(monkeypatch, event(XID, 4 * GIB - 50), turn, event(XID, 300))
    assert [next(events).end for _ in range(3)][1:] == [
        Position("binlog.000002", 4),
        Position("binlog.000002", 300),
    ]


def test_a_damaged_event_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    events = read(monkeypatch, event(XID, 4 * GIB - 50).replace(b"\x01\x00", b"\x02\x00", 1))
    with pytest.raises(CaptureError, match="is damaged"):
        next(events)
