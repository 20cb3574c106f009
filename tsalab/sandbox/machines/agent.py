"""Answers the machine's programs: a Unix socket on which they ask the supervisor.

One JSON line in (``tool``, ``user``, ``args``, ``cwd``), one out (``stdout``, ``stderr``,
``status``). The socket lies in the sandbox's private runtime folder.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

from tsalab.errors import TsalabError
from tsalab.sandbox.machines import listening
from tsalab.sandbox.machines.units import Answer

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Request:
    """What a program asks."""

    tool: str
    user: str
    args: list[str]
    cwd: str


Tool = Callable[[Request], Awaitable[Answer]]


class Agent:
    """The socket of one machine. On the estate's loop.

    Parameters
    ----------
    path
        Of the socket.
    tools
        What can be asked, by name.
    """

    def __init__(self, path: Path, tools: Mapping[str, Tool]) -> None:
        self._path, self._tools = path, tools
        self._server: asyncio.Server | None = None
        self._closed = False
        self._questions: set[_Question] = set()

    async def open(self) -> None:
        """Listen."""
        self._closed = False
        self._path.unlink(missing_ok=True)
        loop = asyncio.get_running_loop()
        self._server = await loop.create_unix_server(lambda: _Question(self), str(self._path))

    async def close(self) -> None:
        """Stop listening; questions still open are dropped."""
        self._closed = True
        if self._server is not None:
            await listening.stop(self._server)
        tasks = [task for question in list(self._questions) if (task := question.drop()) is not None]
        await asyncio.gather(*tasks, return_exceptions=True)
        self._path.unlink(missing_ok=True)

    def asked(self, question: _Question) -> bool:
        """Note a new connection; False when it came while the machine stopped."""
        if not self._closed:
            self._questions.add(question)
        return not self._closed

    def gone(self, question: _Question) -> None:
        """Forget a connection."""
        self._questions.discard(question)

    async def answer(self, line: bytes) -> bytes:
        """Answer one line."""
        try:
            request = Request(**json.loads(line))
            answer = await self._tools[request.tool](request)
        except TsalabError as error:
            answer = Answer(stderr=f"{error}\n", status=1)
        except (OSError, ValueError, TypeError, KeyError) as error:
            logger.warning("a machine's program asked what cannot be answered: %r", error)
            answer = Answer(stderr=f"the sandbox's supervisor cannot answer: {error!r}\n", status=1)
        return json.dumps(asdict(answer)).encode() + b"\n"


class _Question(asyncio.Protocol):
    """One connection: a line in, a line out. Dropped at once when its machine stops."""

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self._transport: asyncio.Transport | None = None
        self._line = b""
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        if not self._agent.asked(self):
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._line += data
        if self._task is None and self._line.endswith(b"\n"):
            self._task = asyncio.get_running_loop().create_task(self._answer())

    def eof_received(self) -> bool:
        return self._task is not None

    def connection_lost(self, _error: Exception | None) -> None:
        self._agent.gone(self)

    async def _answer(self) -> None:
        answer = await self._agent.answer(self._line)
        if self._transport is not None:
            self._transport.write(answer)
            self._transport.close()

    def drop(self) -> asyncio.Task[None] | None:
        """End the connection and what was to answer it."""
        if self._transport is not None:
            self._transport.abort()
        if self._task is not None:
            self._task.cancel()
        return self._task
