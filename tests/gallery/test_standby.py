"""A version that stands by takes over from the one that runs; visitors are told that a database moves."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .parts import START_SECONDS, App, Aws, Database


@pytest.fixture
def two(database: Database, aws: Aws, tmp_path: Path) -> Iterator[tuple[App, App]]:
    """An app, and the next version of it for the same port."""
    database.seed()
    old, new = App(tmp_path / "old", database, aws), App(tmp_path / "new", database, aws)
    new.port, new.env["PORT"] = old.port, str(old.port)
    new.env["INSTALL_ID"] = "new"
    yield old, new
    new.stop()
    old.stop()


def wait_for(what: Any) -> Any:
    deadline = time.monotonic() + START_SECONDS
    while not (found := what()):
        assert time.monotonic() < deadline
        time.sleep(0.002)
    return found


def serving(app: App) -> str:
    """Which version answers; empty while none does."""
    connection = http.client.HTTPConnection("127.0.0.1", app.port, timeout=5)
    try:
        connection.request("GET", "/api/health")
        return "new" if b'"installId":"new"' in connection.getresponse().read() else "old"
    except OSError:
        return ""
    finally:
        connection.close()


def test_the_next_version_waits_for_its_turn_and_takes_it_at_once(two: tuple[App, App]) -> None:
    old, new = two
    old.start()
    standby = new.folder / "standby"
    standby.write_text("waiting\n")
    new.launch()
    wait_for(lambda: standby.read_text() == str(new.process.pid))
    assert "listens" not in new.output
    assert serving(old) == "old"
    old.process.terminate()
    wait_for(lambda: not serving(old))
    began = time.monotonic()
    standby.unlink()
    wait_for(lambda: serving(old) == "new")
    assert time.monotonic() - began < 1.0
    assert old.ended() == 0


def test_it_takes_the_port_from_one_that_has_not_ended_yet(two: tuple[App, App]) -> None:
    old, new = two
    old.start()
    standby = new.folder / "standby"
    standby.write_text("waiting\n")
    new.launch()
    wait_for(lambda: standby.read_text().isdigit())
    standby.unlink()
    time.sleep(0.1)  # it finds the port taken, more than once
    assert serving(old) == "old"
    assert old.stop() == 0
    wait_for(lambda: serving(old) == "new")


def test_standing_by_it_ends_when_it_is_told_to(two: tuple[App, App]) -> None:
    _, new = two
    standby = new.folder / "standby"
    standby.write_text("waiting\n")
    new.launch()
    wait_for(lambda: standby.read_text().isdigit())
    assert new.stop() == 0


def test_a_database_that_takes_no_changes_is_no_failure(two: tuple[App, App], database: Database) -> None:
    app, _ = two
    app.start()
    app.login()
    database.sql("SET GLOBAL read_only = 1")
    try:
        refused = app.ask("POST", "/api/categories", {"name": "Held"})
        told: Any = refused.json["error"]
        assert (refused.status, told["code"], refused.headers["Retry-After"]) == (503, "read_only", "1")
        assert app.get("/api/images/1")["id"] == 1
    finally:
        database.sql("SET GLOBAL read_only = 0")
    assert app.ask("POST", "/api/categories", {"name": "Held"}).status == 201
