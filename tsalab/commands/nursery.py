"""``python -m tsalab.commands.nursery``: the process that forks for a batch; no command for people.

`tsalab.nursery` opens it and says what is to be forked. It has one thread and no event loop, and
opens nothing that must not be had twice: a fork of it is as a Python that has just been started,
but for the modules that are there already.
"""

from __future__ import annotations

import ctypes
import fcntl
import gc
import importlib
import json
import os
import resource
import runpy
import selectors
import socket
import struct
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tsalab import runner
from tsalab.cloud.sessions import load_models
from tsalab.nursery import HEADER, IDLE_SECONDS, STATUS, is_ours

# What the processes of a learner use: its own, its kernel, `tsalab sandbox up`, the supervisor.
# Not MiniStack, which reads its settings from the environment while it is imported.
MODULES = (
    "tsalab.lab",
    "tsalab.batch.one",
    "tsalab.start_state",
    "tsalab.commands.sandbox",
    "tsalab.sandbox.manager",
    "tsalab.sandbox.preparation",
    "tsalab.sandbox.machines.estate",
    "tsalab.sandbox.control.server",
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    "hypercorn.asyncio",
)
# Whose models a lab, its start state and the sandbox's pipeline read.
SERVICES = (
    "cloudformation",
    "cloudfront",
    "codecommit",
    "codepipeline",
    "ec2",
    "iam",
    "rds",
    "s3",
    "secretsmanager",
    "sts",
)
_REQUEST_SECONDS = 10.0
_MOST_FILES = 64
_HIGH = 200  # descriptors are kept from here on until each has its own number

Entry = Callable[[], None]


def main(listening: int) -> Entry | None:
    """Load, then fork as told; returns what to do in each fork, and None in the nursery at its end."""
    runner.load()
    for name in MODULES:
        importlib.import_module(name)
    load_models(SERVICES)
    gc.collect()
    gc.freeze()  # a collection in a fork would write to every page
    return _Nursery(socket.socket(fileno=listening)).serve()


@dataclass(frozen=True)
class _Child:
    pid: int
    descriptor: int
    asker: socket.socket


class _Nursery:
    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        self._listener.setblocking(True)
        self._selector = selectors.DefaultSelector()
        self._children: set[_Child] = set()
        self._selector.register(listener, selectors.EVENT_READ)
        self._selector.register(0, selectors.EVENT_READ)  # it is open for as long as we are wanted
        self._wanted = True

    def serve(self) -> Entry | None:
        while self._wanted or self._children:
            events = self._selector.select(None if self._children else IDLE_SECONDS)
            if not events and not self._children:
                return None
            for key, _ in events:
                if key.fileobj is self._listener:
                    if entry := self._answer():
                        return entry
                elif key.fileobj == 0:
                    self._wanted = False
                    self._selector.unregister(0)
                else:
                    self._conclude(key.data)
        return None

    def _answer(self) -> Entry | None:
        connection, _ = self._listener.accept()
        connection.settimeout(_REQUEST_SECONDS)
        files: list[int] = []
        try:
            if not is_ours(connection):
                raise PermissionError
            first, files, _, _ = socket.recv_fds(connection, HEADER.size, _MOST_FILES)
            (size,) = HEADER.unpack(first)
            told = json.loads(_exactly(connection, size))
        except (OSError, ValueError, struct.error):
            told = None
        if told is None or not fits([sys.executable, *told["argv"]], told["env"]):
            connection.close()  # whoever asked starts it as usual
            entry = None
        else:
            entry = self._fork(connection, told, files)
        if entry is None:
            for descriptor in files:
                os.close(descriptor)
        return entry

    def _fork(self, connection: socket.socket, told: dict[str, Any], files: list[int]) -> Entry | None:
        pid = os.fork()
        if not pid:
            self._forget()
            connection.close()
            return lambda: become(told["argv"], told["env"], told["cwd"], files, told["pass_fds"])
        child = _Child(pid, os.pidfd_open(pid), connection)
        self._children.add(child)
        self._selector.register(child.descriptor, selectors.EVENT_READ, child)
        with suppress(OSError):  # who asked is gone: it has ended, and so will what we have forked
            socket.send_fds(connection, [HEADER.pack(pid)], [child.descriptor])
        return None

    def _forget(self) -> None:
        """In a fork: close what is the nursery's own."""
        self._selector.close()
        self._listener.close()
        for child in self._children:
            child.asker.close()
            os.close(child.descriptor)

    def _conclude(self, child: _Child) -> None:
        _, status = os.waitpid(child.pid, 0)
        self._selector.unregister(child.descriptor)
        self._children.remove(child)
        os.close(child.descriptor)
        with suppress(OSError):
            child.asker.sendall(STATUS.pack(os.waitstatus_to_exitcode(status)))
        child.asker.close()


