"""Python processes of our own, forked from one that has loaded everything.

To start one anew takes a second of imports and 50 MB, and a learner of a batch has four of them. A
*nursery* is a process that has imported what they need and does nothing but fork: the pages are
shared, and nothing is loaded again. Whoever runs below one finds it by an environment variable;
where there is none, or it has ended, a process is started as usual, and all goes on as well.

The nursery listens on a Unix socket without a file, that answers our own user alone. It forks as
told, hands over a descriptor of the process (so that a signal never meets another one), and says
how it ended. It ends when whoever opened it is gone and its last child has ended. See
`tsalab.commands.nursery` for its side.
"""

from __future__ import annotations

import json
import os
import secrets
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

VARIABLE = "TSALAB_NURSERY"
IDLE_SECONDS = 60.0
"""A nursery without children that nobody asks for so long ends; the next who needs one opens another."""
LOST = 255
"""Status of a process that nobody can tell any more: its nursery was killed before it ended."""
# A heap for each of a process's threads costs 15 MB a learner, and wins nothing.
SMALL = {"MALLOC_ARENA_MAX": "2"}
MODULE = "tsalab.commands.nursery"
HEADER = struct.Struct("!I")
STATUS = struct.Struct("!i")
_ROOM = 8192  # bytes of the argument behind which a forked process's own command line finds place
_ANSWER_SECONDS = 60.0  # the first answer waits for the imports
_PEER = struct.Struct("3i")  # struct ucred: pid, uid, gid


class Nursery:
    """One nursery, opened on first use and again when it has ended. A context manager; thread-safe.

    On other systems than Linux nothing is forked: each process is started anew.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._address = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let it end, with its last child."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            self._process.wait()
            self._process = None

    @property
    def pid(self) -> int | None:
        """Its process, if there is one now."""
        return self._process.pid if self._process is not None else None

    def environment(self) -> dict[str, str]:
        """The variable by which processes below find it; it is opened when there is none."""
        if sys.platform != "linux":
            return {}
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                self._close()
                self._open()
            return {VARIABLE: self._address}

    def _open(self) -> None:
        address = f"@tsalab-{secrets.token_hex(12)}"
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(_path(address))
            listener.listen(64)
            self._process = subprocess.Popen(
                [sys.executable, "-m", MODULE, str(listener.fileno()), "-" * _ROOM],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                env=SMALL | os.environ | {"TSALAB_NURSERY_ROOM": "-" * _ROOM},
                start_new_session=True,
                pass_fds=[listener.fileno()],
            )
        self._address = address


def _path(address: str) -> str:
    return "\0" + address.removeprefix("@")


def start(
    argv: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: str | os.PathLike[str] | None = None,
    stdin: int | IO[Any] | None = None,
    stdout: int | IO[Any] | None = None,
    stderr: int | IO[Any] | None = None,
    pass_fds: Sequence[int] = (),
    new_session: bool = True,
) -> subprocess.Popen[str] | Forked:
    """Start ``python`` with some arguments.

    Parameters
    ----------
    argv
        What follows ``python``: ``-m``, a module, its arguments. Never a secret.
    env
        The whole environment (default: ours). The nursery is the one that it names.
    cwd
        Working directory (default: ours).
    stdin, stdout, stderr, pass_fds
        As for `subprocess.Popen`; pipes are text.
    new_session
        Whether it is to have a session of its own. What is forked has one always.

    Returns
    -------
    subprocess.Popen or Forked
        They behave alike.

    Raises
    ------
    OSError
        When it cannot be started.
    """
    told = dict(os.environ if env is None else env)
    place = str(cwd or Path.cwd())
    with _Streams(stdin, stdout, stderr) as streams:
        if argv[:1] == ["-m"] and (address := told.get(VARIABLE)):
            request = {"argv": list(argv), "env": told, "cwd": place, "pass_fds": list(pass_fds)}
            if forked := _forked(address, request, streams, pass_fds):
                return forked
        return subprocess.Popen(
            [sys.executable, *argv],
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            env=told,
            cwd=place,
            start_new_session=new_session,
            pass_fds=pass_fds,
            text=True,
            encoding="utf-8",
        )


class _Streams:
    """The three standard streams of a process to be forked: theirs, and our ends of pipes."""

    def __init__(self, *given: int | IO[Any] | None) -> None:
        self._given = given
        self.theirs: list[int] = []
        self.ours: list[IO[str] | None] = [None, None, None]
        self._opened: list[int] = []

    def open(self) -> None:
        for number, stream in enumerate(self._given):
            if stream == subprocess.PIPE:
                read, write = os.pipe()
                their, our, mode = (read, write, "w") if number == 0 else (write, read, "r")
                self.ours[number] = os.fdopen(our, mode, encoding="utf-8")
                self._opened.append(their)
            elif stream == subprocess.DEVNULL:
                their = os.open(os.devnull, os.O_RDWR)
                self._opened.append(their)
            elif stream is None:
                their = number
            else:
                their = stream if isinstance(stream, int) else stream.fileno()
            self.theirs.append(their)

    def discard(self) -> None:
        """Close our ends too: nobody was forked."""
        for stream in self.ours:
            if stream is not None:
                stream.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for descriptor in self._opened:
            os.close(descriptor)


def _forked(
    address: str, request: dict[str, Any], streams: _Streams, pass_fds: Sequence[int]
) -> Forked | None:
    """What a nursery forks; None when it is no longer there."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(_ANSWER_SECONDS)
        connection.connect(_path(address))
        if not is_ours(connection):
            raise ConnectionRefusedError(address)
        streams.open()
        body = json.dumps(request).encode()
        sent = socket.send_fds(connection, [HEADER.pack(len(body)) + body], [*streams.theirs, *pass_fds])
        connection.sendall((HEADER.pack(len(body)) + body)[sent:])
        answer, descriptors, _, _ = socket.recv_fds(connection, HEADER.size, 1)
        if len(answer) != HEADER.size or len(descriptors) != 1:
            raise ConnectionResetError(address)
    except OSError:
        connection.close()
        streams.discard()
        return None
    connection.settimeout(None)
    return Forked(connection, HEADER.unpack(answer)[0], descriptors[0], streams.ours)


