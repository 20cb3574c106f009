"""The credentials of a web server's role, as every AWS SDK asks for them in a container.

``AWS_CONTAINER_CREDENTIALS_FULL_URI`` may be plain HTTP on loopback; the token in
``Authorization`` keeps other users of the computer out.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aiohttp import web

    from tsalab.sandbox.machines.machine import Facts

RoleCredentials = Callable[[str], Mapping[str, Any]]


class CredentialsServer:
    """One endpoint for every machine: ``GET /v1/credentials/<instance>``.

    Parameters
    ----------
    facts_of
        Finds a machine's facts by its id, or None.
    credentials
        Called for what answers for a role's credentials, or None.
    """

    def __init__(
        self, facts_of: Callable[[str], Facts | None], credentials: Callable[[], RoleCredentials | None]
    ) -> None:
        self._facts_of, self._credentials = facts_of, credentials
        self._runner: web.AppRunner | None = None

    async def open(self, port: int) -> str:
        """Listen; the address that an instance's id is appended to."""
        from aiohttp import web

        app = web.Application()
        app.router.add_get("/v1/credentials/{id}", self._answer)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()
        return f"http://127.0.0.1:{port}/v1/credentials"

    async def close(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        from aiohttp import web

        facts = self._facts_of(request.match_info["id"])
        given = request.headers.get("Authorization", "")
        if facts is None or not hmac.compare_digest(given.encode(), facts.token.encode()):
            return web.json_response({"code": "AccessDenied", "message": "wrong token"}, status=403)
        credentials = self._credentials()
        if facts.role is None or credentials is None:
            return web.json_response({"code": "NoRole", "message": "this server has no role"}, status=404)
        return web.json_response(dict(await asyncio.to_thread(credentials, facts.role)))
