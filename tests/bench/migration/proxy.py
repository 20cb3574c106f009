"""A loopback port that stands before another, each direction some milliseconds longer.

It holds what is on the way in memory, as much as the way would hold, so it makes answers
later and streams no slower. ``proxy.py TARGET_PORT MILLISECONDS`` writes its own port as a
line, and ends when its input does.
"""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

READ = 256 * 1024
ON_THE_WAY = 256  # reads; with 10 ms of way that is 6 GB/s


async def main(target: int, milliseconds: float) -> None:
    """Serve until the input ends."""
    loop = asyncio.get_running_loop()

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, here = await asyncio.open_connection("127.0.0.1", target, limit=READ)
        except OSError:
            writer.close()
            return
        for end in (writer, here):
            end.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        later = milliseconds / 1000
        with suppress(asyncio.CancelledError):  # the end, with somebody still connected
            await asyncio.gather(_carry(reader, here, writer, later), _carry(there, writer, here, later))

    server = await asyncio.start_server(meet, "127.0.0.1", 0, limit=READ)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


async def _carry(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, back: asyncio.StreamWriter, later: float
) -> None:
    """One direction: what is read goes on after a time, in its order."""
    loop = asyncio.get_running_loop()
    way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(ON_THE_WAY)

    async def arrive() -> None:
        alive = True
        while True:
            due, data = await way.get()
            if (wait := due - loop.time()) > 0:
                await asyncio.sleep(wait)
            if not data:
                break
            if alive:  # else what is still on the way to one who has gone is lost
                writer.write(data)
                try:
                    await writer.drain()
                except OSError:
                    alive = False
                    back.close()

    arriving = asyncio.create_task(arrive())
    with suppress(OSError):
        while data := await reader.read(READ):
            await way.put((loop.time() + later, data))
    await way.put((loop.time() + later, b""))
    await arriving
    writer.close()


@contextmanager
def before(target: int, milliseconds: float) -> Iterator[tuple[int, int]]:
    """A proxy in a process of its own, for the time of a block; yields its port and pid."""
    process = subprocess.Popen(
        [sys.executable, __file__, str(target), str(milliseconds)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:  # its end closes the input
        assert process.stdout is not None
        yield int(process.stdout.readline()), process.pid


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), float(sys.argv[2])))
