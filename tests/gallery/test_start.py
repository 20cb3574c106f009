"""Start, end, and a database that goes away."""

from __future__ import annotations

import re
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .parts import GALLERY, App, Aws, Database, node_modules

START_SECONDS = 1.5
"""A start takes 0.2 s on an idle machine; tests share theirs."""


@pytest.fixture
def fresh(database: Database, aws: Aws, tmp_path: Path) -> Iterator[App]:
    database.seed()
    app = App(tmp_path, database, aws)
    yield app
    app.stop()


def test_the_start_is_fast_and_the_end_orderly(fresh: App) -> None:
    times = []
    for _ in range(3):
        times.append(fresh.start())
        assert fresh.get("/api/health")["ok"] is True
        assert fresh.stop() == 0
    assert min(times) < START_SECONDS


def test_it_listens_where_host_says(fresh: App) -> None:
    fresh.start()
    assert f"listens on 127.0.0.1 port {fresh.port}" in fresh.output


@pytest.mark.parametrize(
    "env",
    [{"DB_PORT": "1"}, {"DB_USER": "stranger"}, {"DB_SCHEMA": "elsewhere"}, {"DB_HOST": "no.such.invalid"}],
)
def test_without_its_database_it_ends_and_says_which(fresh: App, env: dict[str, str]) -> None:
    fresh.env |= env
    fresh.launch()
    assert fresh.ended() == 1
    host = env.get("DB_HOST", "127.0.0.1")
    name = env.get("DB_SCHEMA", "tsagallery")
    assert (
        f"TSAGallery cannot start: the database {name} on {host}:{fresh.env['DB_PORT']} cannot be reached"
        in fresh.output
    )
    assert "my-secret-pw" not in fresh.output
    assert len(fresh.output.splitlines()) == 1


def test_a_taken_port_is_told(fresh: App) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", fresh.port))
        taken.listen()
        fresh.launch()
        assert fresh.ended() == 1
    assert f"port {fresh.port}: another program listens there" in fresh.output


def test_an_address_of_another_machine_is_told(fresh: App) -> None:
    fresh.env["HOST"] = "192.0.2.1"
    fresh.launch()
    assert fresh.ended() == 1
    assert "this machine has no such address" in fresh.output


def test_it_outlives_its_database(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, aws: Aws, database: Database
) -> None:
    """A stopped database is 503 in JSON; when it is back, so is the gallery, without a restart."""
    database.seed()
    app = App(tmp_path, database, aws, LOGGING="off")
    app.start()
    try:
        database.stop()
        for path in ("/api/images", "/api/categories", "/api/images/1"):
            answer = app.ask("GET", path)
            problem: Any = answer.json["error"]
            assert (answer.status, problem["code"]) == (503, "database_unreachable")
        health = app.ask("GET", "/api/health")
        told: Any = health.json
        assert (health.status, told["ok"], told["database"]["answers"]) == (503, False, False)
        database.start()
        assert app.get("/api/health")["ok"] is True
        assert re.search(r"GET /api/health 200", app.output) is None, "LOGGING=off"
    finally:
        app.stop()
        if database.process is None:
            database.start()


def test_forever_keeps_it_running(fresh: App, tmp_path: Path) -> None:
    """The server's own tool starts, lists and stops the app, as the lab's steps 27 and 28 do."""
    forever = str(node_modules(GALLERY / "host") / ".bin" / "forever")
    env = {**fresh.env, "FOREVER_ROOT": str(tmp_path / "forever"), "NODE_NO_WARNINGS": "1"}

    def run(*words: str) -> str:
        return subprocess.run(
            ["node", forever, *words],
            cwd=fresh.folder,
            env=env,
            check=True,
            capture_output=True,
            text=True,
            timeout=60,
        ).stdout

    run("start", "./bin/www.js")
    try:
        wait_for(fresh)
        assert fresh.get("/api/health")["ok"] is True
        assert "www.js" in run("list")
    finally:
        run("stopall")
    assert "No forever processes running" in run("list")


def wait_for(app: App) -> None:
    """Wait until somebody listens on the app's port (its output is in forever's log)."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", app.port)) == 0:
                return
        time.sleep(0.02)
    raise TimeoutError
