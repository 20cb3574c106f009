"""What a notebook would show, for tests that run its cells."""

from __future__ import annotations

import pytest

from tsalab.show import StepView


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Texts of what was published, as it came."""
    said: list[str] = []
    monkeypatch.setattr(StepView, "_publish", lambda _, data: said.append(data["text/plain"]))
    return said