def _exactly(connection: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        more = connection.recv(size - len(found))
        if not more:
            raise ConnectionResetError
        found += more
    return found


def become(
    argv: Sequence[str], env: Mapping[str, str], cwd: str, files: Sequence[int], numbers: Sequence[int]
) -> None:
    """Be what ``python`` with some arguments would be, and end as it.

    Parameters
    ----------
    argv
        ``-m``, a module, its arguments.
    env
        The whole environment.
    cwd
        Working directory.
    files
        Descriptors: the three standard streams, then what is passed.
    numbers
        The numbers that the passed ones are to have.
    """
    os.setsid()
    high = [fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, _HIGH) for descriptor in files]
    for descriptor in files:
        os.close(descriptor)
    for descriptor, number in zip(high, (0, 1, 2, *numbers), strict=True):
        os.dup2(descriptor, number, inheritable=True)
        os.close(descriptor)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    wear([sys.executable, *argv], env)
    if not sys.flags.safe_path:
        sys.path[0] = cwd
    sys.argv = ["-m", *argv[2:]]
    runpy.run_module(argv[1], run_name="__main__", alter_sys=True)


def wear(argv: Sequence[str], env: Mapping[str, str]) -> None:
    """Let ``/proc`` say of this process what it would say of one that was started anew.

    By its environment a process is known as a learner's or a sandbox's, by its command line as
    what it is; the kernel reads both from where the stack of the process began (proc(5)). No
    string of the C library's environment lies there any more, once each was set again.
    """
    arguments, arguments_end, environment, environment_end = _places()
    # One text with a NUL behind it and another byte at the end: setproctitle(3)'s own form.
    _write(arguments, arguments_end - 1, _line(argv))
    ctypes.memset(arguments_end - 1, ord("."), 1)
    _write(environment, environment_end, _block(env))


def fits(argv: Sequence[str], env: Mapping[str, str]) -> bool:
    """Whether `wear` has room for them; of a command line the kernel shows a page and no more."""
    arguments, arguments_end, environment, environment_end = _places()
    room = min(arguments_end - arguments, resource.getpagesize()) - 2
    return len(_line(argv)) <= room and len(_block(env)) <= environment_end - environment


def _places() -> tuple[int, int, int, int]:
    """Addresses of the arguments and of the environment: where each begins and ends."""
    fields = Path("/proc/self/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    arguments, arguments_end, environment, environment_end = (int(fields[n]) for n in range(45, 49))
    return arguments, arguments_end, environment, environment_end


def _line(argv: Sequence[str]) -> bytes:
    return b" ".join(map(os.fsencode, argv))


def _block(env: Mapping[str, str]) -> bytes:
    return b"".join(os.fsencode(f"{name}={value}") + b"\0" for name, value in env.items())


def _write(begin: int, end: int, content: bytes) -> None:
    ctypes.memset(begin, 0, end - begin)
    ctypes.memmove(begin, content, len(content))


if __name__ == "__main__":
    todo = main(int(sys.argv[1]))
    if todo:
        todo()
