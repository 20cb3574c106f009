"""The drawing of what visitors met: all of it in words, too, and nothing that a browser would run."""

from __future__ import annotations

import base64
import itertools
import re
from dataclasses import dataclass

from tests.show.sanitizer import sanitized
from tsalab.show.load import Panel, latencies


@dataclass
class Answer:
    began: float
    ended: float
    ok: bool = True


def svg_of(html: str) -> str:
    found = re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', html)
    assert found
    return base64.b64decode(found[1]).decode()


def test_a_gap_is_seen_and_told() -> None:
    steady = [Answer(n / 100, n / 100 + 0.004) for n in range(100)]
    late = [Answer(2 + n / 100, 2 + n / 100 + 0.004) for n in range(100)]
    failed = [Answer(1 + n / 10, 1 + n / 10 + 0.002, ok=False) for n in range(9)]
    panel = Panel("Cut-over <now>", [*steady, *failed, *late], [("hold", 1.0, 1.4), ("switch", 1.4, 2)], 1.0)
    part = latencies([panel])
    assert "200 good answers, 9 others" in part.text
    assert "1.00 s at the longest" in part.text
    assert "hold 0.40 s; switch 0.60 s" in part.text
    sanitized(part.html)  # raises at what JupyterLab would take away
    svg = svg_of(part.html)
    assert "Cut-over &lt;now&gt;" in svg
    good, bad = (re.search(rf'<path d="([^"]*)" class="s-{name}"', svg) for name in ("good", "bad"))
    assert good
    assert bad
    places = [int(x) for x in re.findall(r"M(\d+) ", good[1])]
    gaps = [after - before for before, after in itertools.pairwise(places)]
    assert max(gaps) > 10 * sorted(gaps)[len(gaps) // 2]
    assert len(re.findall("M", bad[1])) == 9


def test_panels_share_one_scale_of_time() -> None:
    short = Panel("short", [Answer(0, 0.01), Answer(0.9, 1.0)], [], 0.99)
    long = Panel("long", [Answer(5, 5.01), Answer(14.9, 15.0)], [], 9.99)
    svg = svg_of(latencies([short, long]).html)
    ends = [
        max(int(x) for x in re.findall(r"M(\d+) ", path))
        for path in re.findall(r'd="([^"]*)" class="s-good"', svg)
    ]
    assert ends[0] < 150 < 650 < ends[1]
