"""A sealed ledger of a whole lab, made without a sandbox."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.ledger import genuine
from tsalab.ledger import keys


@pytest.fixture
def instructor() -> Ed25519PrivateKey:
    """An instructor's key."""
    return keys.new()


@pytest.fixture
def data(instructor: Ed25519PrivateKey, tmp_path: Path) -> bytes:
    """Ada's sealed ledger."""
    return genuine.ledger(tmp_path, instructor)
