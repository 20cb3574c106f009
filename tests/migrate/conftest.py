from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
import pymysql
import pytest

from tsalab.migrate import Login
from tsalab.sandbox import requirements
from tsalab.sandbox.machines import datadir
from tsalab.sandbox.ports import is_free


@dataclass
class Server:
    """A real mariadbd of the tests."""

    port: int
    process: psutil.Popen
    argv: list[str]

    def login(self, database: str, role: str = "database") -> Login:
        return Login("127.0.0.1", self.port, "root", "word of root", database, role)

    def sql(self, *statements: str, database: str | None = None) -> None:
        with (
            pymysql.connect(
                host="127.0.0.1",
                port=self.port,
                user="root",
                password="word of root",
                database=database,
                charset="utf8mb4",
                autocommit=True,
            ) as connection,
            connection.cursor() as cursor,
        ):
            for statement in statements:
                cursor.execute(statement)


def free_port() -> int:
    return next(port for port in range(19000, 19900) if is_free(port))


def start(folder: Path) -> Server:
    datadir.copy(datadir.prepared(), folder / "data")
    first = folder / "first.sql"
    first.write_text(
        "ALTER USER 'root'@'localhost' IDENTIFIED BY 'word of root';\n"
        "CREATE USER 'reader'@'localhost' IDENTIFIED BY 'r';\n"
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
        f"--port={port}",
        "--bind-address=127.0.0.1",
        f"--init-file={first}",
        "--character-set-server=utf8mb4",
        "--unix-socket=OFF",
        "--max-allowed-packet=4M",
        "--performance-schema=OFF",
        f"--log-error={folder / 'log'}",
    ]
    server = Server(port, psutil.Popen(argv, stderr=subprocess.DEVNULL), argv)
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


@pytest.fixture
def here(servers: tuple[Server, Server], pair: object) -> Callable[..., None]:
    """Run SQL in the source database."""
    return lambda *statements: servers[0].sql(*statements, database="here")


@pytest.fixture
def there(servers: tuple[Server, Server], pair: object) -> Callable[..., None]:
    """Run SQL in the target database."""
    return lambda *statements: servers[1].sql(*statements, database="there")
