"""Who may connect to what inside the sandbox's network, asked for every new connection.

Everything here really listens on loopback; what a security group does not let in is
*dropped*, as on AWS: nobody answers, and the client finds out by waiting. Connections that
are open stay open, as AWS's tracked connections do. The rules are the control plane's
(`tsalab.sandbox.control.groups`); without one, everybody is let in.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

# What Linux waits for an answer before connect() fails with ETIMEDOUT (six retries of a SYN).
GIVES_UP = 127.0

ServerRule = Callable[[str, int, str], bool]
ClusterRule = Callable[[str], bool]

LEARNER = "127.0.0.1"  # where whoever uses the sandbox sits
CLOUDFRONT = "130.176.0.1"  # one of CloudFront's addresses towards origins (AWS's ip-ranges.json)


class Firewall:
    """The security groups in force, as far as the machines have to know.

    Attributes
    ----------
    server_rule
        Set by the control plane: whether an instance takes connections on a port from an address.
    cluster_rule
        Set by the control plane: whether a cluster takes connections from the web servers.
    """

    def __init__(self) -> None:
        self.server_rule: ServerRule = lambda _instance, _port, _address: True
        self.cluster_rule: ClusterRule = lambda _cluster: True

    def lets_in(self, instance_id: str, port: int, address: str = LEARNER) -> bool:
        """Whether an instance takes a connection on a port."""
        return self.server_rule(instance_id, port, address)

    def lets_in_cluster(self, cluster_id: str) -> bool:
        """Whether a cluster takes a connection of the web servers."""
        return self.cluster_rule(cluster_id)


class Gate:
    """Listens for a server whose connections may be dropped; what `asyncssh.listen` calls a tunnel."""

    def __init__(self, admits: Callable[[], bool]) -> None:
        self._admits = admits

    async def create_server(
        self, factory: Callable[[str, int], object], host: str, port: int
    ) -> asyncio.Server:
        """Listen: a connection that is let in gets the server's protocol, another one silence."""

        def protocol() -> asyncio.Protocol:
            if not self._admits():
                return Dropped()
            return cast("asyncio.Protocol", factory(host, port))

        return await asyncio.get_running_loop().create_server(protocol, host, port)


class Dropped(asyncio.Protocol):
    """A connection that nobody answers, until its client or we give up."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait in silence."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - what create_server makes
        self._end = asyncio.get_running_loop().call_later(GIVES_UP, transport.abort)

    def connection_lost(self, _error: Exception | None) -> None:
        """Forget it."""
        self._end.cancel()
