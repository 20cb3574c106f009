"""Records as a step would make them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tsalab.records import Record

BEGAN = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


def make_record(**changes: Any) -> Record:
    values: dict[str, Any] = {
        "run": "nonce",
        "step": 4,
        "section": "Add Aurora Serverless",
        "title": "Add the cluster",
        "status": "passed",
        "saw": "DatabaseCluster in infra.yml",
        "expected": "DatabaseCluster in infra.yml",
        "facts": {"digest": "ab" * 32, "rows": 6},
        "started": BEGAN,
        "ended": BEGAN + timedelta(seconds=1.5),
    }
    return Record.new(**(values | changes))


@pytest.fixture
def make() -> Callable[..., Record]:
    return make_record
