"""The SSH host of a web server: ``ec2-user`` with the instance's key, and nobody else."""

from __future__ import annotations

import asyncio
import posixpath
import time
from collections.abc import Awaitable, Callable
from typing import Any, cast

import asyncssh

from tsalab.files import write_private
from tsalab.sandbox import news
from tsalab.sandbox.machines import namespace, session
from tsalab.sandbox.machines.firewall import Gate
from tsalab.sandbox.machines.machine import USER, Machine
from tsalab.sandbox.machines.routes import Routes

# AES in hardware: 233 MB/s of forwarding instead of 129 with asyncssh's first choice.
_CIPHERS = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com")
_LOGIN_TIMEOUT = 60.0


class SshHost:
    """The SSH server of one machine. On the estate's loop.

    Parameters
    ----------
    machine
        The machine.
    routes
        Where forwarded connections may go.
    credentials_url
        Called for the address of the credentials endpoint.
    admits
        Asked for every connection whether it is let in.
    finished
        Awaited after every session.
    """

    def __init__(
        self,
        machine: Machine,
        routes: Routes,
        credentials_url: Callable[[], str | None],
        admits: Callable[[], bool] = lambda: True,
        finished: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self.machine = machine
        self._routes = (Routes(machine.private_routes), routes)
        self._credentials_url, self._finished = credentials_url, finished
        self._gate = Gate(admits)
        self._keys: list[tuple[asyncssh.SSHKey, float | None]] = []
        self._connections: set[asyncssh.SSHServerConnection] = set()
        self._listener: asyncssh.SSHAcceptor | None = None
        if machine.facts.authorized_key.strip():
            self.authorize(machine.facts.authorized_key, None)

    def authorize(self, public_key: str, seconds: float | None) -> None:
        """Let another key in, for so many seconds (EC2 Instance Connect gives 60)."""
        until = None if seconds is None else time.monotonic() + seconds
        self._keys.append((asyncssh.import_public_key(public_key), until))

    def allows(self, key: asyncssh.SSHKey) -> bool:
        """Whether a key opens this host now."""
        now = time.monotonic()
        return any(known == key and (until is None or now < until) for known, until in self._keys)

    def host_key(self) -> asyncssh.SSHKey:
        """The host's key, made on first use and kept."""
        file = self.machine.root / "etc" / "ssh_host_ed25519_key"
        if not file.exists():
            key = asyncssh.generate_private_key("ssh-ed25519", comment=self.machine.hostname)
            write_private(file, key.export_private_key().decode())
        return asyncssh.read_private_key(file)

    def public_host_key(self) -> str:
        """Its public half, as in `known_hosts`."""
        algorithm, encoded, *_ = self.host_key().export_public_key().decode().split()
        return f"{algorithm} {encoded}"

    async def open(self) -> None:
        """Listen."""
        machine = self.machine
        self._listener = await asyncssh.listen(
            "127.0.0.1",
            machine.port("ssh"),
            tunnel=cast("Any", self._gate),
            server_factory=lambda: _Login(self),
            process_factory=self._serve,
            sftp_factory=lambda channel: _Files(channel, machine),
            allow_scp=True,
            server_host_keys=[self.host_key()],
            encoding=None,
            line_editor=False,
            encryption_algs=_CIPHERS,
            compression_algs=None,
            agent_forwarding=False,
            login_timeout=_LOGIN_TIMEOUT,
            password_auth=False,
            kbdint_auth=False,
            config=None,
        )

    async def close(self) -> None:
        """Stop listening and end every connection."""
        if self._listener is not None:
            self._listener.close()
            await self._listener.wait_closed()
            self._listener = None
        connections = list(self._connections)
        for connection in connections:
            connection.abort()
        await asyncio.gather(*(connection.wait_closed() for connection in connections))

    def connected(self, connection: asyncssh.SSHServerConnection) -> None:
        """Note a connection."""
        self._connections.add(connection)

    def disconnected(self, connection: asyncssh.SSHServerConnection) -> None:
        """Note that it is gone."""
        self._connections.discard(connection)

    def resolve(self, host: str, port: int) -> tuple[str, int] | None:
        """Where a connection from inside the machine goes."""
        for routes in self._routes:
            if (found := routes.resolve(host, port)) is not None:
                return found
        return None

    async def _serve(self, process: Any) -> None:
        await session.serve(process, self.machine, self._credentials_url())
        if self._finished is not None:
            await self._finished()


class _Login(asyncssh.SSHServer):
    """Who may come in, and where forwarded connections go."""

    def __init__(self, host: SshHost) -> None:
        self._host = host
        self._connection: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        self._host.connected(conn)

    def connection_lost(self, _exc: Exception | None) -> None:
        if self._connection is not None:
            self._host.disconnected(self._connection)

    def begin_auth(self, _username: str) -> bool:
        return True

    def auth_completed(self) -> None:
        news.tell("login", machine=self._host.machine.facts.id)

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        return username == USER and self._host.allows(key)

    def connection_requested(self, dest_host: str, dest_port: int, _orig_host: str, _orig_port: int) -> Any:
        found = self._host.resolve(dest_host, dest_port)
        if found is None or self._connection is None:
            raise asyncssh.ChannelOpenError(
                asyncssh.OPEN_CONNECT_FAILED, f"{dest_host} port {dest_port} is not in the sandbox's network"
            )
        return _forward(self._connection, *found)


async def _forward(connection: asyncssh.SSHServerConnection, host: str, port: int) -> Any:
    """Connect to where a client wants to be forwarded, unless the client has gone meanwhile.

    asyncssh would then drop the new connection without closing it.
    """
    forwarder = await connection.forward_connection(host, port)
    if connection.is_closed():
        forwarder.close()
        raise asyncssh.ChannelOpenError(asyncssh.OPEN_CONNECT_FAILED, "the client has gone")
    return forwarder


class _Files(asyncssh.SFTPServer):
    """SFTP and scp: relative paths begin at home, /opt/tsa_gallery is the machine's."""

    def __init__(self, chan: Any, machine: Machine) -> None:
        super().__init__(chan)
        self._home = str(machine.home(USER)).encode()
        self._app = str(machine.app).encode()

    def exit(self) -> None:
        """End the subsystem with a status: OpenSSH's scp fails without one."""
        self.channel.exit(0)

    def map_path(self, path: bytes) -> bytes:
        path = posixpath.normpath(posixpath.join(self._home, path))
        shown = f"/opt/{namespace.APP}".encode()
        if path == shown or path.startswith(shown + b"/"):
            return self._app + path[len(shown) :]
        return path
