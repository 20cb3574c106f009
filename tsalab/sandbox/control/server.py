"""MiniStack's ASGI application in this process, on one loopback port, and nothing else of it.

Its own start-up is not used: that would bring up listeners and threads that the sandbox
has no use for (IoT over TLS, SFTP, schedulers) and look for Docker. What of it matters,
restoring saved state, is called here. Its administration paths (``/_ministack/…``) answer
without credentials, so they are closed.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import importlib
import logging
import os
import socket
from collections.abc import Awaitable, Callable
from types import ModuleType
from typing import Any

from tsalab.sandbox.control import identity, persistence
from tsalab.sandbox.control.context import Context
from tsalab.sandbox.folder import Folder

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

HEALTH = "/_ministack/health"
CLOSED = ("/_ministack/", "/_localstack/", "/_aws/", "/_alb/", "/latest/", "/v2/credentials/")
# In order: later ones wrap what earlier ones installed.
PLUGINS = (
    "tsalab.sandbox.control.models",
    "tsalab.sandbox.control.identity",
    "tsalab.sandbox.control.permissions",
    "tsalab.sandbox.control.keypairs",
    "tsalab.sandbox.control.instance",
    "tsalab.sandbox.control.aurora",
    "tsalab.sandbox.control.capacity",
    "tsalab.sandbox.control.data_api",
    "tsalab.sandbox.control.groups",
    "tsalab.sandbox.control.secrets",
    "tsalab.sandbox.control.distribution",
    "tsalab.sandbox.control.codecommit",
    "tsalab.sandbox.control.pipeline",
    "tsalab.sandbox.control.cloud9",
    "tsalab.sandbox.control.instance_connect",
    "tsalab.sandbox.control.run_command",
    "tsalab.sandbox.control.dms",
    "tsalab.sandbox.control.strict",
    "tsalab.sandbox.control.borrowed",
    "tsalab.sandbox.control.calls",
    "tsalab.sandbox.control.trail",
)
TOUCHES = (
    "app.AUTH",
    "app._MAIN_LOOP",
    "app.SERVICE_HANDLERS",
    "app._load_persisted_state",
    "app.app",
)
_THREADS = 32

logger = logging.getLogger("tsalab.sandbox.server")


def configure(folder: Folder, who: identity.Identity, port: int) -> None:
    """Set what MiniStack reads from the environment, which it does while it is imported."""
    logging.getLogger("ministack").setLevel(logging.WARNING)
    logging.getLogger("persistence").setLevel(logging.WARNING)
    for name in [name for name in os.environ if name.startswith(("AWS_", "MINISTACK_", "LOCALSTACK_"))]:
        del os.environ[name]  # the user's own AWS settings are not the sandbox's
    os.environ.update(
        BIND_HOST="127.0.0.1",
        GATEWAY_PORT=str(port),
        AUTH="true",
        PERSIST_STATE="1",
        STATE_DIR=str(folder.path("control", "state")),
        S3_PERSIST="1",  # objects are files, written as they are put
        S3_DATA_DIR=str(folder.path("control", "objects")),
        MINISTACK_ACCOUNT_ID=who.account_id,
        MINISTACK_REGION=who.region,
        MINISTACK_HOST="127.0.0.1",
        DOCKER_HOST="unix:///dev/null",  # whatever still asks for Docker finds none
        SFTP_ENABLED="0",
        IOT_MTLS_ENABLED="0",
        LOG_LEVEL="WARNING",
    )


class ControlPlane:
    """The AWS API of one sandbox.

    Parameters
    ----------
    context
        The sandbox, as the plug-ins see it.
    """

    def __init__(self, context: Context) -> None:
        self.context = context
        self.plugins: list[ModuleType] = []
        self.keeper: persistence.Keeper | None = None

    def load(self) -> None:
        """Restore saved state and install the plug-ins. After `configure`."""
        from ministack import app

        identity.harden()
        for name in PLUGINS:
            plugin = importlib.import_module(name)
            plugin.install(self.context)
            self.plugins.append(plugin)
        app._load_persisted_state()
        for stack in persistence.settle_interrupted():
            logger.warning("stack %s: its operation was interrupted", stack)

    def resume(self) -> None:
        """Let every plug-in bring back what it had running."""
        for plugin in self.plugins:
            if hasattr(plugin, "resume"):
                plugin.resume(self.context)

    def close(self) -> None:
        """Let every plug-in end what it has running, so that the last save holds how it ended."""
        for plugin in self.plugins:
            if hasattr(plugin, "close"):
                plugin.close(self.context)

    async def serve(self, listener: socket.socket, ready: Callable[[], None], end: asyncio.Event) -> None:
        """Answer requests on a bound socket until told to end, then save.

        Parameters
        ----------
        listener
            Bound to loopback, listening; closed at the end.
        ready
            Called once requests are answered.
        end
            Set it to stop.
        """
        import hypercorn.asyncio
        from hypercorn.config import Config
        from ministack import app

        loop = asyncio.get_running_loop()
        app._MAIN_LOOP = loop
        loop.set_default_executor(concurrent.futures.ThreadPoolExecutor(_THREADS, "control"))
        self.keeper = persistence.Keeper(self.context.folder.path("control", "state"))
        self.context.on_change = self.keeper.ask_threadsafe
        config = Config()
        config.bind = [f"fd://{listener.detach()}"]  # closed by hypercorn
        config.graceful_timeout = 0.5
        config.keep_alive_timeout = 75
        config.loglevel = "WARNING"
        self._ready = ready
        try:
            await hypercorn.asyncio.serve(self, config, shutdown_trigger=end.wait)
        finally:
            await asyncio.to_thread(self.close)
            await self.keeper.close()

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Answer one ASGI connection."""
        kind = scope["type"]
        if kind == "lifespan":
            await self._lifespan(receive, send)
        elif kind == "http":
            await self._http(scope, receive, send)
        else:
            await receive()
            await send({"type": "websocket.close", "code": 1008})

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await send({"type": "lifespan.startup.complete"})
                asyncio.get_running_loop().call_soon(self._ready)
            else:
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _http(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        from ministack import app

        if is_closed(scope["path"]):
            await _refuse(send)
            return
        await app.app(scope, receive, send)
        headers = dict(scope.get("headers", []))
        if self.keeper and persistence.may_change(scope["method"], headers, scope.get("query_string", b"")):
            self.keeper.ask()


def is_closed(path: str) -> bool:
    """Whether a path is MiniStack's own administration, which asks for no credentials."""
    return path != HEALTH and (path.startswith(CLOSED) or path.rstrip("/") + "/" in CLOSED)


async def _refuse(send: Send) -> None:
    body = b'{"message": "The sandbox does not serve this path."}'
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})
