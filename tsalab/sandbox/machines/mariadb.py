"""One real MariaDB server: started, watched, stopped, its data in a folder of its own.

It listens on a Unix socket in the sandbox's private runtime folder and, where asked to, on
one loopback port. Accounts are set by a start-up file before the first connection is
taken, so no server ever stands open with an empty root password.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import psutil
import pymysql.converters

from tsalab.errors import SandboxError
from tsalab.files import write_private
from tsalab.sandbox import news, processes
from tsalab.sandbox.folder import Folder
from tsalab.sandbox.machines import datadir, programs

# Between two looks whether a starting server answers: it takes 100 to 400 ms.
_LOOK = 0.008
# A server that ends this often within the time is given up, as systemd does.
_RESTARTS, _WITHIN = 5, 10.0
_STOP_GRACE, _ASK_AGAIN = 10.0, 0.25


def quote(text: str) -> str:
    """`text` as an SQL string, on one line (a start-up file has a statement a line)."""
    return "'" + str(pymysql.converters.escape_string(text)) + "'"


class MariaDB:
    """A MariaDB server of the sandbox. Its coroutines run on the estate's loop.

    Parameters
    ----------
    folder
        The sandbox.
    label
        What it is called in messages and in its process's environment.
    home
        Folder of its data, configuration and log.
    socket
        Unix socket, at most 100 characters.
    port
        Loopback port, or None for the socket alone.
    settings
        More lines of its configuration.
    more
        Folder of option files that are read besides, as ``/etc/my.cnf.d`` is; None for none.
    """

    def __init__(
        self,
        folder: Folder,
        label: str,
        home: Path,
        socket: Path,
        *,
        port: int | None = None,
        settings: Sequence[str] = (),
        more: Path | None = None,
    ) -> None:
        self.folder, self.label, self.home, self.socket, self.port = folder, label, home, socket, port
        self.data = home / "data"
        self.log = home / "mariadbd.log"
        self.started_at = 0.0
        self.failed = False
        self.on_exit: Callable[[], None] | None = None
        self._settings, self._more = tuple(settings), more
        self._process: psutil.Popen | None = None
        self._ended: asyncio.Event | None = None
        self._wanted = self._greeted = False
        self._lock = asyncio.Lock()
        self._recent: list[float] = []
        self._again: asyncio.Task[None] | None = None

    @property
    def running(self) -> bool:
        """Whether the process lives (it may still be starting)."""
        return self._ended is not None and not self._ended.is_set()

    @property
    def pid(self) -> int | None:
        """Process id, while it runs."""
        return self._process.pid if self.running and self._process is not None else None

    @property
    def exists(self) -> bool:
        """Whether there is a data folder."""
        return self.data.is_dir()

    async def create(self, first: Sequence[str], data: Path | None = None) -> None:
        """Make the data folder, and keep SQL for its first start.

        Parameters
        ----------
        first
            Statements that may run twice, one a line; the file is private and removed after them.
        data
            Data folder to begin with instead of an empty one.
        """
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.home.chmod(0o700)
        write_private(self._first, "".join(f"{statement};\n" for statement in first))
        if not self.exists:
            source = await asyncio.to_thread(datadir.prepared) if data is None else data
            await asyncio.to_thread(datadir.copy, source, self.data)

    @property
    def _first(self) -> Path:
        return self.home / "first.sql"

    async def start(self) -> None:
        """Start it and return when it takes connections; nothing when it already does.

        Raises
        ------
        SandboxError
            When it ends instead, with its last words.
        """
        async with self._lock:
            self._wanted = True
            self.failed = False
            fresh = not self.running
            if fresh:
                self._spawn()
            try:
                await self._ready()
            except SandboxError:
                if fresh:
                    raise
                self._spawn()  # it was killed just now, and nobody had noticed yet
                await self._ready()

    async def stop(self) -> None:
        """End it cleanly and return when it is gone."""
        self._wanted = False
        async with self._lock:
            await self._stop()

    async def _stop(self) -> None:
        if self._process is None or self._ended is None:
            return
        if self._greeted:
            with suppress(psutil.NoSuchProcess):
                self._process.terminate()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), _STOP_GRACE)
        # A server that is still starting hangs when it is told to end (10.11); it has nothing
        # that its next start would not do again.
        with suppress(psutil.NoSuchProcess):
            self._process.kill()
        await self._ended.wait()

    async def frozen_copy(self, target: Path) -> None:
        """Copy the data as of one instant, while connections stay open.

        The process is stopped (SIGSTOP) for the copy, so the files are what a power cut
        would leave; InnoDB and Aria recover from that when the copy is started.
        """
        async with self._lock:
            process = self._process if self.running else None
            if process is not None:
                process.suspend()
            try:
                await asyncio.to_thread(datadir.copy, self.data, target)
            finally:
                if process is not None:
                    with suppress(psutil.NoSuchProcess):
                        process.resume()

    def _configuration(self) -> str:
        network = ["skip-networking"]
        if self.port is not None:
            network = ["bind-address=127.0.0.1", f"port={self.port}"]
        lines = (
            f"datadir={self.data}",
            f"socket={self.socket}",
            f"pid-file={self.home}/mariadbd.pid",
            f"tmpdir={self.home}",  # in a shared one, servers of several sandboxes meet
            *network,
            *(option.removeprefix("--") for option in datadir.LAYOUT),
            # Small and quick: 42 MB of memory instead of 104, no buffer pool files to write. The caches
            # for Aria and MyISAM would have tables of 128 MB each; they hold temporary tables here.
            "performance_schema=OFF",
            "aria_pagecache_buffer_size=8M",
            "key_buffer_size=1M",
            "innodb_buffer_pool_load_at_startup=OFF",
            "innodb_buffer_pool_dump_at_shutdown=OFF",
            "max_allowed_packet=64M",
            "character-set-server=utf8mb4",
            # Whoever reaches the socket, the endpoint's proxy too, is our own user: a login by
            # Unix user would let everybody in.
            "unix_socket=OFF",
            *self._settings,
        )
        # Read last, as Amazon Linux does: what somebody puts there counts for more.
        besides = f"!includedir {self._more}\n" if self._more is not None and self._more.is_dir() else ""
        return "[mariadbd]\n" + "\n".join(lines) + "\n" + besides

    def _spawn(self) -> None:
        configuration = self.home / "mariadbd.cnf"
        write_private(configuration, self._configuration())
        argv = [str(programs.mariadbd()), f"--defaults-file={configuration}", *datadir.as_user()]
        if self._first.exists():
            argv.append(f"--init-file={self._first}")
        self.socket.unlink(missing_ok=True)
        self._process = processes.spawn(
            argv,
            folder=self.folder,
            env={"PATH": programs.host_path(), "TSALAB_MACHINE": self.label},
            cwd=self.data,
            log=self.log,
        )
        self._greeted = False
        self.started_at = time.time()
        self._ended = asyncio.Event()
        watcher = threading.Thread(
            target=_watch,
            args=(self._process, asyncio.get_running_loop(), self._gone, self._ended),
            name=f"watch {self.label}",
            daemon=True,
        )
        watcher.start()

    async def _ready(self) -> None:
        while True:
            if self._ended is None or self._ended.is_set():
                self.failed = True
                raise SandboxError.database_failed(self.label, last_words(self.log), str(self.log))
            if await self._answers():
                break
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ended.wait(), _LOOK)
        if not self._greeted:
            news.tell("database", server=self.label, state="started")
        self._greeted = True
        self._first.unlink(missing_ok=True)

    async def _answers(self) -> bool:
        """Whether a server greets us (protocol 10) on the socket."""
        try:
            reader, writer = await asyncio.open_unix_connection(str(self.socket))
        except OSError:
            return False
        try:
            head = await reader.readexactly(5)
        except (OSError, asyncio.IncompleteReadError):
            return False
        finally:
            writer.close()
        return head[4] == 10

    def _gone(self, ended: asyncio.Event) -> None:
        """The process ended: say so, and start it again when nobody asked for that."""
        ended.set()
        if ended is not self._ended:
            return
        news.tell("database", server=self.label, state="ended" if self._wanted else "stopped")
        if self.on_exit is not None:
            self.on_exit()
        if not self._wanted or not self._greeted:
            return  # asked for, or its start fails and says so
        now = time.monotonic()
        self._recent = [moment for moment in self._recent if now - moment < _WITHIN] + [now]
        if len(self._recent) >= _RESTARTS:
            self.failed = True
            return
        self._again = asyncio.get_running_loop().create_task(self._restart())

    async def _restart(self) -> None:
        if self._wanted:
            with suppress(SandboxError):  # `failed` says it, and the log has the reason
                await self.start()


def _watch(
    process: psutil.Popen,
    loop: asyncio.AbstractEventLoop,
    gone: Callable[[asyncio.Event], None],
    ended: asyncio.Event,
) -> None:
    process.wait()
    with suppress(RuntimeError):  # the loop is closed: the sandbox went down first
        loop.call_soon_threadsafe(gone, ended)


def last_words(log: Path) -> str:
    """Last errors of a server's log, or its last line."""
    if not log.exists():
        return "nothing"
    lines = [
        line.strip() for line in log.read_text("utf-8", errors="replace").splitlines()[-60:] if line.strip()
    ]
    errors = [line for line in lines if "[ERROR]" in line and "Aborting" not in line]
    return " ".join(errors[-2:] or lines[-1:])[-500:] or "nothing"
