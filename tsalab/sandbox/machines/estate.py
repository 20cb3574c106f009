"""The machines of one sandbox: a thread with its own event loop, and a blocking face.

The control plane serves requests on the main thread's loop and calls the estate from
worker threads; whatever the estate does (SSH, relays, CloudFront's edge) runs on this loop,
so that a busy machine never delays an API call.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

import psutil

from tsalab.errors import SandboxError
from tsalab.sandbox import processes
from tsalab.sandbox.clock import Clock
from tsalab.sandbox.folder import Folder
from tsalab.sandbox.machines.databases import Databases
from tsalab.sandbox.machines.edge import Edge
from tsalab.sandbox.machines.firewall import Firewall
from tsalab.sandbox.machines.gitserver import GitServer
from tsalab.sandbox.machines.routes import Routes
from tsalab.sandbox.machines.webservers import WebServers
from tsalab.sandbox.ports import Ports

T = TypeVar("T")
logger = logging.getLogger(__name__)


class Estate:
    """Every machine of a sandbox.

    Parameters
    ----------
    folder, ports
        The sandbox.

    Attributes
    ----------
    routes
        Where names inside the sandbox's network really are.
    firewall
        Who may connect to what in it.
    servers, databases, edge, git
        The machines, by kind.
    """

    def __init__(self, folder: Folder, ports: Ports) -> None:
        self.folder, self.ports = folder, ports
        self.clock = Clock(folder)
        self.routes = Routes(folder.path("routes.json"))
        self.firewall = Firewall()
        self.servers = WebServers(self)
        self.databases = Databases(self)
        self.git = GitServer(folder.path("repositories"))
        self.edge = Edge(ports, self.run, self.servers.http_address)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop that machines run on.

        Raises
        ------
        SandboxError
            When the estate is not started.
        """
        if self._loop is None:
            raise SandboxError.estate_down()
        return self._loop

    def start(self) -> None:
        """Start the thread, and end what an earlier, killed supervisor left behind."""
        ready = threading.Event()

        def main() -> None:
            loop = asyncio.new_event_loop()
            # Copies of data folders, npm and databases block threads: allow a few at once.
            loop.set_default_executor(ThreadPoolExecutor(16, "estate-worker"))
            self._loop = loop
            loop.call_soon(ready.set)
            try:
                loop.run_forever()
            finally:
                loop.run_until_complete(_end_tasks())
                loop.run_until_complete(loop.shutdown_asyncgens())
                loop.run_until_complete(loop.shutdown_default_executor())
                loop.close()

        end_leftovers(self.folder)
        self._thread = threading.Thread(target=main, name="estate", daemon=True)
        self._thread.start()
        ready.wait()
        self.run(self._open())

    async def _open(self) -> None:
        await asyncio.gather(self.servers.open(), self.git.start(self.ports.get("git")))
        self.servers.set_git_url(self.git.url)

    def stop(self) -> None:
        """Stop every machine cleanly, then the thread. Data and states stay as they are."""
        if self._thread is None or self._loop is None:
            return
        try:
            self.run(self._stop())
        finally:
            loop, self._loop = self._loop, None
            loop.call_soon_threadsafe(loop.stop)
            self._thread.join()
            self._thread = None

    async def _stop(self) -> None:
        await asyncio.gather(
            self.servers.stop_all(), self.databases.stop_all(), self.git.stop(), self.edge.stop()
        )
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the estate's loop and wait for its result. From any other thread.

        Raises
        ------
        SandboxError
            When the estate is not started.
        """
        if self._thread is not None and threading.current_thread() is self._thread:
            work.close()
            message = "Estate.run would wait for itself: await the coroutine instead"
            raise RuntimeError(message)
        return self.submit(work).result()

    def submit(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Begin a coroutine on the estate's loop. From any thread.

        Raises
        ------
        SandboxError
            When the estate is not started.
        """
        if self._loop is None:
            work.close()
            raise SandboxError.estate_down()
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def background(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run a coroutine on the loop for itself; a failure is logged. On the estate's loop."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("in the background: %s", error, exc_info=error)


async def _end_tasks() -> None:
    """End what still runs on the loop, so that every connection is closed before it is."""
    while tasks := asyncio.all_tasks() - {asyncio.current_task()}:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    await asyncio.sleep(0)  # closed transports let go of their sockets one turn later


def end_leftovers(folder: Folder) -> None:
    """End machine processes that outlived their supervisor, so that they can start anew."""

    def is_machine(process: psutil.Process) -> bool:
        try:
            return "TSALAB_MACHINE" in process.environ()
        except psutil.Error:
            return False

    processes.end([process for process in processes.members(folder) if is_machine(process)])
