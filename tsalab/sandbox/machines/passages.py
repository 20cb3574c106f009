"""Ways into the sandbox's network for what is no machine of it: a replication instance's connections.

A passage listens on loopback; who connects is carried to a cluster, which it wakes as any
client does, or to a web server's database, which is told the address inside the network
(PROXY protocol), so that its accounts (`'user'@'10.11.%'`) mean what they mean on AWS.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tsalab.sandbox.machines import listening
from tsalab.sandbox.machines.endpoint import Guest
from tsalab.sandbox.machines.relay import Half, join

if TYPE_CHECKING:
    from tsalab.sandbox.machines.estate import Estate

_MYSQL = 3306

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Way:
    """Where a connection goes: to a cluster, or else to an address.

    Parameters
    ----------
    cluster_id
        The cluster; empty for a web server.
    address
        Loopback host and port of a web server's database.
    as_from, to
        Addresses inside the sandbox's network, from which and to which it goes.
    """

    cluster_id: str = ""
    address: tuple[str, int] = ("", 0)
    as_from: str = ""
    to: str = ""

    @property
    def greeting(self) -> bytes:
        """What the database is told of who connects (version 1 of HAProxy's PROXY protocol)."""
        if self.cluster_id:
            return b""
        return f"PROXY TCP4 {self.as_from} {self.to} {_MYSQL} {_MYSQL}\r\n".encode()


Find = Callable[[], Way]
"""Asked for each new connection, on a thread; raises when there is no way now."""


class Passage:
    """One listener. Methods block, and may be called from any thread but the estate's.

    Parameters
    ----------
    estate
        The machines of the sandbox.
    find
        Where to.
    """

    def __init__(self, estate: Estate, find: Find) -> None:
        self._estate, self._find = estate, find
        self._server: asyncio.Server | None = None
        self._clients: set[_Client] = set()
        self.port = 0

    def open(self) -> int:
        """Listen; the port."""
        return self._estate.run(self._open())

    def close(self) -> None:
        """Stop listening, and end every connection."""
        self._estate.run(self._close())

    def __enter__(self) -> int:
        return self.open()

    def __exit__(self, *_: object) -> None:
        self.close()

    async def _open(self) -> int:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Client(self), "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self.port

    async def _close(self) -> None:
        if self._server is not None:
            await listening.stop(self._server)
            self._server = None
        for client in list(self._clients):
            if client.transport is not None:
                client.transport.abort()

    def entered(self, client: _Client) -> None:
        """Note a client, and lead it on."""
        self._clients.add(client)
        self._estate.background(self._lead(client))

    def left(self, client: _Client) -> None:
        """Note that a client went."""
        self._clients.discard(client)

    async def _lead(self, client: _Client) -> None:
        try:
            way = await asyncio.to_thread(self._find)
            server = await self._connect(way, client)
        except Exception as error:  # noqa: BLE001 - whatever it is, nobody is led on
            logger.warning("a replication instance's connection was turned away: %s", error)
            if client.transport is not None:
                client.transport.abort()
            return
        if server.transport is not None:
            server.transport.write(way.greeting)
        join(client, server)

    async def _connect(self, way: Way, client: _Client) -> Half:
        if not way.cluster_id:
            _, server = await asyncio.get_running_loop().create_connection(Half, *way.address)
            return server
        databases, guest = self._estate.databases, Guest()
        client.gone.add_done_callback(lambda _: databases.left(way.cluster_id, guest))
        return await databases.enter(way.cluster_id, guest)


class _Client(Half):
    def __init__(self, passage: Passage) -> None:
        super().__init__()
        self._passage = passage
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._passage.entered(self)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self._passage.left(self)
        self.gone.set_result(None)
