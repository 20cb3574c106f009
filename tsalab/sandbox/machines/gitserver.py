"""Git over HTTP: git's own ``http-backend`` behind credentials, on the estate's loop.

Bodies are streamed both ways, so a push of any size needs no memory. Who asks and what
they may do, `GitServer.authenticate` decides; a push that moved something is told to
`GitServer.on_push`.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import logging
import os
import re
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import web

PULL, PUSH = "codecommit:GitPull", "codecommit:GitPush"
Authenticate = Callable[[str, str, str, str], bool]
OnPush = Callable[[str, str, str, str], None]

_CHUNK = 64 * 1024
_ZEROS = "0" * 40
_NAME = re.compile(r"[\w.-]{1,100}", re.ASCII)
_COMMAND = re.compile(rb"([0-9a-f]{40}) ([0-9a-f]{40}) ([^\0\n]+)")
_MOST_COMMANDS = 1024 * 1024

logger = logging.getLogger("tsalab.sandbox.gitserver")


def _nobody(username: str, password: str, url: str, permission: str) -> bool:
    del username, password, url, permission
    return False


def _unheard(repository: str, ref: str, old: str, new: str) -> None:
    del repository, ref, old, new


class GitServer:
    """A git server over a folder of bare repositories (``NAME.git``), under ``/v1/repos/NAME``.

    Parameters
    ----------
    repositories
        The folder.
    authenticate
        Called on a thread with user name, password, the repository's address as the client
        wrote it, and ``codecommit:GitPull`` or ``codecommit:GitPush``; False refuses the
        credentials, PermissionError what they want. Nobody gets in until it is given.
    on_push
        Called on a thread with repository, reference, old and new commit (40 zeros:
        none), for every reference that a push moved, before the client is answered.
    env
        Added to the environment of git's processes.
    """

    def __init__(
        self,
        repositories: Path,
        *,
        authenticate: Authenticate = _nobody,
        on_push: OnPush = _unheard,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.authenticate = authenticate
        self.on_push = on_push
        self._repositories = repositories
        self.env = dict(env or {})
        self._runner: web.AppRunner | None = None
        self._port = 0

    @property
    def url(self) -> str:
        """The server's address, without a slash at its end."""
        return f"http://127.0.0.1:{self._port}"

    async def start(self, port: int) -> None:
        """Listen on a port of 127.0.0.1.

        Raises
        ------
        OSError
            When the port is taken.
        """
        app = web.Application(client_max_size=0)
        app.router.add_get("/v1/repos/{name}/info/refs", self._advertise)
        app.router.add_post("/v1/repos/{name}/{service:git-(?:upload|receive)-pack}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        await site.start()
        self._port = port or self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Stop listening and end what still runs."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _advertise(self, request: web.Request) -> web.StreamResponse:
        service = request.query.get("service", "")
        if service not in {"git-upload-pack", "git-receive-pack"}:
            return web.Response(status=403, text="Only git's smart protocol is spoken here.\n")
        refused = await self._refusal(request, "/info/refs", service)
        return refused or await _Exchange(request, self._backend(request, "info/refs")).run()

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        service = request.match_info["service"]
        refused = await self._refusal(request, f"/{service}", service)
        if refused:
            return refused
        exchange = _Exchange(request, self._backend(request, service))
        if service == "git-upload-pack":
            return await exchange.run()
        exchange.commands = _Commands()
        exchange.before_end = lambda: self._tell(request, exchange.commands)
        return await exchange.run()

    async def _refusal(self, request: web.Request, tail: str, service: str) -> web.Response | None:
        """Why the request is not served; None when it is."""
        permission = PUSH if service == "git-receive-pack" else PULL
        username, password = _basic(request)
        if not username:
            return _ask()
        url = f"http://{request.host}{request.path.removesuffix(tail)}"
        try:
            if not await asyncio.to_thread(self.authenticate, username, password, url, permission):
                return _ask()
        except PermissionError as error:
            return web.Response(status=403, text=f"{error}\n")
        name = _name(request)
        if not _NAME.fullmatch(name) or not (self._folder(name) / "HEAD").is_file():
            return web.Response(status=404, text=f"repository {name} not found\n")
        return None

    def _folder(self, name: str) -> Path:
        return self._repositories / f"{name}.git"

    def _backend(self, request: web.Request, tail: str) -> dict[str, str]:
        """Environment of the CGI program; bodies arrive unzipped and without a length."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        return {
            **kept,
            **self.env,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_PROJECT_ROOT": str(self._repositories),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
            "PATH_INFO": f"/{_name(request)}.git/{tail}",
            "QUERY_STRING": request.query_string,
            "REQUEST_METHOD": request.method,
            "CONTENT_TYPE": request.headers.get("Content-Type", ""),
            "REMOTE_USER": "codecommit",
            "REMOTE_ADDR": "127.0.0.1",
        }

    async def _tell(self, request: web.Request, commands: _Commands | None) -> None:
        """Tell of the references that are now where the push wanted them."""
        if commands is None or not commands.asked:
            return
        name = _name(request)
        there = await _references(self._folder(name), self.env)
        for old, new, ref in commands.asked:
            if there.get(ref, _ZEROS) == new != old:
                await asyncio.to_thread(self.on_push, name, ref, old, new)


class _Commands:
    """What a push asks for, picked out of its stream: lines of ``old new reference`` up to a flush."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str]] = []
        self._held = bytearray()
        self._over = False

    def feed(self, chunk: bytes) -> None:
        """Look at the next piece of the stream."""
        if self._over:
            return
        self._held += chunk
        while not self._over and len(self._held) >= 4:
            size = _packet_size(self._held)
            if size == 0 or size > _MOST_COMMANDS or len(self._held) > _MOST_COMMANDS:
                self._over = True
            elif len(self._held) < size:
                return
            else:
                found = _COMMAND.match(bytes(self._held[4:size]))
                if found:
                    old, new, ref = (part.decode("utf-8", "replace") for part in found.groups())
                    self.asked.append((old, new, ref))
                del self._held[:size]


@dataclass
class _Exchange:
    """One run of the CGI program: the request streamed in, its answer streamed out."""

    request: web.Request
    env: dict[str, str]
    commands: _Commands | None = None
    before_end: Callable[[], Any] | None = None

    async def run(self) -> web.StreamResponse:
        process = await asyncio.create_subprocess_exec(
            "git",
            "http-backend",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=self.env,
            start_new_session=True,  # its own children end with it
        )
        assert process.stdin is not None  # noqa: S101 - a pipe
        assert process.stderr is not None  # noqa: S101 - a pipe
        feeding = asyncio.ensure_future(self._feed(process.stdin))
        complaints = asyncio.ensure_future(process.stderr.read())
        try:
            response = await self._answer(process)
            said = (await complaints).decode("utf-8", "replace").strip()
            if said:
                logger.info("git http-backend, %s: %s", self.request.path, said)
            return response
        finally:
            feeding.cancel()
            complaints.cancel()
            await asyncio.gather(feeding, complaints, return_exceptions=True)
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                # Read to its end, for a client that went away left it full: an unread pipe stays open.
                assert process.stdout is not None  # noqa: S101 - a pipe
                await asyncio.gather(process.stdout.read(), process.wait())

    async def _feed(self, stdin: asyncio.StreamWriter) -> None:
        try:
            # git may have heard enough before the client has said everything
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                async for chunk in self.request.content.iter_chunked(_CHUNK):
                    if self.commands is not None:
                        self.commands.feed(chunk)
                    stdin.write(chunk)
                    await stdin.drain()
        finally:
            stdin.close()  # also when the client went away: git then ends by itself

    async def _answer(self, process: asyncio.subprocess.Process) -> web.StreamResponse:
        assert process.stdout  # noqa: S101 - a pipe
        response = web.StreamResponse()
        if not await _read_head(process.stdout, response):
            await process.wait()
            return web.Response(status=500, text="git http-backend gave no answer\n")
        response.enable_chunked_encoding()
        await response.prepare(self.request)
        while chunk := await process.stdout.read(_CHUNK):
            await response.write(chunk)
        await process.wait()
        if self.before_end is not None:
            await self.before_end()
        await response.write_eof()
        return response


async def _read_head(stdout: asyncio.StreamReader, response: web.StreamResponse) -> bool:
    """Read the CGI header lines into the response; False when there are none."""
    some = False
    while (line := await stdout.readline()).strip():
        name, _, value = line.decode("latin-1").partition(":")
        if name.lower() == "status":
            response.set_status(int(value.split()[0]))
        else:
            response.headers[name] = value.strip()
        some = True
    return some


async def _references(folder: Path, env: Mapping[str, str]) -> dict[str, str]:
    process = await asyncio.create_subprocess_exec(
        "git",
        f"--git-dir={folder}",
        "for-each-ref",
        "--format=%(objectname) %(refname)",
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, **env},
    )
    out, _ = await process.communicate()
    pairs = (line.split(" ", 1) for line in out.decode("utf-8", "replace").splitlines())
    return {ref: oid for oid, ref in pairs}


def _packet_size(held: bytearray) -> int:
    """Length of the packet that begins here; 0 ends the commands (a flush, or nonsense)."""
    try:
        size = int(bytes(held[:4]), 16)
    except ValueError:
        return 0
    return size if size > 4 else 0


def _basic(request: web.Request) -> tuple[str, str]:
    """User name and password of a request; empty when it has none."""
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        username, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return username, password


def _name(request: web.Request) -> str:
    return request.match_info["name"].removesuffix(".git")


def _ask() -> web.Response:
    return web.Response(
        status=401, headers={"WWW-Authenticate": 'Basic realm="codecommit"'}, text="Credentials are needed.\n"
    )
