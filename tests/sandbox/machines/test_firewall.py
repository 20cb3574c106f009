"""What the firewall does not let in is dropped: no answer, while open connections stay."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pymysql
import pytest
from machineground import DNS, MASTER_PASSWORD, WEB, Ground, until

from tsalab.sandbox.machines.databases import Endpoint
from tsalab.sandbox.machines.firewall import CLOUDFRONT, LEARNER, Firewall


@contextmanager
def closed(
    firewall: Firewall, *, port: int = 0, cluster: bool = False
) -> Iterator[list[tuple[str, int, str]]]:
    asked: list[tuple[str, int, str]] = []

    def server_rule(instance: str, to: int, address: str) -> bool:
        asked.append((instance, to, address))
        return to != port

    before = firewall.server_rule, firewall.cluster_rule
    firewall.server_rule, firewall.cluster_rule = server_rule, lambda _cluster: not cluster
    try:
        yield asked
    finally:
        firewall.server_rule, firewall.cluster_rule = before


def connect(endpoint: Endpoint) -> pymysql.Connection:
    return pymysql.connect(
        host=endpoint.host, port=endpoint.port, user="admin", password=MASTER_PASSWORD, read_timeout=1
    )


def test_ssh_gets_no_answer_and_open_sessions_stay(ground: Ground) -> None:
    command = ["ssh", "-F", str(ground.config), "-o", "ConnectTimeout=1", DNS]
    with subprocess.Popen([*command, "cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as session:
        assert session.stdin is not None
        assert session.stdout is not None
        session.stdin.write(b"before\n")
        session.stdin.flush()
        assert session.stdout.readline() == b"before\n"
        with closed(ground.estate.firewall, port=22) as asked:
            done = subprocess.run([*command, "true"], capture_output=True, text=True, check=False)
            assert done.returncode == 255
            assert "timed out" in done.stderr
            assert asked == [(WEB, 22, LEARNER)]
            session.stdin.write(b"after\n")
            session.stdin.close()
            assert session.stdout.read() == b"after\n"
    assert ground.ssh("echo again").stdout == "again\n"


def test_a_cluster_gets_silent_for_new_connections_alone(ground: Ground, cluster: Endpoint) -> None:
    with connect(cluster) as early, early.cursor() as cursor:
        with closed(ground.estate.firewall, cluster=True):
            with pytest.raises(pymysql.err.OperationalError, match="timed out"):
                connect(cluster)
            assert cursor.execute("SELECT 1") == 1
        connect(cluster).close()


def test_cloudfront_gets_no_answer(ground: Ground) -> None:
    servers = ground.estate.servers
    with closed(ground.estate.firewall, port=80) as asked:
        with pytest.raises(TimeoutError):
            servers.http_address(DNS)
        assert asked == [(WEB, 80, CLOUDFRONT)]
        assert servers.http_address("nobody.sandbox.internal") is None
    assert servers.http_address(DNS) is not None


def test_a_paused_cluster_takes_its_time_to_wake(
    ground: Ground, cluster: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TSALAB_RESUME_SECONDS", "2")
    databases = ground.estate.databases
    (name,) = [path.name for path in ground.folder.path("databases").iterdir()]
    databases.pause(name)
    began = time.monotonic()
    with pytest.raises(pymysql.err.OperationalError, match="timed out"):
        connect(cluster)  # gives up after one second
    assert databases.is_paused(name)
    until(lambda: not databases.is_paused(name))  # and yet it woke the cluster
    assert time.monotonic() - began >= 2
    connect(cluster).close()
    databases.pause(name)
    monkeypatch.setenv("TSALAB_RESUME_SECONDS", "600")
    with pytest.raises(pymysql.err.OperationalError, match="timed out"):
        connect(cluster)
    databases.pause(name)  # a pause ends what is waking
    monkeypatch.setenv("TSALAB_RESUME_SECONDS", "0")
    connect(cluster).close()
