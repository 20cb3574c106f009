"""A cluster's endpoint proves its name by the sandbox's authority; nobody is made to ask for that."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.migrate.certificates import Authority
from tsalab import migrate
from tsalab.cloud import authorities
from tsalab.cloud.account import Account
from tsalab.errors import MigrationError
from tsalab.migrate import Login
from tsalab.profiles import Profile
from tsalab.sandbox import requirements

from .test_aurora import PASSWORD, address, cluster


@pytest.fixture
def login(bare_sandbox: Any, stacks: Any, network: dict[str, Any]) -> Login:
    """The way to a cluster of a stack as the lab goes it: a loopback port, and the endpoint's name."""
    stacks.create({**network, "Cluster": cluster()})
    rds = bare_sandbox.session().client("rds")
    found = rds.describe_db_clusters(DBClusterIdentifier="test-cluster")["DBClusters"][0]
    folder = bare_sandbox.folder
    account = Account(
        Profile(bare_sandbox.name, folder.path("aws", "config"), folder.path("aws", "credentials"))
    )
    ca = authorities.bundle(account)
    assert ca.is_relative_to(folder.root)
    port = address(bare_sandbox, found)
    return Login("127.0.0.1", port, "admin", PASSWORD, "TestData", ca=ca, server=found["Endpoint"])


def test_the_endpoint_proves_its_name(bare_sandbox: Any, login: Login, tmp_path: Path) -> None:
    reader = login.server.replace(".cluster-", ".cluster-ro-")
    for name in (login.server, reader):
        assert migrate.encryption(replace(login, server=name)).startswith("TLS")
    with pytest.raises(MigrationError, match=r"does not prove that it is another"):
        migrate.server_version(replace(login, server="another.example.org"))
    with pytest.raises(MigrationError, match="not trusted"):
        migrate.server_version(replace(login, ca=Authority(tmp_path, "theirs").file))
    folder = bare_sandbox.folder
    keys = [*folder.root.rglob("tls.key"), folder.path("tls", "ca.key")]
    assert len(keys) == 2
    assert {key.stat().st_mode & 0o777 for key in keys} == {0o600}


def test_nobody_has_to_ask_for_it(bare_sandbox: Any, login: Login) -> None:
    """As on Aurora compatible with MySQL 5.7 and 8.0: the app's driver knows no TLS unless it is told."""
    client = [requirements.find("mariadb", "mysql"), "--no-defaults", "--skip-ssl", "--host=127.0.0.1"]
    client += [f"--port={login.port}", "--user=admin", "-N", "-e", "SHOW STATUS LIKE 'Ssl_version'"]
    done = subprocess.run(
        client, env={"MYSQL_PWD": PASSWORD}, capture_output=True, text=True, timeout=20, check=True
    )
    assert done.stdout.split() == ["Ssl_version"]
