"""End a listener without losing a connection that is just being accepted."""

from __future__ import annotations

import asyncio


async def stop(server: asyncio.Server) -> None:
    """Take no more connections; those taken stay.

    asyncio (3.11 to 3.13) accepts a connection in one turn of the loop and makes its
    transport in the next; when the server is closed between the two, the socket is left
    open and a warning raised when it is collected. So accepting ends one turn earlier.
    """
    loop = asyncio.get_running_loop()
    for listener in server.sockets:
        loop.remove_reader(listener.fileno())
    await asyncio.sleep(0)
    server.close()
