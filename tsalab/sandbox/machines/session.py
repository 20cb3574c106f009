"""One SSH session: a shell or a command, with or without a terminal.

Bytes are pumped by hand (read, write, drain). asyncssh's `redirect` followed by `exit`
lost the end of one output in five; here a session ends only after both outputs were read
to their end and handed to the channel.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import signal
import struct
import subprocess
import termios
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import asyncssh

from tsalab.sandbox import processes
from tsalab.sandbox.machines.machine import USER, Machine, bash

if TYPE_CHECKING:
    Process = asyncssh.SSHServerProcess[bytes]

_CHUNK = 128 * 1024
# As sshd's AcceptEnv on the original's image.
_ACCEPTED = ("LANG", "LC_")
# Opening the terminal makes it the session leader's own; then the program takes its place.
_TAKE_TERMINAL = 'exec <"$0" >"$0" 2>&1; exec "$@"'


async def serve(process: Process, machine: Machine, credentials_url: str | None) -> None:
    """Run what the client asked for, and end the channel with its status."""
    env = machine.environment(USER, credentials_url) | _accepted(process.env)
    argv = _argv(process.command, machine)
    try:
        if process.term_type:
            env["TERM"] = process.term_type
            code = await _with_terminal(process, machine, argv, env)
        else:
            code = await _with_pipes(process, machine, argv, env)
    except (asyncssh.ConnectionLost, BrokenPipeError):
        return  # the client went away; its programs were told
    if code < 0:
        process.exit_with_signal(signal.Signals(-code).name.removeprefix("SIG"))
    else:
        process.exit(code)


def _accepted(env: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in env.items() if name.startswith(_ACCEPTED)}


def _argv(command: str | None, machine: Machine) -> list[str]:
    if command is None:
        return machine.wrapper(machine.root, [str(machine.bin / "tsa-login")])
    return machine.wrapper(machine.root, [bash(), "--noprofile", "--norc", "-c", command])


class _Child:
    """A running program of a session."""

    def __init__(self, argv: list[str], machine: Machine, env: dict[str, str], **streams: Any) -> None:
        self.popen = processes.spawn(argv, folder=machine.folder, env=env, cwd=machine.home(USER), **streams)

    async def wait(self) -> int:
        status = await asyncio.to_thread(self.popen.wait)
        # None: whoever stopped the machine saw it end
        return -signal.SIGTERM if status is None else int(status)

    def signal(self, name: str) -> None:
        """Send a signal, by its SSH name, to the whole session."""
        number = getattr(signal, f"SIG{name}", None)
        if number is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.popen.pid, number)


async def _with_pipes(process: Process, machine: Machine, argv: list[str], env: dict[str, str]) -> int:
    child = _Child(
        argv,
        machine,
        env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    popen = child.popen
    writer = await _writer(popen.stdin)
    feeder = asyncio.create_task(_feed(process, child, writer, None))
    try:
        outputs = (
            _drain(await _reader(popen.stdout), process.stdout),
            _drain(await _reader(popen.stderr), process.stderr),
        )
        code, *_ = await asyncio.gather(child.wait(), *outputs)
    finally:
        feeder.cancel()
        writer.close()
    return code


async def _with_terminal(process: Process, machine: Machine, argv: list[str], env: dict[str, str]) -> int:
    master, slave = pty.openpty()
    _resize(master, process.term_size)
    argv = ["sh", "-c", _TAKE_TERMINAL, os.ttyname(slave), *argv]
    try:
        child = _Child(argv, machine, env, stdin=slave, stdout=slave, stderr=slave)
    finally:
        os.close(slave)
    write_end = open(os.dup(master), "wb", buffering=0)  # noqa: SIM115, PTH123 - its transport closes it
    read_end = open(master, "rb", buffering=0)  # noqa: SIM115, PTH123 - as above
    writer = await _writer(write_end)
    feeder = asyncio.create_task(_feed(process, child, writer, master))
    closing = asyncio.create_task(_hang_up(process, child))
    try:
        # When its session's leader ends, the kernel hangs up the terminal: the end of the
        # output is certain, also when a daemon still holds it.
        code, _ = await asyncio.gather(child.wait(), _drain(await _reader(read_end), process.stdout))
    finally:
        for task in (feeder, closing):
            task.cancel()
        writer.close()
        child.signal("HUP")
    return code


async def _hang_up(process: Process, child: _Child) -> None:
    """Tell a terminal's programs when its client went away."""
    await process.channel.wait_closed()
    child.signal("HUP")


async def _feed(process: Process, child: _Child, writer: asyncio.StreamWriter, terminal: int | None) -> None:
    """Client's input to the program, to its end."""
    while (data := await _input(process, child, terminal)) is not None:
        with suppress(OSError):  # a program that does not read its input has closed it
            writer.write(data)
            await writer.drain()
    if terminal is None:
        writer.close()
    elif process.channel.is_closing():
        child.signal("HUP")
    else:
        with suppress(OSError):
            writer.write(b"\x04")


async def _input(process: Process, child: _Child, terminal: int | None) -> bytes | None:
    """Next bytes from the client, None at their end; sizes and signals are acted on."""
    while True:
        try:
            return await process.stdin.read(_CHUNK) or None
        except asyncssh.TerminalSizeChanged as change:
            if terminal is not None:
                _resize(terminal, change.term_size)
        except asyncssh.SignalReceived as received:
            child.signal(received.signal)
        except asyncssh.BreakReceived:
            child.signal("INT")
        except (asyncssh.Error, OSError):
            child.signal("HUP")
            return None


async def _drain(reader: asyncio.StreamReader, out: Any) -> None:
    """A program's output to the client, to its end."""
    while data := await reader.read(_CHUNK):
        out.write(data)
        await out.drain()


class _UntilClosed(asyncio.StreamReaderProtocol):
    """Ends a stream when its source fails: a terminal ends with EIO, after its last byte."""

    def connection_lost(self, _exc: Exception | None) -> None:
        super().connection_lost(None)


async def _reader(pipe: Any) -> asyncio.StreamReader:
    reader = asyncio.StreamReader(limit=4 * _CHUNK)
    await asyncio.get_running_loop().connect_read_pipe(lambda: _UntilClosed(reader), pipe)
    return reader


async def _writer(pipe: Any) -> asyncio.StreamWriter:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, pipe)
    return asyncio.StreamWriter(transport, protocol, None, loop)


def _resize(terminal: int, size: tuple[int, ...]) -> None:
    columns, rows, *pixels = (*size, 0, 0)
    packed = struct.pack("HHHH", rows or 24, columns or 80, *pixels[:2])
    with suppress(OSError):
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, packed)
