"""Forward a local port through the connection, and find out why it could not.

A client of the port sees a refused channel merely as a closed socket; so when something
failed, the server is asked once more, directly, and its own words go into the error.
"""

from __future__ import annotations

import asyncio
from typing import Any

import asyncssh

from tsalab.messages import say

_PROBE = 10.0  # seconds


class Tunnel:
    """An open forwarding from a free port of 127.0.0.1 to a place that the server sees."""

    def __init__(self, connection: Any, listener: Any, host: str, port: int) -> None:
        self._connection = connection
        self._listener = listener
        self._target = (host, port)
        self.port: int = listener.get_port()

    async def refusal(self) -> str | None:
        """Why the server does not reach the place; None when it does."""
        try:
            _, writer = await asyncio.wait_for(
                self._connection.open_connection(*self._target, encoding=None), _PROBE
            )
        except asyncssh.ChannelOpenError as error:
            return str(error.reason)
        except TimeoutError:
            return say("server.because.no_answer", seconds=_PROBE)
        except (asyncssh.Error, OSError):
            return None  # the connection itself is gone, which the first error says better
        writer.close()
        return None

    async def close(self) -> None:
        """Stop listening; what is still connected through it ends with the SSH connection."""
        self._listener.close()


async def open_tunnel(connection: Any, host: str, port: int) -> Tunnel:
    """Listen on a free port of 127.0.0.1 and forward what connects to it."""
    listener = await connection.forward_local_port("127.0.0.1", 0, host, port)
    return Tunnel(connection, listener, host, port)
