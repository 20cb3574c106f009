from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tsalab.server import Server

sys.path.insert(0, str(Path(__file__).parent))

from host import SSHHost


@pytest.fixture
def host(tmp_path: Path) -> Iterator[SSHHost]:
    made = SSHHost(tmp_path / "machine")
    yield made
    made.close()


@pytest.fixture
def server(host: SSHHost) -> Iterator[Server]:
    with Server.connect("web", ssh_config=host.config, timeout=10) as connected:
        yield connected
