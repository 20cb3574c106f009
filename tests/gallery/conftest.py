"""One MariaDB and one AWS stand-in for all of the gallery's tests; an app for each module."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from .parts import App, Aws, Database, running


@pytest.fixture(scope="session")
def database() -> Iterator[Database]:
    # A unix socket's path may have about a hundred characters: pytest's own folders are longer.
    with tempfile.TemporaryDirectory(prefix="tsa-gallery-") as folder:
        server = Database(Path(folder))
        server.make()
        server.start()
        try:
            yield server
        finally:
            server.stop()


@pytest.fixture(scope="session")
def aws() -> Iterator[Aws]:
    stand_in = Aws()
    try:
        yield stand_in
    finally:
        stand_in.close()


@pytest.fixture(scope="module")
def app(database: Database, aws: Aws, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """A running app over freshly seeded data."""
    database.seed()
    with running(App(tmp_path_factory.mktemp("gallery"), database, aws)) as started:
        yield started
