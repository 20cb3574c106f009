from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil
import pymysql
import pytest

from tsalab.migrate import Login
from tsalab.sandbox import requirements
from tsalab.sandbox.machines import datadir
from tsalab.sandbox.ports import is_free

from . import mysqlserver

THERE = ("there", r"there\_%")  # the target's databases; the account that writes may use no others


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what moves to MySQL: `-m mysql` chooses it."""
    for item in items:
        if "mysql" in getattr(item, "fixturenames", ()):
            item.add_marker("mysql")


@dataclass
class Server:
    """A real server of the tests."""

    port: int
    process: psutil.Popen
    argv: list[str]

    def login(self, database: str, role: str = "database") -> Login:
        return Login("127.0.0.1", self.port, "root", "word of root", database, role)

    def mover(self, database: str, role: str = "target") -> Login:
        """The login of one who may do all in the target's databases, and nothing else."""
        return Login("127.0.0.1", self.port, mysqlserver.MOVER, mysqlserver.WORD_OF_MOVER, database, role)

    def link(self, database: str | None = None, **more: Any) -> Any:
        """A connection that shares nothing with the engine.

        Without TLS where the server needs none: for each, the driver would read the system's authorities.
        """
        if Path(self.argv[0]).name == "mariadbd":
            more.setdefault("ssl_disabled", True)
        return pymysql.connect(
            host="127.0.0.1",
            port=self.port,
            user="root",
            password="word of root",
            database=database,
            charset="utf8mb4",
            **more,
        )

    def sql(self, *statements: str, database: str | None = None) -> None:
        with self.link(database, autocommit=True) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)


def free_port() -> int:
    """A port below what outgoing connections get, so that a killed server finds its own again.

    Each of several processes of a test run has its own hundred: what two of them see free at
    the same moment, both would take.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first = 19000 + 100 * worker
    return next(port for port in range(first, first + 100) if is_free(port))


def start(folder: Path, *more: str) -> Server:
    datadir.copy(datadir.prepared(), folder / "data")
    first = folder / "first.sql"
    first.write_text(
        "ALTER USER 'root'@'localhost' IDENTIFIED BY 'word of root';\n"
        "CREATE USER 'reader'@'localhost' IDENTIFIED BY 'r';\n"
        + "".join(f"{statement};\n" for statement in mysqlserver.mover(*THERE))
    )
    port = free_port()
    program = requirements.find("mariadbd")
    argv = [
        str(program),
        "--no-defaults",
        *datadir.as_user(),
        *datadir.LAYOUT,
        f"--datadir={folder / 'data'}",
        f"--socket={folder / 's'}",
        f"--tmpdir={folder}",  # a server that starts clears a shared one of what others need
        f"--port={port}",
        "--bind-address=127.0.0.1",
        f"--init-file={first}",
        "--character-set-server=utf8mb4",
        "--unix-socket=OFF",
        "--max-allowed-packet=4M",
        "--performance-schema=OFF",
        f"--log-error={folder / 'log'}",
        *more,
    ]
    server = Server(port, psutil.Popen(argv, stderr=subprocess.DEVNULL), argv)
    wait(server)
    return server


def start_mysql(program: Path, folder: Path) -> Server:
    folder.mkdir()
    mysqlserver.initialise(program, folder)
    first = folder / "first.sql"
    statements = ["ALTER USER 'root'@'localhost' IDENTIFIED BY 'word of root'", *mysqlserver.mover(*THERE)]
    first.write_text("".join(f"{statement};\n" for statement in statements))
    port = free_port()
    argv = mysqlserver.argv(program, folder, port, first)
    server = Server(port, psutil.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL), argv)
    wait(server)
    return server


def wait(server: Server) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            return server.sql("SELECT 1")
        except pymysql.err.OperationalError:
            if time.monotonic() > deadline or server.process.poll() is not None:
                raise
            time.sleep(0.05)


@pytest.fixture(scope="session")
def servers() -> Iterator[tuple[Server, Server]]:
    with tempfile.TemporaryDirectory(prefix="tsalab-test-") as folder:
        pair = (start(Path(folder) / "a"), start(Path(folder) / "b"))
        yield pair
        for server in pair:
            server.process.kill()
            server.process.wait()


@pytest.fixture
def pair(servers: tuple[Server, Server]) -> Iterator[tuple[Login, Login]]:
    """Two empty databases."""
    source, target = servers
    source.sql("CREATE DATABASE here CHARACTER SET utf8mb4")
    target.sql("CREATE DATABASE there CHARACTER SET utf8mb4")
    yield (
        source.login("here", "source"),
        replace(target.login("there", "target")),
    )
    source.sql("DROP DATABASE here")
    target.sql("DROP DATABASE there")


@pytest.fixture(scope="session")
def mysql() -> Iterator[Server]:
    """A MySQL server; tests that ask for it are skipped where there is none."""
    program = mysqlserver.program()
    if program is None:
        pytest.skip(mysqlserver.HOW)
    with tempfile.TemporaryDirectory(prefix="tsalab-test-") as folder:
        server = start_mysql(program, Path(folder) / "m")
        yield server
        server.process.kill()
        server.process.wait()


@pytest.fixture
def pair_to_mysql(servers: tuple[Server, Server], mysql: Server) -> Iterator[tuple[Login, Login]]:
    """Two empty databases: one on MariaDB, and one on MySQL for an account that may use it alone."""
    source = servers[0]
    source.sql("CREATE DATABASE here CHARACTER SET utf8mb4")
    mysql.sql("CREATE DATABASE there CHARACTER SET utf8mb4")
    yield source.login("here", "source"), mysql.mover("there")
    source.sql("DROP DATABASE here")
    mysql.sql("DROP DATABASE there")


@pytest.fixture
def here(servers: tuple[Server, Server], pair: object) -> Callable[..., None]:
    """Run SQL in the source database."""
    return lambda *statements: servers[0].sql(*statements, database="here")


@pytest.fixture
def there(servers: tuple[Server, Server], pair: object) -> Callable[..., None]:
    """Run SQL in the target database."""
    return lambda *statements: servers[1].sql(*statements, database="there")
