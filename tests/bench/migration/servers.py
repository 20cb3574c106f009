"""The servers of a measurement: a source that stays, and for each run a target that is new."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pymysql
from timing import free_port, wait

from tsalab.sandbox.machines import datadir, programs

USER, PASSWORD = "root", "word of the bench"
# Stated with every table of figures: the same for source and target.
BUFFER, LOG, PACKET = "3500M", "512M", "64M"  # a pool that holds both databases of 1 GB
SETTINGS = (
    f"innodb_buffer_pool_size={BUFFER}, redo log {LOG}, innodb_flush_log_at_trx_commit=1 (default), "
    f"max_allowed_packet={PACKET}, no binary log, performance_schema off, no native AIO"
)
MYSQLD = Path("build/mysql/bin/mysqld")


@dataclass(frozen=True)
class Server:
    """A database server.

    Attributes
    ----------
    port
        Its loopback port.
    pid
        Its process.
    folder
        Its data, socket and log.
    """

    port: int
    pid: int
    folder: Path

    def open(self, database: str | None = None) -> pymysql.Connection[Any]:
        """A connection as root, in UTC."""
        return pymysql.connect(
            host="127.0.0.1",
            port=self.port,
            user=USER,
            password=PASSWORD,
            database=database,
            charset="utf8mb4",
            max_allowed_packet=64 * 1024 * 1024,
            autocommit=True,
            init_command="SET time_zone = '+00:00'",
        )

    def ask(self, statement: str, database: str | None = None) -> list[tuple[Any, ...]]:
        """Rows of one statement."""
        with self.open(database) as connection, connection.cursor() as cursor:
            cursor.execute(statement)
            return list(cursor.fetchall())


@contextmanager
def mariadb(folder: Path) -> Iterator[Server]:
    """A MariaDB in an own folder for the time of a block; ended, not stopped, at its end."""
    folder.mkdir(parents=True)
    datadir.copy(datadir.prepared(), folder / "data")
    kept = [option for option in datadir.LAYOUT if "size" not in option]
    command = [
        str(programs.mariadbd()),
        "--no-defaults",
        *datadir.as_user(),
        *kept,
        f"--innodb-log-file-size={LOG}",
        "--secure-file-priv=",
        "--innodb-buffer-pool-load-at-startup=OFF",
    ]
    with _running(folder, command) as server:
        yield server


@contextmanager
def mysql(folder: Path) -> Iterator[Server]:
    """A MySQL likewise: the one that ``make mysql`` fetched, or that ``TSALAB_MYSQLD`` names."""
    folder.mkdir(parents=True)
    program = os.environ.get("TSALAB_MYSQLD", str(MYSQLD.absolute()))
    command = [program, "--no-defaults", *datadir.as_user(), "--innodb-use-native-aio=0"]
    made = [*command, "--initialize-insecure", f"--datadir={folder / 'data'}"]
    subprocess.run(made, check=True, stdin=subprocess.DEVNULL, capture_output=True)
    command += [
        f"--innodb-redo-log-capacity={LOG}",
        "--mysqlx=OFF",
        "--skip-log-bin",
        "--secure-file-priv=",
    ]
    with _running(folder, command) as server:
        yield server


@contextmanager
def _running(folder: Path, command: list[str]) -> Iterator[Server]:
    port = free_port()
    first = folder / "first.sql"
    first.touch(mode=0o600)
    first.write_text(f"ALTER USER '{USER}'@'localhost' IDENTIFIED BY '{PASSWORD}';\n", encoding="utf-8")
    command += [
        f"--innodb-buffer-pool-size={BUFFER}",
        f"--max-allowed-packet={PACKET}",
        "--performance-schema=OFF",
        "--local-infile=ON",
        "--character-set-server=utf8mb4",
        f"--datadir={folder / 'data'}",
        f"--socket={folder / 's'}",
        f"--tmpdir={folder}",  # a server that starts clears a shared one of what others need
        f"--port={port}",
        "--bind-address=127.0.0.1",
        f"--init-file={first}",
        f"--log-error={folder / 'log'}",
    ]
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    server = Server(port, process.pid, folder)

    def answers() -> bool:
        try:
            server.open().close()
        except pymysql.err.OperationalError:
            return False
        return True

    try:
        wait(answers, process)
        yield server
    finally:
        process.kill()  # its folder goes with it: nothing has to be written any more
        process.wait()


def tables(server: Server, database: str) -> list[str]:
    """Tables of a database, by name."""
    return [name for (name,) in server.ask("SHOW TABLES", database)]


def shape(server: Server, database: str) -> dict[str, tuple[int, int, int]]:
    """Rows, columns of keys and foreign keys of each table: what every copy must have as well."""
    found = {}
    for table in tables(server, database):
        ((rows,),) = server.ask(f"SELECT COUNT(*) FROM `{table}`", database)
        said = server.ask(f"SHOW CREATE TABLE `{table}`", database)[0][1]
        keys = re.findall(r"^ +(?:PRIMARY |UNIQUE )?KEY .*", said, re.MULTILINE)
        found[table] = (rows, len(keys), said.count(" FOREIGN KEY "))
    return found
