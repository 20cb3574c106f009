"""The endpoint of an Aurora cluster: a loopback port that wakes the database behind it.

Whoever connects while the cluster sleeps is let in and held: the greeting comes when the
database runs. So it is with both versions of Aurora Serverless as far as AWS documents it. The
first has a fleet of routers in front that takes the connection, and of the second the user guide
says how long connecting takes meanwhile; of neither that it turns away who waits. It is the client
who gives up.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

from tsalab.errors import SandboxError
from tsalab.sandbox.machines import listening
from tsalab.sandbox.machines.firewall import Dropped
from tsalab.sandbox.machines.relay import Half, join

_LOOK_SECONDS = 0.05
# The server's own limit (`wait_timeout`, also Aurora's default): it closes a connection that has
# asked nothing for so long. A person would wait eight hours for it, so here it follows the clock.
WAIT_TIMEOUT = 28_800.0

logger = logging.getLogger(__name__)


class Guest:
    """Who uses the database by another way than this endpoint."""


class Endpoint:
    """Listens for a cluster and carries connections to its server's Unix socket.

    Parameters
    ----------
    name
        The cluster, for the log.
    port
        Loopback port.
    socket
        Unix socket of the server.
    wake
        Makes sure that the server runs; awaited for every connection.
    admits
        Asked for every connection whether security groups let it in.
    rate
        How fast the time passes in which nobody connects.
    """

    def __init__(
        self,
        name: str,
        port: int,
        socket: Path,
        wake: Callable[[], Awaitable[None]],
        admits: Callable[[], bool] = lambda: True,
        rate: Callable[[], float] = lambda: 1.0,
    ) -> None:
        self.name, self.port = name, port
        self._socket, self._wake, self._admits, self._rate = socket, wake, admits, rate
        self._server: asyncio.Server | None = None
        self._open: set[Half | Guest] = set()
        self._sweeping: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._idle_after: float | None = None
        self._idle: Callable[[], None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    @property
    def connections(self) -> int:
        """Open client connections: each keeps the cluster awake, idle or not."""
        return len(self._open)

    async def open(self) -> None:
        """Listen."""
        loop = asyncio.get_running_loop()

        def protocol() -> asyncio.Protocol:
            return _Client(self) if self._admits() else Dropped()

        self._server = await loop.create_server(protocol, "127.0.0.1", self.port, backlog=128)

    async def close(self) -> None:
        """Stop listening and drop every connection."""
        self.when_idle(None, None)
        if self._sweeping is not None:
            self._sweeping.cancel()
            self._sweeping = None
        if self._server is not None:
            await listening.stop(self._server)
        self.drop()
        for task in list(self._tasks):
            task.cancel()

    def drop(self) -> None:
        """Drop every connection, as a server that goes away does."""
        for half in list(self._open):
            if isinstance(half, Half) and half.transport is not None:
                half.transport.abort()

    def when_idle(self, seconds: float | None, call: Callable[[], None] | None) -> None:
        """Call `call` when there was no connection for `seconds`; None ends that."""
        self._idle_after, self._idle = seconds, call
        self._settle()

    def _settle(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._open and self._idle_after is not None:
            self._wait(self._idle_after)

    def _wait(self, left: float) -> None:
        """Let idle seconds pass; in pieces, for the rate may change meanwhile."""
        if left <= 0:
            if self._idle is not None:
                self._idle()
            return
        rate = self._rate()
        piece = min(left, rate * _LOOK_SECONDS)
        self._timer = asyncio.get_running_loop().call_later(piece / rate, self._wait, left - piece)

    def entered(self, client: Half | Guest) -> None:
        """Note a client: while it is there, the cluster is not idle."""
        self._open.add(client)
        self._settle()

    def _sweep(self, since: float) -> None:
        """Close connections that have asked nothing for too long, and look again while there are any."""
        now, rate = asyncio.get_running_loop().time(), self._rate()
        clients = [client for client in self._open if isinstance(client, _Client)]
        for client in clients:
            if client.quiet_for(since, now, rate) >= WAIT_TIMEOUT:
                client.end()
        self._sweeping = None
        if clients:
            self._sweep_soon()

    def _sweep_soon(self) -> None:
        if self._sweeping is None:
            loop = asyncio.get_running_loop()
            self._sweeping = loop.call_later(_LOOK_SECONDS, self._sweep, loop.time())

    def opened(self, client: _Client) -> None:
        """Note a new client and connect it to the server."""
        self.entered(client)
        self._sweep_soon()
        task = asyncio.get_running_loop().create_task(self._connect(client))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def closed(self, client: Half | Guest) -> None:
        """Note that a client went."""
        self._open.discard(client)
        self._settle()

    async def _connect(self, client: _Client) -> None:
        try:
            await self._wake()
            _, server = await asyncio.get_running_loop().create_unix_connection(
                lambda: _Answers(client), str(self._socket)
            )
        except (OSError, SandboxError) as error:
            logger.warning("endpoint of %s: a client was turned away: %s", self.name, error)
            if client.transport is not None:
                client.transport.abort()
            return
        join(client, server)


class _Client(Half):
    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__()
        self._endpoint = endpoint
        self._quiet = 0.0  # seconds of the clock without a question
        self._since: float | None = None  # when its last answer came; None while it waits for one

    def data_received(self, data: bytes) -> None:
        self._since = None
        super().data_received(data)

    def answered(self) -> None:
        """Note that it has got something of what it asked for."""
        self._quiet, self._since = 0.0, asyncio.get_running_loop().time()

    def quiet_for(self, since: float, now: float, rate: float) -> float:
        """Seconds of the clock that it has asked nothing, those from `since` to `now` added."""
        if self._since is None:
            self._quiet = 0.0
        else:
            self._quiet += (now - max(since, self._since)) * rate
        return self._quiet

    def end(self) -> None:
        """Close it as its server would."""
        for half in (self.other, self):
            if half is not None and half.transport is not None:
                half.transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._endpoint.opened(self)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self._endpoint.closed(self)


class _Answers(Half):
    """The server's side."""

    def __init__(self, client: _Client) -> None:
        super().__init__()
        self._client = client

    def data_received(self, data: bytes) -> None:
        self._client.answered()
        super().data_received(data)
