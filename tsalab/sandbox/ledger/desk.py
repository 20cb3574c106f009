"""Where a running supervisor takes orders for its ledger: a Unix socket in its private folder.

Whoever asks gets a true statement about now, and nothing else: for whom it is, and who
signs it, was settled when the sandbox started.
"""

from __future__ import annotations

import asyncio
import json
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tsalab.errors import SandboxError, TsalabError
from tsalab.files import replace_bytes
from tsalab.messages import say
from tsalab.sandbox import news
from tsalab.sandbox.folder import Folder
from tsalab.sandbox.ledger import looks, sealing
from tsalab.sandbox.manager import existing

if TYPE_CHECKING:
    from tsalab.sandbox.control.context import Context
    from tsalab.sandbox.ledger.keeper import Ledger

_SOCKET = "ledger"
_SECONDS = 240.0

logger = logging.getLogger("tsalab.sandbox.ledger")


@asynccontextmanager
async def opened(context: Context, ledger: Ledger) -> AsyncIterator[None]:
    """Take orders while the block runs.

    Parameters
    ----------
    context
        The sandbox.
    ledger
        What is sealed when asked for.
    """
    turn = asyncio.Lock()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            line = await reader.readline()
            async with turn:
                answer = await asyncio.to_thread(_answer, context, ledger, line)
            writer.write(answer)
            await writer.drain()
        except OSError:
            logger.info("who asked for the ledger has gone")
        finally:
            writer.close()

    server = await asyncio.start_unix_server(serve, context.folder.runtime / _SOCKET)
    async with server:
        yield


def _answer(context: Context, ledger: Ledger, line: bytes) -> bytes:
    try:
        return _sealed(context, ledger, str(json.loads(line)["workdir"]))
    except TsalabError as error:
        said = {"what": error.what, "why": error.why, "next_step": error.next_step}
    except Exception as error:
        logger.exception("the ledger cannot be sealed")
        failed = SandboxError.ledger_failed(context.folder.name, f"{type(error).__name__}: {error}")
        said = {"what": failed.what, "why": failed.why, "next_step": failed.next_step}
    return json.dumps({"error": said}).encode()


def _sealed(context: Context, ledger: Ledger, workdir: str) -> bytes:
    run = sealing.run_of(workdir)
    news.tell("sealing", run=run)
    looks.look(context)
    steps = sealing.judged(context.folder, workdir)
    news.tell("judged", passed=[step.step for step in steps if step.passed])
    return ledger.seal(steps, run)


def seal(name: str, *, workdir: Path, out: Path) -> None:
    """Have a running sandbox look at itself and sign its ledger.

    Parameters
    ----------
    name
        The sandbox.
    workdir
        The learner's folder, which the checks look into.
    out
        The file that gets the sealed ledger.

    Raises
    ------
    SandboxError
        When it does not run, or the supervisor says why it could not do it.
    """
    folder = existing(name)
    if not folder.supervised():
        raise SandboxError.not_running(name)
    answer = _ask(folder, str(workdir.absolute()))
    if answer.startswith(b'{"error"'):
        raise SandboxError(**_error(answer))
    if not answer:
        raise SandboxError.ledger_failed(name, say("sandbox.ledger_failed.silent"))
    out.parent.mkdir(parents=True, exist_ok=True)
    replace_bytes(out, answer)


def _ask(folder: Folder, workdir: str) -> bytes:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(_SECONDS)
        try:
            connection.connect(str(folder.runtime / _SOCKET))
            connection.sendall(json.dumps({"workdir": workdir}).encode() + b"\n")
            return b"".join(iter(lambda: connection.recv(1 << 16), b""))
        except OSError as error:
            raise SandboxError.ledger_failed(folder.name, error.strerror or str(error)) from error


def _error(answer: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(answer)["error"]
    return found
