"""CloudFront's data plane: one loopback port a distribution, on the estate's loop.

Real where the lab can see it: behaviours matched in order by CloudFront's path patterns,
the cache and its TTLs, forwarded query strings, headers and cookies as part of the cache
key, allowed methods, compression (gzip), ranges and conditional requests, error caching
(ten seconds unless configured), custom error pages, stale answers while the origin is
down, invalidations, and the headers ``X-Cache``, ``Via``, ``X-Amz-Cf-Id``, ``Age``. What it
does not do is refused by `edge_config.read`. There is one edge location, and no TLS.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, TypeVar

import aiohttp
from aiohttp import web

from tsalab.sandbox.machines import edge_config
from tsalab.sandbox.machines.edge_origin import HttpAddress, S3Fetch
from tsalab.sandbox.machines.edge_serving import Serving
from tsalab.sandbox.ports import Ports

T = TypeVar("T")
Run = Callable[[Coroutine[Any, Any, T]], T]
_GRACE = 1.0  # seconds for requests under way when a distribution ends


class Edge:
    """Every distribution of a sandbox. Its methods block, and may be called from any thread.

    Parameters
    ----------
    ports
        Remembers each distribution's port.
    run
        Runs a coroutine on the estate's loop.
    http_address
        Where port 80 of a domain name really is; None when nowhere. TimeoutError: nobody answers there.

    Attributes
    ----------
    s3_fetch
        ``s3_fetch(bucket, key, oai_id=…, headers=…) -> (status, headers, body)``; set by the
        control plane, called on threads.
    """

    def __init__(self, ports: Ports, run: Callable[..., Any], http_address: HttpAddress) -> None:
        self._ports = ports
        self._run = run
        self._http_address = http_address
        self.s3_fetch: S3Fetch = _no_control_plane
        self._session: aiohttp.ClientSession | None = None
        self._serving: dict[str, tuple[Serving, web.ServerRunner]] = {}

    def publish(self, distribution_id: str, config: Mapping[str, Any]) -> int:
        """Serve a distribution; again replaces its configuration.

        Returns
        -------
        int
            Its port on 127.0.0.1, the same for all its life.

        Raises
        ------
        SandboxError
            When the configuration asks for something that the edge does not do.
        """
        read = edge_config.read(config)
        port = self._ports.get(f"edge {distribution_id}")
        self._run(self._publish(distribution_id, read, port))
        return port

    def update(self, distribution_id: str, config: Mapping[str, Any]) -> None:
        """Serve another configuration at the same address; the cache stays, as on CloudFront.

        Raises
        ------
        SandboxError
            When the configuration asks for something that the edge does not do.
        """
        self.publish(distribution_id, config)

    def unpublish(self, distribution_id: str) -> None:
        """Stop serving and forget the port; an unknown distribution is no error."""
        self._run(self._unpublish(distribution_id))
        self._ports.forget(f"edge {distribution_id}")

    def invalidate(self, distribution_id: str, paths: Sequence[str]) -> int:
        """Forget cached answers.

        Parameters
        ----------
        distribution_id
            Which distribution; an unknown one has nothing cached.
        paths
            Paths, with ``*`` at the end for all that begin so.

        Returns
        -------
        int
            How many answers were forgotten.
        """
        count: int = self._run(self._invalidate(distribution_id, list(paths)))
        return count

    def ports(self) -> dict[str, int]:
        """Port of each distribution that is served."""
        return {name: self._ports.get(f"edge {name}") for name in list(self._serving)}

    async def stop(self) -> None:
        """Stop serving everything; on the estate's loop."""
        await asyncio.gather(*(self._unpublish(name) for name in list(self._serving)))
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _publish(self, distribution_id: str, config: edge_config.Distribution, port: int) -> None:
        if distribution_id in self._serving:
            self._serving[distribution_id][0].config = config
            return
        if self._session is None:
            self._session = aiohttp.ClientSession(
                # A new connection each time: one kept from before a restart of the app
                # would fail the first request after it.
                connector=aiohttp.TCPConnector(limit=0, force_close=True),
                auto_decompress=False,
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        serving = Serving(distribution_id, config, self._session, lambda: self.s3_fetch, self._http_address)
        runner = web.ServerRunner(
            web.Server(serving.handle, access_log=None, auto_decompress=False), shutdown_timeout=_GRACE
        )
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", port).start()
        except BaseException:
            await runner.cleanup()
            raise
        self._serving[distribution_id] = (serving, runner)

    async def _unpublish(self, distribution_id: str) -> None:
        found = self._serving.pop(distribution_id, None)
        if found is not None:
            await found[1].cleanup()

    async def _invalidate(self, distribution_id: str, paths: list[str]) -> int:
        found = self._serving.get(distribution_id)
        if found is None:
            return 0
        serving = found[0]
        root = f"/{serving.config.root}"
        wanted = [path if path.startswith("/") else f"/{path}" for path in paths]
        wanted += [root] if "/" in wanted else []
        expressions = [edge_config.glob(path) for path in wanted]
        return serving.cache.invalidate(
            lambda path: any(expression.fullmatch(path) for expression in expressions)
        )


def _no_control_plane(*_given: object, **_more: object) -> tuple[int, Mapping[str, str], bytes]:
    return 503, {"Content-Type": "text/plain"}, b"The sandbox's control plane is not up yet."
