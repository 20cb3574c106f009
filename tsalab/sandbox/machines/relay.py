"""Carry bytes between two connections, as fast as asyncio can, with back-pressure.

Protocols on the transports themselves: no stream reader between, so that a chunk is
copied once. A side that is read to its end closes only that direction.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import cast

Connect = Callable[[type["Half"]], Awaitable[tuple[asyncio.BaseTransport, "Half"]]]


class Half(asyncio.Protocol):
    """One side of a relayed connection."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.other: Half | None = None
        self.ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport; nothing is read before `join`."""
        self.transport = cast("asyncio.Transport", transport)
        self.transport.pause_reading()

    def data_received(self, data: bytes) -> None:
        """Pass bytes on."""
        if (target := self._target()) is not None:
            target.write(data)

    def pause_writing(self) -> None:
        """Stop reading on the other side: this one is full."""
        if (target := self._target()) is not None and not target.is_closing():
            target.pause_reading()

    def resume_writing(self) -> None:
        """Read on the other side again."""
        if (target := self._target()) is not None and not target.is_closing():
            target.resume_reading()

    def eof_received(self) -> bool:
        """Close the other side's writing half; keep ours open while it may still answer."""
        self.ended = True
        other, target = self.other, self._target()
        if other is None or target is None or other.ended:
            return False
        if target.can_write_eof():
            target.write_eof()
        return True

    def connection_lost(self, _error: Exception | None) -> None:
        """Close the other side too, once what it still has to write is written."""
        self.ended = True
        if (target := self._target()) is not None:
            target.close()

    def _target(self) -> asyncio.Transport | None:
        return self.other.transport if self.other is not None else None


def join(left: Half, right: Half) -> None:
    """Start carrying bytes between two connected halves."""
    left.other, right.other = right, left
    for half in (left, right):
        if half.transport is not None and not half.transport.is_closing():
            half.transport.resume_reading()
        elif (target := half._target()) is not None:
            target.close()
