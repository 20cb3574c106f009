"""One Aurora cluster: a real MariaDB behind its endpoint, awake or asleep."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

import pymysql

from tsalab.sandbox.clock import Clock
from tsalab.sandbox.folder import write_json
from tsalab.sandbox.machines import endpoint, grants
from tsalab.sandbox.machines.mariadb import MariaDB, quote

logger = logging.getLogger(__name__)


class State(StrEnum):
    """What a cluster begins to be, or has just become."""

    PAUSING = "pausing"
    KEPT_AWAKE = "kept awake"
    PAUSED = "paused"
    RESUMING = "resuming"
    RESUMED = "resumed"


class Endpoint(NamedTuple):
    """Where a cluster takes connections."""

    host: str
    port: int


@dataclass
class Cluster:
    """A cluster that runs or sleeps. Methods run on the estate's loop.

    Parameters
    ----------
    id
        Its identifier.
    home
        Its folder.
    server, endpoint
        The database, and what leads to it.
    facts
        What outlives the process.
    background
        Runs a coroutine for itself.
    clock
        Says how long an awakening takes.
    tell
        Called with what it begins to be, and has become.
    """

    id: str
    home: Path
    server: MariaDB
    endpoint: endpoint.Endpoint
    facts: dict[str, Any] = field(repr=False)
    background: Callable[[Coroutine[Any, Any, Any]], object] = field(repr=False)
    clock: Clock = field(repr=False)
    tell: Callable[[State], None] = field(repr=False)
    waking: asyncio.Task[None] | None = None

    @property
    def address(self) -> Endpoint:
        """Where it takes connections."""
        return Endpoint("127.0.0.1", self.endpoint.port)

    @property
    def is_paused(self) -> bool:
        """Whether it sleeps."""
        return bool(self.facts["paused"])

    def save(self) -> None:
        """Write down what outlives the process."""
        write_json(self.home / "cluster.json", self.facts)

    def arm(self) -> None:
        """Let the endpoint say when nobody has been there for long enough."""
        seconds = self.facts["auto_pause"]
        idle = None
        if seconds is not None and not self.is_paused:

            def idle() -> None:
                self.background(self._pause_idle())

        self.endpoint.when_idle(seconds, idle)

    async def _pause_idle(self) -> None:
        """Pause, unless somebody has come since it was found idle."""
        if self.endpoint.connections:
            self.tell(State.PAUSING)
            self.tell(State.KEPT_AWAKE)
            return
        await self.pause()

    async def pause(self) -> None:
        """Stop the server; the next connection wakes it."""
        self.tell(State.PAUSING)
        await self.stop_waking()
        self.facts["paused"] = True
        self.save()
        self.endpoint.drop()
        await self.server.stop()
        self.tell(State.PAUSED)

    async def wake(self) -> None:
        """Return when the server runs; a paused one takes its time."""
        if not self.is_paused:
            await self.server.start()
            return
        if self.waking is None:  # whoever comes meanwhile waits for the same awakening
            self.waking = asyncio.get_running_loop().create_task(self._awaken())
        # A client that loses patience and leaves does not put the cluster to sleep again.
        await asyncio.shield(self.waking)

    async def _awaken(self) -> None:
        logger.info("cluster %s is resuming", self.id)
        self.tell(State.RESUMING)
        try:
            await asyncio.sleep(self.clock.times.resume_seconds)
            await self.server.start()
            self.facts["paused"] = False
            self.save()
            self.arm()
        finally:
            self.waking = None
        logger.info("cluster %s resumed", self.id)
        self.tell(State.RESUMED)

    async def stop_waking(self) -> None:
        """Give up an awakening; those who wait for it are turned away."""
        if self.waking is not None:
            self.waking.cancel()
            await asyncio.gather(self.waking, return_exceptions=True)

    async def set_auto_pause(self, seconds: float | None) -> None:
        """Pause after so long without a connection; None: never."""
        self.facts["auto_pause"] = seconds
        self.save()
        self.arm()

    async def set_password(self, password: str) -> None:
        """Give the master user another password."""
        await self.wake()
        user = quote(self.facts["username"])
        await self.as_keeper(f"ALTER USER {user}@'%' IDENTIFIED BY {quote(password)}")

    async def as_keeper(self, statement: str) -> None:
        """Execute a statement as the sandbox's own user, who may everything."""

        def run() -> None:
            connection = pymysql.connect(
                unix_socket=str(self.server.socket), user=grants.KEEPER, password=self.facts["keeper"]
            )
            with connection, connection.cursor() as cursor:
                cursor.execute(statement)

        await asyncio.to_thread(run)
