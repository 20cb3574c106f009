"""A screen that remembers, and records to show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.records.conftest import make_record
from tsalab.records import Record


class Memory:
    """A screen that keeps what it was told."""

    def __init__(self) -> None:
        self.shown: list[tuple[dict[str, Any], str, bool]] = []

    def publish(self, bundle: Mapping[str, Any], display_id: str, *, update: bool) -> None:
        self.shown.append((dict(bundle), display_id, update))

    @property
    def last(self) -> dict[str, Any]:
        return self.shown[-1][0]


@pytest.fixture
def memory() -> Memory:
    return Memory()


@pytest.fixture
def make() -> Callable[..., Record]:
    return make_record
