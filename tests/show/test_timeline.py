"""The timeline's colours, in each scheme against its own paper, as WCAG 2.2 computes contrast."""

from __future__ import annotations

from typing import Any

import pytest

from tests.show.test_diagram import contrast
from tsalab.show.timeline import DARK, LIGHT


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_it_reads_in_light_and_dark(scheme: dict[str, Any]) -> None:
    assert contrast(scheme["ink"], scheme["paper"]) >= 4.5
    assert {name for name in scheme if contrast(scheme[name], scheme["paper"]) < 3} == {"paper"}
    assert set(LIGHT) == set(DARK)
