"""Aurora clusters: a real MariaDB each, behind an endpoint that wakes it.

The server has no port of its own: only the endpoint leads to it.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from tsalab import settings
from tsalab.errors import SandboxError
from tsalab.messages import say
from tsalab.sandbox.folder import read_json, write_json
from tsalab.sandbox.ledger import rows
from tsalab.sandbox.machines import endpoint, grants
from tsalab.sandbox.machines.authority import Authority
from tsalab.sandbox.machines.cluster import Cluster, Endpoint, State
from tsalab.sandbox.machines.mariadb import MariaDB
from tsalab.sandbox.machines.relay import Half

if TYPE_CHECKING:
    from tsalab.sandbox.machines.estate import Estate

logger = logging.getLogger(__name__)


class Databases:
    """Every cluster of one sandbox. Methods block and may be called from any thread.

    Parameters
    ----------
    estate
        The machines of the sandbox.

    Attributes
    ----------
    names_of
        Set by the control plane: what a cluster's endpoints are called, for clusters that an
        older sandbox made.
    on_state
        Set by the control plane: called, on the estate's loop, when a cluster pauses or wakes.
    """

    def __init__(self, estate: Estate) -> None:
        self._estate = estate
        self.names_of: Callable[[str], Sequence[str]] = lambda _cluster_id: ()
        self.on_state: Callable[[str, State], None] = lambda _cluster_id, _state: None
        self._clusters: dict[str, Cluster] = {}

    # -- what the control plane asks for ------------------------------------------------

    def create(
        self,
        cluster_id: str,
        *,
        username: str,
        password: str,
        database: str | None,
        names: Sequence[str] = (),
    ) -> Endpoint:
        """Create a cluster; return when it takes connections.

        Parameters
        ----------
        cluster_id
            Its identifier, unique in the sandbox.
        username, password
            The master user.
        database
            Database to create in it, if any.
        names
            What its endpoints are called, for its certificate; without them it has no TLS.

        Raises
        ------
        SandboxError
            When there is such a cluster, or the server does not start.
        """
        return self._estate.run(self._create(cluster_id, username, password, database, names))

    def delete(self, cluster_id: str) -> None:
        """Delete a cluster with its data; an unknown one is no error."""
        self._estate.run(self._delete(cluster_id))

    def pause(self, cluster_id: str) -> None:
        """Stop a cluster's server; the next connection wakes it."""
        self._estate.run(self._get(cluster_id).pause())

    def resume(self, cluster_id: str) -> None:
        """Wake a cluster."""
        self._estate.run(self._get(cluster_id).wake())

    def wake_soon(self, cluster_id: str) -> None:
        """Begin to wake a cluster, as a connection would, and wait for nothing."""
        cluster = self._get(cluster_id)
        self._estate.loop.call_soon_threadsafe(lambda: self._estate.background(cluster.wake()))

    @contextmanager
    def held(self, cluster_id: str) -> Iterator[None]:
        """Keep a cluster awake as an open connection does, for those that come past its endpoint."""
        cluster = self._get(cluster_id)
        loop = self._estate.loop
        guest = endpoint.Guest()
        loop.call_soon_threadsafe(cluster.endpoint.entered, guest)
        try:
            yield
        finally:
            with suppress(RuntimeError):  # the loop has ended, and with it what was kept awake
                loop.call_soon_threadsafe(cluster.endpoint.closed, guest)

    def socket(self, cluster_id: str) -> Path:
        """Unix socket of a cluster's server, past its endpoint and its security groups."""
        return self._get(cluster_id).server.socket

    def is_paused(self, cluster_id: str) -> bool:
        """Whether a cluster sleeps."""
        return self._get(cluster_id).is_paused

    def connections(self, cluster_id: str) -> int:
        """Open client connections of a cluster."""
        return self._get(cluster_id).endpoint.connections

    def cpu_seconds(self, cluster_id: str) -> float | None:
        """Processor time that a cluster's server has used since its start; None while it does not run."""
        cluster = self._clusters.get(cluster_id)
        pid = None if cluster is None else cluster.server.pid
        try:
            return None if pid is None else sum(psutil.Process(pid).cpu_times()[:2])
        except psutil.NoSuchProcess:
            return None

    def set_auto_pause(self, cluster_id: str, seconds: float | None) -> None:
        """Pause a cluster when it had no connection for so long; None: never."""
        self._estate.run(self._get(cluster_id).set_auto_pause(seconds))

    def set_password(self, cluster_id: str, password: str) -> None:
        """Give the master user another password."""
        self._estate.run(self._get(cluster_id).set_password(password))

    def snapshot(self, cluster_id: str, snapshot_id: str) -> None:
        """Keep a copy of a cluster's data as of now.

        Raises
        ------
        SandboxError
            When there is no such cluster, or already such a snapshot.
        """
        self._estate.run(self._snapshot(self._get(cluster_id), snapshot_id))

    def restore(self, snapshot_id: str, cluster_id: str, names: Sequence[str] = ()) -> Endpoint:
        """Create a cluster from a snapshot: same data, users and master password.

        Parameters
        ----------
        snapshot_id, cluster_id
            From and to.
        names
            As `create` has them.

        Raises
        ------
        SandboxError
            When there is no such snapshot, or already such a cluster.
        """
        return self._estate.run(self._restore(snapshot_id, cluster_id, names))

    def delete_snapshot(self, snapshot_id: str) -> None:
        """Delete a snapshot; an unknown one is no error."""
        shutil.rmtree(self._snapshot_home(snapshot_id), ignore_errors=True)

    def snapshots(self) -> list[str]:
        """Identifiers of the snapshots that exist."""
        home = self._estate.folder.path("snapshots")
        return sorted(path.name for path in home.iterdir()) if home.is_dir() else []

    def ids(self) -> list[str]:
        """Identifiers of the clusters that exist."""
        return sorted(self._clusters)

    def tell_rows(self, cluster_id: str) -> None:
        """Tell what a cluster that is awake holds."""
        cluster = self._get(cluster_id)
        rows.tell(cluster_id, cluster.server.socket, grants.KEEPER, cluster.facts["keeper"])

    def address(self, cluster_id: str) -> Endpoint:
        """Where a cluster takes connections."""
        return self._get(cluster_id).address

    def resume_all(self) -> None:
        """Start every cluster the sandbox had; paused ones stay paused."""
        self._estate.run(self.bring_back())

    # -- on the estate's loop -------------------------------------------------------------

    async def _create(
        self, cluster_id: str, username: str, password: str, database: str | None, names: Sequence[str]
    ) -> Endpoint:
        self._must_be_new(cluster_id)
        facts: dict[str, Any] = {
            "username": username,
            "database": database,
            "keeper": secrets.token_urlsafe(24),
            "paused": False,
            "auto_pause": None,
            "names": list(names),
        }
        cluster = self._make(cluster_id, facts)
        ready = asyncio.get_running_loop().time() + float(settings.get("pace"))
        try:
            await cluster.server.create(
                [
                    *grants.keeper(facts["keeper"]),
                    *grants.master(username, password),
                    *grants.database(database),
                ]
            )
            await asyncio.sleep(ready - asyncio.get_running_loop().time())  # a past time is no wait
            await self._open(cluster)
        except BaseException:
            await self._delete(cluster_id)
            raise
        cluster.save()
        return cluster.address

    def _must_be_new(self, cluster_id: str) -> None:
        if cluster_id in self._clusters:
            raise SandboxError.machine_exists(say("sandbox.kind.cluster"), cluster_id)

    def _make(self, cluster_id: str, facts: dict[str, Any]) -> Cluster:
        folder = self._estate.folder
        home = self._home(cluster_id)
        port = self._estate.ports.get(f"database/{cluster_id}")
        socket = folder.runtime / f"db-{port}.sock"
        tls = self._certified(home, facts.get("names") or self.names_of(cluster_id))
        server = MariaDB(folder, cluster_id, home, socket, settings=("skip-name-resolve", *tls))

        async def wake() -> None:
            await cluster.wake()

        def admits() -> bool:
            return self._estate.firewall.lets_in_cluster(cluster_id)

        listener = endpoint.Endpoint(
            cluster_id, port, socket, wake, admits, lambda: self._estate.clock.times.rate
        )
        cluster = Cluster(
            cluster_id,
            home,
            server,
            listener,
            facts,
            self._estate.background,
            self._estate.clock,
            lambda state: self.on_state(cluster_id, state),
        )
        self._clusters[cluster_id] = cluster
        return cluster

    def _certified(self, home: Path, names: Sequence[str]) -> list[str]:
        """Settings with which a server encrypts whoever asks for it; Aurora requires it of nobody."""
        if not names:
            return []
        certificate, key = home / "tls.pem", home / "tls.key"
        Authority(self._estate.folder).certify(names, certificate, key)
        return [f"ssl-cert={certificate}", f"ssl-key={key}"]

    async def _open(self, cluster: Cluster) -> None:
        await cluster.endpoint.open()
        if not cluster.facts["paused"]:
            await cluster.server.start()
        cluster.arm()

    async def _snapshot(self, cluster: Cluster, snapshot_id: str) -> None:
        home = self._snapshot_home(snapshot_id)
        if home.exists():
            raise SandboxError.machine_exists(say("sandbox.kind.snapshot"), snapshot_id)
        if cluster.server.running:
            await cluster.as_keeper("FLUSH LOCAL TABLES")
        try:
            await cluster.server.frozen_copy(home / "data")
            write_json(home / "cluster.json", {**cluster.facts, "paused": False})
        except BaseException:
            shutil.rmtree(home, ignore_errors=True)
            raise

    async def _restore(self, snapshot_id: str, cluster_id: str, names: Sequence[str]) -> Endpoint:
        self._must_be_new(cluster_id)
        home = self._snapshot_home(snapshot_id)
        facts = read_json(home / "cluster.json")
        if not facts:
            raise SandboxError.no_such_machine(say("sandbox.kind.snapshot"), snapshot_id)
        cluster = self._make(cluster_id, facts | {"names": list(names)})
        try:
            await cluster.server.create([], data=home / "data")
            await self._open(cluster)
        except BaseException:
            await self._delete(cluster_id)
            raise
        cluster.save()
        return cluster.address

    async def _delete(self, cluster_id: str) -> None:
        cluster = self._clusters.pop(cluster_id, None)
        if cluster is not None:
            await cluster.stop_waking()
            await cluster.endpoint.close()
            await cluster.server.stop()
            self._estate.ports.forget(f"database/{cluster_id}")
        await asyncio.to_thread(shutil.rmtree, self._home(cluster_id), ignore_errors=True)

    async def bring_back(self) -> None:
        """Start the clusters that are not there yet. On the estate's loop."""
        found = self._estate.folder.path("databases").glob("*/cluster.json")
        ids = [path.parent.name for path in found if path.parent.name not in self._clusters]
        await asyncio.gather(*(self._resume(cluster_id) for cluster_id in ids))

    async def _resume(self, cluster_id: str) -> None:
        await self._open(self._make(cluster_id, read_json(self._home(cluster_id) / "cluster.json")))

    async def enter(self, cluster_id: str, guest: endpoint.Guest) -> Half:
        """Connect to a cluster's server past its endpoint and its security groups. On the estate's loop.

        The cluster is woken, and stays awake until `left`.
        """
        cluster = self._get(cluster_id)
        cluster.endpoint.entered(guest)
        await cluster.wake()
        socket = str(cluster.server.socket)
        _, server = await asyncio.get_running_loop().create_unix_connection(Half, socket)
        return server

    def left(self, cluster_id: str, guest: endpoint.Guest) -> None:
        """Note that somebody who entered has gone. On the estate's loop."""
        if (cluster := self._clusters.get(cluster_id)) is not None:
            cluster.endpoint.closed(guest)

    async def stop_all(self) -> None:
        """Stop every cluster, keeping what it was: paused or awake. On the estate's loop."""

        async def stop(cluster: Cluster) -> None:
            await cluster.stop_waking()
            await cluster.endpoint.close()
            with suppress(OSError):
                await cluster.server.stop()

        await asyncio.gather(*(stop(cluster) for cluster in self._clusters.values()))
        self._clusters.clear()

    def _get(self, cluster_id: str) -> Cluster:
        try:
            return self._clusters[cluster_id]
        except KeyError:
            raise SandboxError.no_such_machine(say("sandbox.kind.cluster"), cluster_id) from None

    def _home(self, cluster_id: str) -> Path:
        return self._estate.folder.path("databases", cluster_id)

    def _snapshot_home(self, snapshot_id: str) -> Path:
        return self._estate.folder.path("snapshots", snapshot_id)
