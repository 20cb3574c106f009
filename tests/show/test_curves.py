"""The drawing of a pause: it reads in both schemes, and its words say the same."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from xml.etree import ElementTree

import pytest

from tests.show.test_diagram import contrast
from tsalab.show.curves import DARK, LIGHT, Curves, curves


@dataclass(frozen=True)
class Visit:
    at: float
    seconds: float
    ok: bool
    status: int


FAILS = Curves(
    "as <written>",
    100.0,
    110.0,
    [(99.0, 2.0), (104.0, 0.0), (108.0, 2.0)],
    [(100.0, 3.0), (105.0, 3.0)],
    [Visit(100.1, 0.02, True, 200), Visit(105.0, 2.0, False, 503), Visit(108.2, 0.01, True, 200)],
)
WAITS = Curves("patient", 0.0, 5.0, [(1.0, 0.0), (4.0, 8.0)], [], [Visit(1.0, 2.9, True, 200)])


def svg(html: str) -> str:
    (data,) = re.findall(r"base64,([^\"]+)", html)
    return base64.b64decode(data).decode()


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_it_reads_in_light_and_dark(scheme: dict[str, str]) -> None:
    for ground in ("paper", "shade"):
        assert contrast(scheme["ink"], scheme[ground]) >= 4.5
        assert {name for name in scheme if contrast(scheme[name], scheme[ground]) < 3} == {"paper", "shade"}
    assert set(LIGHT) == set(DARK)


def test_the_words_say_what_is_drawn() -> None:
    part = curves([FAILS, WAITS])
    assert part.text.startswith("as <written>: 10 s, 4 of them the cluster slept; capacity up to 2 ACUs")
    assert "3 visits, 1 of them failed, the longest 503 · 2.0 s." in part.text
    assert "patient: 5 s, 3 of them" in part.text
    assert 'alt="as &lt;written&gt;: 10 s' in part.html


def test_it_is_one_picture_and_every_value_is_escaped() -> None:
    drawn = svg(curves([FAILS, WAITS]).html)
    ElementTree.fromstring(drawn)  # noqa: S314 - our own
    assert "as &lt;written&gt;" in drawn
    assert drawn.count('class="shade"/>') == 2
    assert "503 · 2.0 s" in drawn
    assert "2.9 s" in drawn


def test_a_visit_that_nobody_waited_for_is_told_in_milliseconds() -> None:
    brief = Curves("load", 0.0, 5.0, [], [], [Visit(1.0, 0.018, True, 200)])
    assert ">18 ms<" in svg(curves([brief]).html)
    assert "the longest 18 ms" in curves([brief]).text


def test_a_sleeping_cluster_has_no_connections() -> None:
    (many,) = re.findall(r'<path d="([^"]+)" class="many"', svg(curves([FAILS]).html))
    bottom = max(float(y) for y in re.findall(r"[MV][\d.]* ?([\d.]+)(?=[HV]|$)", many.replace("V", "V ")))
    assert str(bottom) == "164.0"


def test_a_run_without_readings_is_drawn_all_the_same() -> None:
    part = curves([Curves("empty", 0.0, 1.0, [], [], [])])
    ElementTree.fromstring(svg(part.html))  # noqa: S314 - our own
    assert "0 visits" in part.text
