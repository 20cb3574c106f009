from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tsalab.migrate import Login, Migration, Options, compare
from tsalab.migrate.capture import Replication

from ..conftest import Server, start

# A server that is killed here is killed alone, so it need not write through to the disk.
QUICK = "--innodb-flush-log-at-trx-commit=2"
LOGGED = (QUICK, "--log-bin=log", "--server-id=1", "--binlog-format=ROW", "--binlog-row-metadata=FULL")


@pytest.fixture(scope="session")
def logging() -> Iterator[tuple[Server, Server]]:
    """A server that logs its changes, and one that does not."""
    with tempfile.TemporaryDirectory(prefix="tsalab-test-") as folder:
        pair = (start(Path(folder) / "a", *LOGGED), start(Path(folder) / "b", QUICK))
        yield pair
        for server in pair:
            server.process.kill()
            server.process.wait()


@dataclass
class Followed:
    """A database and its copy."""

    servers: tuple[Server, Server]
    source: Login
    target: Login

    def here(self, *statements: str) -> None:
        self.servers[0].sql(*statements, database="here")

    def there(self, *statements: str) -> None:
        self.servers[1].sql(*statements, database="there")

    def copy(self) -> Replication:
        """Copy, and what follows from there."""
        report = Migration(self.source, self.target, Options(objects=False)).run()
        return Replication.after(report, self.source, self.target)

    @contextmanager
    def following(self) -> Iterator[Replication]:
        """Copied, and then followed within the block; at its end all must be equal."""
        replication = self.copy()
        with replication.running():
            yield replication
            replication.catch_up(30)
        self.must_be_equal()

    def must_be_equal(self) -> None:
        found = compare(self.source, self.target)
        assert found.equal, [row for row in found.rows if not row.equal]


@pytest.fixture
def followed(logging: tuple[Server, Server]) -> Iterator[Followed]:
    """Two empty databases."""
    source, target = logging
    source.sql("DROP DATABASE IF EXISTS here", "CREATE DATABASE here CHARACTER SET utf8mb4")
    target.sql("DROP DATABASE IF EXISTS there", "CREATE DATABASE there CHARACTER SET utf8mb4")
    yield Followed(logging, source.login("here", "source"), target.mover("there", "target"))
    source.sql("DROP DATABASE here")
    target.sql("DROP DATABASE there")


@pytest.fixture
def here(followed: Followed) -> Callable[..., None]:
    """Run SQL in the source database."""
    return followed.here


@pytest.fixture
def there(followed: Followed) -> Callable[..., None]:
    """Run SQL in the target database."""
    return followed.there
