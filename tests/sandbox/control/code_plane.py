"""A control plane with the code services alone, as a process of its own, and ways to reach it.

``python code_plane.py NAME`` serves the sandbox NAME under TSALAB_HOME until SIGTERM.
"""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": ["codepipeline.amazonaws.com", "cloudformation.amazonaws.com"]},
            "Action": "sts:AssumeRole",
        }
    ],
}
PLUGINS = tuple(f"tsalab.sandbox.control.{name}" for name in ("identity", "codecommit", "pipeline", "cloud9"))
REGION = "us-east-1"


class Plane:
    """The process, from the test's side."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.root = home / "sandboxes" / "code"
        self._clients: dict[str, Any] = {}
        self.start()

    def start(self) -> None:
        with (self.home / "plane.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, __file__, "code"],
                env={**os.environ, "TSALAB_HOME": str(self.home)},
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        line = self.process.stdout.readline()
        assert line, (self.home / "plane.log").read_text()[-3000:]
        self.facts = json.loads(line)
        self._clients.clear()
        self.identity = json.loads((self.root / "control" / "identity.json").read_text())
        self.account = self.identity["account_id"]

    def end(self, number: int = signal.SIGTERM) -> None:
        self.process.send_signal(number)
        self.process.wait(20)
        self.process.stdout.close()

    def session(self, key: str | None = None, secret: str | None = None, token: str | None = None):
        import boto3

        return boto3.Session(
            aws_access_key_id=key or self.identity["access_key_id"],
            aws_secret_access_key=secret or self.identity["secret_access_key"],
            aws_session_token=token,
            region_name=REGION,
        )

    def client(self, service: str, **credentials: str):
        from botocore.config import Config

        if not credentials and service in self._clients:
            return self._clients[service]
        made = self.session(**credentials).client(
            service, endpoint_url=self.facts["endpoint"], config=Config(retries={"max_attempts": 0})
        )
        if not credentials:
            self._clients[service] = made
        return made


@pytest.fixture(scope="session")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plane]:
    """One control plane for all tests of the code services."""
    made = Plane(tmp_path_factory.mktemp("code"))
    yield made
    made.end()


def until(look, seconds: float = 15.0, pause: float = 0.02):
    """What `look` gives, once it gives something."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        threading.Event().wait(pause)
    raise AssertionError(f"nothing after {seconds} s")


def zipped(**members: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, text in members.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), text)
    return made.getvalue()


def refusal(call, **arguments: Any) -> tuple[str, str]:
    """Code and message with which a call is refused."""
    from botocore.exceptions import ClientError

    try:
        call(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"], error.response["Error"]["Message"]
    raise AssertionError("it was not refused")


@contextmanager
def loop_thread():
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield lambda work: asyncio.run_coroutine_threadsafe(work, loop).result(30)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def serve(name: str) -> None:
    from tsalab.sandbox.control import identity, server
    from tsalab.sandbox.control.context import Context
    from tsalab.sandbox.folder import Folder
    from tsalab.sandbox.machines.gitserver import GitServer
    from tsalab.sandbox.ports import Ports

    server.PLUGINS = PLUGINS
    folder = Folder(name)
    folder.create()
    who = identity.Identity.of(folder, REGION)
    ports = Ports(folder)
    git = GitServer(folder.path("repositories"))
    # hypercorn closes the listener
    listener = socket.create_server(("127.0.0.1", ports.get("endpoint")))
    with loop_thread() as run:
        endpoint = f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.configure(folder, who, listener.getsockname()[1])
        context = Context(
            folder=folder,
            ports=ports,
            estate=SimpleNamespace(git=git, servers=SimpleNamespace()),
            endpoint_url=endpoint,
            region=who.region,
            account_id=who.account_id,
            root_key=identity.new_root_session(who.account_id),
        )
        plane = server.ControlPlane(context)
        plane.load()
        identity.seed_learner(who)
        run(git.start(ports.get("git")))

        def ready() -> None:
            threading.Thread(target=resume, daemon=True).start()

        def resume() -> None:
            plane.resume()
            print(json.dumps({"endpoint": endpoint, "git": git.url}), flush=True)  # noqa: T201 - read by Plane

        async def main() -> None:
            end = asyncio.Event()
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, end.set)
            await plane.serve(listener, ready, end)

        asyncio.run(main())
        run(git.stop())


if __name__ == "__main__":
    serve(sys.argv[1])
