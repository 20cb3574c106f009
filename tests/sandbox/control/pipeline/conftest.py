"""A pipeline of a test's own."""

from __future__ import annotations

import pytest

from .kit import Ground


@pytest.fixture
def ground(plane):
    made = Ground(plane)
    yield made
    made.close()