def is_ours(connection: socket.socket) -> bool:
    """Whether the other side of a Unix socket is of our own user."""
    answer = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size)
    return bool(_PEER.unpack(answer)[1] == os.getuid())


class Forked:
    """A process that a nursery has forked for us; used like a `subprocess.Popen`. Thread-safe.

    Parameters
    ----------
    connection
        To the nursery, which says on it how the process ended.
    pid, descriptor
        Of the process.
    streams
        Our ends of its pipes.
    """

    def __init__(
        self, connection: socket.socket, pid: int, descriptor: int, streams: Sequence[IO[str] | None]
    ) -> None:
        self.pid = pid
        self.returncode: Any = None  # a status, once it has ended; as subprocess declares it
        self.stdin, self.stdout, self.stderr = streams
        self._connection, self._descriptor = connection, descriptor
        self._orphaned = False
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for stream in (self.stdout, self.stderr, self.stdin):
            if stream is not None:
                with suppress(BrokenPipeError):
                    stream.close()
        self.wait()

    def poll(self) -> int | None:
        """Its status when it has ended, else None."""
        with self._lock:
            if self.returncode is None and not self._orphaned and _readable(self._connection.fileno(), 0.0):
                self._hear()
            if self.returncode is None and self._orphaned and _readable(self._descriptor, 0.0):
                self._conclude(LOST)
            status: int | None = self.returncode
        return status

    def wait(self, timeout: float | None = None) -> int:
        """Its status, when it has ended.

        Raises
        ------
        subprocess.TimeoutExpired
            When it has not, after `timeout` seconds.
        """
        while (status := self.poll()) is None:
            if not _readable(self._descriptor if self._orphaned else self._connection.fileno(), timeout):
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0.0)
        return status

    def _hear(self) -> None:
        said = self._connection.recv(STATUS.size, socket.MSG_WAITALL)
        if len(said) == STATUS.size:
            self._conclude(STATUS.unpack(said)[0])
        else:
            self._orphaned = True  # its nursery was killed; the process goes on

    def _conclude(self, status: int) -> None:
        self.returncode = status
        self._connection.close()
        os.close(self._descriptor)

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            with self._lock, suppress(ProcessLookupError):
                if self.returncode is None:
                    signal.pidfd_send_signal(self._descriptor, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Make it end."""
        self.send_signal(signal.SIGKILL)


def _readable(descriptor: int, seconds: float | None) -> bool:
    waiting = select.poll()
    waiting.register(descriptor, select.POLLIN)
    return bool(waiting.poll(None if seconds is None else seconds * 1000))
