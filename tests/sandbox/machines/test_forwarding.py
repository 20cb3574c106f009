"""Port forwarding through the web server, to its own database and to Aurora's."""

from __future__ import annotations

import asyncio
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import asyncssh
import pymysql
import pytest
from machineground import CLUSTER_HOST, DNS, MASTER_PASSWORD, Ground

from tsalab.sandbox.ports import is_free


@contextmanager
def forwarded(ground: Ground, host: str, port: int) -> Iterator[int]:
    """A local port that the computer's own ssh forwards."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        local = probe.getsockname()[1]
    ssh = subprocess.Popen(
        ["ssh", "-F", str(ground.config), "-L", f"127.0.0.1:{local}:{host}:{port}", DNS, "echo up; cat"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert ssh.stdin is not None
    assert ssh.stdout is not None
    with ssh:
        assert ssh.stdout.readline() == b"up\n"
        yield local
        ssh.stdin.close()
    assert is_free(local)


def test_both_databases_are_reached_through_the_web_server(ground: Ground, cluster: object) -> None:
    with (
        forwarded(ground, "127.0.0.1", 3306) as source,
        pymysql.connect(
            host="127.0.0.1", port=source, user="tsauser", password="my-secret-pw", database="tsagallery"
        ) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT title FROM images ORDER BY id")
        assert [title for (title,) in cursor.fetchall()] == ["Blåtimen", "夜の街", "🌌", ""]
    with (
        forwarded(ground, CLUSTER_HOST, 3306) as target,
        pymysql.connect(
            host="127.0.0.1", port=target, user="admin", password=MASTER_PASSWORD, database="TSAGalleryData"
        ) as connection,
        connection.cursor() as cursor,
    ):
        block = "x" * 5_000_000
        cursor.execute(
            "SELECT SHA2(%s, 256) = SHA2(REPEAT('x', 5000000), 256), REPEAT('y', 5000000)", (block,)
        )
        assert cursor.fetchone() == (1, "y" * 5_000_000)


def test_what_is_not_in_the_network_is_refused(ground: Ground) -> None:
    with (
        forwarded(ground, "example.com", 80) as local,
        socket.create_connection(("127.0.0.1", local)) as connection,
    ):
        assert connection.recv(10) == b""


def test_a_wrong_master_password_is_refused(ground: Ground, cluster: object) -> None:
    with (
        forwarded(ground, CLUSTER_HOST, 3306) as local,
        pytest.raises(pymysql.err.OperationalError, match="Access denied"),
    ):
        pymysql.connect(host="127.0.0.1", port=local, user="admin", password="wrong")


def test_a_client_that_goes_while_its_forwarding_is_made_leaves_no_connection(ground: Ground) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ground.estate.routes.set("elsewhere", 80, "127.0.0.1", listener.getsockname()[1])

        async def leave() -> None:
            connection = await asyncssh.connect(DNS, config=[str(ground.config)])
            opening = asyncio.ensure_future(connection.open_connection("elsewhere", 80))
            await asyncio.sleep(0)  # the request is written
            connection.abort()
            await connection.wait_closed()
            with pytest.raises(asyncssh.ChannelOpenError):
                await opening

        for _ in range(5):
            asyncio.run(leave())
            taken, _ = listener.accept()
            with taken:
                taken.settimeout(10)
                assert taken.recv(1) == b"", "closed by the server"
