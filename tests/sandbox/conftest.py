"""A home of its own for tests that start and stop sandboxes themselves."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tsalab.sandbox import manager


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty ``TSALAB_HOME``, whose sandboxes are ended and removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="tsalab-test-") as folder:
        monkeypatch.setenv("TSALAB_HOME", folder)
        yield Path(folder)
        for name in manager.names():
            manager.down(name, delete=True)
