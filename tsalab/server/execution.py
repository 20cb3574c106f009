"""Run one command on a connection: pump its channels by hand, and end it when told to.

Measured: asyncssh's ``redirect()`` followed by ``exit()`` truncated one output in five,
so the bytes are read and written here. Everything in this module runs on the background
loop; what the command prints goes into a queue that the caller's thread empties.
"""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import asyncssh

from tsalab.server.answers import Answers, AskedAgainError, Scrubber

CHUNK = 64 * 1024
MARKER = "TSALAB_RUN"
_GRACE = 1.0  # seconds that a command is given to end, for each way of asking it


@dataclass(frozen=True)
class Result:
    """What a command did.

    Attributes
    ----------
    command
        The command line, as the caller gave it.
    status
        Exit status; -1 when a signal ended it.
    stdout, stderr
        What it printed. With a terminal (`prompts`) everything is in `stdout`.
    seconds
        How long it took.
    """

    command: str
    status: int
    stdout: str
    stderr: str
    seconds: float


@dataclass(frozen=True)
class Ending:
    """How a remote process ended."""

    status: int | None
    signal: str | None
    lost: bool = False
    asked_again: bool = False


class Execution:
    """One remote command.

    Parameters
    ----------
    connection
        An open asyncssh connection.
    line
        Command line for the remote shell.
    stdin
        Bytes for its standard input, which is closed after them.
    prompts
        Questions to answer; gives the command a terminal.
    emit
        Called on the loop's thread with ("stdout" or "stderr", bytes).
    sweep
        Command lines that end what the SSH server would not: tried one after another.
    """

    def __init__(
        self,
        connection: Any,
        line: str,
        *,
        stdin: bytes | None,
        prompts: Mapping[str, str] | None,
        emit: Callable[[str, bytes], None],
        sweep: Sequence[str] = (),
    ) -> None:
        self._connection = connection
        self._line = line
        self._stdin = stdin
        self._prompts = prompts
        self._emit = emit
        self._sweep = sweep
        self._stop: asyncio.Event | None = None
        self._stopped = False
        self._loop: asyncio.AbstractEventLoop | None = None

    def stop(self) -> None:
        """End the command; may be called from any thread, at any time."""
        self._stopped = True
        if self._loop is not None and self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)

    async def run(self) -> Ending:
        """Start the command and return when it has ended."""
        self._stop = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        if self._stopped:
            return Ending(None, None)
        process = await self._start()
        work = asyncio.ensure_future(self._pump(process))
        stop = asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait({work, stop}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                await self._end(process)
                work.cancel()
            return await self._ending(process, work)
        finally:
            stop.cancel()
            process.close()

    async def _ending(self, process: Any, work: asyncio.Future[None]) -> Ending:
        lost = again = False
        try:
            await work
        except asyncio.CancelledError:
            if not self._stopped:
                raise
        except AskedAgainError:
            again = True
            await self._end(process)
        except (asyncssh.Error, OSError):
            lost = True
        signal = process.exit_signal
        if process.exit_status is None and signal is None and not self._stopped and not again:
            lost = True
        return Ending(process.exit_status, signal[0] if signal else None, lost, again)

    async def _end(self, process: Any) -> None:
        """End the command, whoever it runs as.

        A signal through SSH reaches what the login may signal, so not what `sudo` started;
        and closing the channel leaves a command alone until it writes. So its descendants
        are looked for by the marker in their environment, as root.
        """
        if await interrupt(process):
            return
        for line in self._sweep:
            try:
                await self._connection.run(line, check=False, timeout=5)
                await asyncio.wait_for(process.wait_closed(), _GRACE)
            except TimeoutError:
                continue
            except (asyncssh.Error, OSError):
                break
            else:
                return
        process.close()

    async def _start(self) -> Any:
        terminal: dict[str, Any] = {}
        if self._prompts:
            # No echo: an answer must not come back, whatever the program does.
            terminal = {"term_type": "dumb", "term_size": (200, 50), "term_modes": {asyncssh.PTY_ECHO: 0}}
        return await self._connection.create_process(self._line, encoding=None, **terminal)

    async def _pump(self, process: Any) -> None:
        answers = Answers(self._prompts) if self._prompts else None
        await asyncio.gather(
            self._read(process, process.stdout, "stdout", answers),
            self._read(process, process.stderr, "stderr", None),
            self._write(process),
        )
        await process.wait_closed()

    async def _read(self, process: Any, reader: Any, name: str, answers: Answers | None) -> None:
        scrubber = Scrubber(self._prompts)
        try:
            while data := await reader.read(CHUNK):
                if shown := scrubber.feed(data):
                    self._emit(name, shown)
                if answers is not None and (answer := answers.feed(data)) is not None:
                    process.stdin.write(answer)
        finally:
            if held := scrubber.flush():
                self._emit(name, held)

    async def _write(self, process: Any) -> None:
        if self._prompts:
            return  # a terminal stays open for answers
        try:
            view = memoryview(self._stdin or b"")
            for start in range(0, len(view), CHUNK):
                process.stdin.write(bytes(view[start : start + CHUNK]))
                await process.stdin.drain()
            process.stdin.write_eof()
        except (BrokenPipeError, ConnectionResetError):
            return  # a command need not read its input; its status tells how it went


class Stream:
    """Standard output of a remote command, read at the reader's pace (on the loop)."""

    def __init__(self, process: Any) -> None:
        self._process = process

    @classmethod
    async def open(cls, connection: Any, line: str) -> Self:
        """Start the command; its standard input is empty."""
        process = await connection.create_process(line, encoding=None)
        process.stdin.write_eof()
        return cls(process)

    async def piece(self) -> bytes:
        """Read the next bytes; empty at the end.

        Raises
        ------
        ConnectionError
            When the connection broke.
        """
        try:
            data: bytes = await self._process.stdout.read(CHUNK)
        except asyncssh.Error as error:
            raise ConnectionError from error
        return data

    async def ending(self) -> tuple[Ending, bytes]:
        """How it ended, with what it wrote to standard error; after the last piece."""
        errors: bytes = await self._process.stderr.read()
        await self._process.wait_closed()
        status, signal = self._process.exit_status, self._process.exit_signal
        lost = status is None and signal is None
        return Ending(status, signal[0] if signal else None, lost), errors

    async def close(self) -> None:
        """End the command if it still runs."""
        if self._process.exit_status is None and self._process.exit_signal is None:
            await interrupt(self._process)  # else closing ends it, when it next writes
        self._process.close()


async def interrupt(process: Any) -> bool:
    """Send a remote process what Ctrl-C sends; whether it ended in time."""
    try:
        process.send_signal("INT")
        await asyncio.wait_for(process.wait_closed(), _GRACE)
    except TimeoutError:
        return False
    except (asyncssh.Error, OSError):
        return True  # the channel is closed already
    return True


def marked(command: str, nonce: str) -> str:
    """The command, in a shell that carries a mark, by which `sweep` finds it and all it started."""
    return f"exec env {MARKER}={nonce} bash -c {shlex.quote(command)}"


def sweep(nonce: str, signal: str) -> str:
    """Command line that signals everything that carries the mark (on Linux, as root)."""
    files = f"grep -lzx {MARKER}={nonce} /proc/[0-9]*/environ 2>/dev/null"
    return f"{files} | cut -d/ -f3 | xargs -r kill -{signal}"
