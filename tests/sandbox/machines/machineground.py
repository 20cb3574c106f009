"""An estate under test: its folder, its key, and the computer's own ssh to its web servers."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from tsalab.files import write_private
from tsalab.sandbox import processes
from tsalab.sandbox.folder import Folder
from tsalab.sandbox.machines.estate import Estate
from tsalab.sandbox.ports import Ports

WEB = "i-0123456789abcdef0"
DNS = "ec2-203-0-113-10.compute-1.sandbox.internal"
CLUSTER = "tsagallery-database-cluster"
CLUSTER_HOST = "tsagallery-database-cluster.cluster-abc.us-east-1.rds.sandbox.internal"
MASTER_PASSWORD = "it's 40 \\ characters; of $ecret"
USER_DATA = """#!/bin/bash
set -euxo pipefail
export HOME="${HOME:-/root}" PATH="$PATH:/usr/local/bin"
dnf install -y git mariadb105-server nodejs22 nodejs22-npm
npm install --global forever
systemctl enable --now mariadb
mysql <<'SQL'
CREATE DATABASE IF NOT EXISTS tsagallery CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
CREATE USER IF NOT EXISTS 'tsauser'@'localhost' IDENTIFIED BY 'my-secret-pw';
GRANT ALL PRIVILEGES ON tsagallery.* TO 'tsauser'@'localhost';
CREATE TABLE IF NOT EXISTS tsagallery.images (id INT AUTO_INCREMENT PRIMARY KEY, title VARCHAR(200));
INSERT INTO tsagallery.images (title) VALUES ('Blåtimen'), ('夜の街'), ('🌌'), ('');
SQL
echo "export REGION='us-east-1'" >> "$HOME/.bashrc"
"""


@dataclass
class Ground:
    """A sandbox's folder with its estate, and a key that opens its web servers."""

    folder: Folder
    key: asyncssh.SSHKey
    estate: Estate = field(init=False)

    def __post_init__(self) -> None:
        self.folder.create()
        write_private(self.folder.path("ssh", "key.pem"), self.key.export_private_key().decode())
        self.up()

    def up(self) -> None:
        self.estate = Estate(self.folder, Ports(self.folder))
        self.estate.start()

    def launch(self, instance_id: str = WEB, dns: str = DNS, **changed: Any) -> None:
        self.estate.servers.launch(
            instance_id,
            **{
                "name": "TSAGallery::WebServer",
                "public_dns": dns,
                "user_data": USER_DATA,
                "key_name": "key",
                "authorized_key": self.key.export_public_key().decode(),
                "role": "TSAGalleryServerRole",
                "region": "us-east-1",
                "account_id": "123456789012",
                "env": {},
            }
            | changed,
        )

    def machine(self, *parts: str, instance_id: str = WEB) -> Path:
        return self.folder.path("machines", instance_id, *parts)

    @property
    def config(self) -> Path:
        return self.folder.path("ssh", "config")

    def ssh(
        self, *words: str, host: str = DNS, stdin: bytes | None = None
    ) -> subprocess.CompletedProcess[str]:
        """This computer's own ssh."""
        done = subprocess.run(
            ["ssh", "-F", str(self.config), host, *words],
            input=stdin if stdin is not None else b"",
            capture_output=True,
            check=False,
            timeout=60,
        )
        return subprocess.CompletedProcess(
            done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
        )

    def booted(self, host: str = DNS) -> None:
        done = self.ssh("cloud-init status --wait", host=host)
        logs = self.folder.path("machines").glob("*/var/log/cloud-init-output.log")
        assert done.stdout.strip() == "status: done", [log.read_text() for log in logs]

    def end(self) -> None:
        self.estate.stop()
        processes.end_all(self.folder, grace=0.5)
        self.folder.delete()


def folder_in(home: Path, name: str) -> Folder:
    """A sandbox's folder in another home than the environment's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TSALAB_HOME", str(home))
        return Folder(name)


def ground_in(home: Path, name: str, key: asyncssh.SSHKey) -> Ground:
    """An estate in another home than the environment's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TSALAB_HOME", str(home))
        return Ground(Folder(name), key)


@dataclass
class Recorder:
    """Answers every request with an empty JSON object, and keeps what was asked."""

    port: int
    seen: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)


def until(done: Callable[[], bool]) -> None:
    """Look until something is so."""
    deadline = time.monotonic() + 20
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.01)
