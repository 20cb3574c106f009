"""A few connections to one database, each on a thread, that do jobs; the first error ends all.

The queue is short: whoever puts jobs in waits when the writers cannot keep up, which is all
the back-pressure there is, and bounds the memory.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

import pymysql

from tsalab.migrate.login import Connection, Login, connect, kill

Job = Callable[[Connection], None]
_TURN = 0.05  # seconds between two calls of `tick` while waiting


class Pool:
    """Does jobs on connections of their own; use it in a ``with`` block.

    Left by an error (Ctrl-C too), it ends what its connections do on the server.

    Parameters
    ----------
    login
        The database.
    size
        Connections.
    prepare
        Sets a new connection up.
    tick
        Called in the caller's thread, often, while it waits.
    """

    def __init__(
        self, login: Login, size: int, prepare: Callable[[Connection], None], tick: Callable[[], None]
    ) -> None:
        self._login, self._size, self._prepare, self._tick = login, size, prepare, tick
        self._jobs: deque[Job] = deque()
        self._urgent: deque[Job] = deque()
        self._changed = threading.Condition()
        self._unfinished = 0
        self._closed = False
        self._error: BaseException | None = None
        self._connections: list[Connection] = []
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        try:
            for _ in range(self._size):
                connection = connect(self._login)
                self._connections.append(connection)
                self._prepare(connection)
        except BaseException:
            self._close_connections()
            raise
        for number, connection in enumerate(self._connections):
            thread = threading.Thread(
                target=self._work, args=(connection,), name=f"writer-{number}", daemon=True
            )
            self._threads.append(thread)
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changed:
            self._closed = True
            self._jobs.clear()
            self._urgent.clear()
            self._changed.notify_all()
        if kind is not None:
            self._interrupt()
        for thread in self._threads:
            thread.join()
        self._close_connections()

    def put(self, job: Job) -> None:
        """Have a job done; waits while as many wait as there are connections.

        Raises
        ------
        BaseException
            The first error of any job.
        """
        self._until(lambda: len(self._jobs) < self._size)
        with self._changed:
            self._jobs.append(job)
            self._unfinished += 1
            self._changed.notify_all()

    def put_first(self, job: Job) -> None:
        """Have a job done before all that wait. From any thread; never waits."""
        with self._changed:
            self._urgent.append(job)
            self._unfinished += 1
            self._changed.notify_all()

    def wait(self) -> None:
        """Wait until every job is done.

        Raises
        ------
        BaseException
            The first error of any job.
        """
        self._until(lambda: self._unfinished == 0)

    def check(self) -> None:
        """Raise the first error of any job, if there is one."""
        self._until(lambda: True)

    @property
    def closed(self) -> bool:
        """Whether no more jobs are done: all are, or one failed."""
        return self._closed

    def _until(self, condition: Callable[[], bool]) -> None:
        while True:
            self._tick()
            with self._changed:
                if self._error is not None:
                    raise self._error
                if condition():
                    return
                self._changed.wait(_TURN)

    def _work(self, connection: Connection) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._jobs or self._urgent or self._closed)
                if not self._jobs and not self._urgent:
                    return
                job = (self._urgent or self._jobs).popleft()
                self._changed.notify_all()
            try:
                job(connection)
            except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
                with self._changed:
                    self._error = self._error or error
                    self._closed = True
            finally:
                with self._changed:
                    self._unfinished -= 1
                    self._changed.notify_all()

    def _interrupt(self) -> None:
        """End statements that run: closing a socket alone would let an ALTER go on to its end."""
        for connection in self._connections:
            if connection.open:
                kill(self._login, int(connection.thread_id()))  # type: ignore[no-untyped-call]

    def _close_connections(self) -> None:
        for connection in self._connections:
            if connection.open:
                with suppress(pymysql.err.Error, OSError):  # the server may have ended it first
                    connection.close()
