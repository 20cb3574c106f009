"""A small estate for the machines' tests: one web server and one Aurora cluster, all real."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import asyncssh
import pytest

from tsalab.sandbox.machines.databases import Endpoint

sys.path.insert(0, str(Path(__file__).parent))

from machineground import CLUSTER, CLUSTER_HOST, MASTER_PASSWORD, Ground, Recorder, ground_in


@pytest.fixture(scope="session")
def key() -> asyncssh.SSHKey:
    return asyncssh.generate_private_key("ssh-ed25519")


@pytest.fixture(scope="session")
def estates() -> Iterator[Path]:
    """A home for sandboxes."""
    with tempfile.TemporaryDirectory(prefix="tsalab-machines-") as home:
        yield Path(home)


@pytest.fixture(scope="session")
def ground(estates: Path, key: asyncssh.SSHKey) -> Iterator[Ground]:
    """An estate with a booted web server. Tests leave MariaDB and its data as they found them."""
    made = ground_in(estates, "shared", key)
    try:
        made.estate.ports.get("endpoint")
        made.launch()
        made.booted()
        yield made
    finally:
        made.end()


@pytest.fixture
def own(estates: Path, key: asyncssh.SSHKey, request: pytest.FixtureRequest) -> Iterator[Ground]:
    """An empty estate of the test's own."""
    made = ground_in(estates, f"own-{os.urandom(3).hex()}", key)
    try:
        yield made
    finally:
        made.end()


@pytest.fixture(scope="session")
def cluster(ground: Ground) -> Endpoint:
    """An Aurora cluster, known by its name inside the sandbox's network."""
    endpoint = ground.estate.databases.create(
        CLUSTER, username="admin", password=MASTER_PASSWORD, database="TSAGalleryData"
    )
    ground.estate.routes.set(CLUSTER_HOST, 3306, *endpoint)
    return endpoint


@pytest.fixture(scope="session")
def endpoint(ground: Ground) -> Iterator[Recorder]:
    """What stands where the control plane would."""
    recorder = Recorder(ground.estate.ports.get("endpoint"))

    class Handler(BaseHTTPRequestHandler):
        def do_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            recorder.seen.append((self.command, self.path, dict(self.headers) | {"body": body.decode()}))
            answer = b"" if self.command == "PUT" else b'{"SecretString": "{}"}'
            self.send_response(200)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST = do_PUT = do_any  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", recorder.port), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield recorder
    server.shutdown()
    server.server_close()
    thread.join()
