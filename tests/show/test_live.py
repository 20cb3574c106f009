"""What a step reports is seen while it runs, and stays."""

from __future__ import annotations

import base64
import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass

import pytest

from tests.show.sanitizer import sanitized
from tsalab.records import Redactor
from tsalab.show.live import Live
from tsalab.show.status import DONE, FAILED, OTHER, RUNNING, WAITING, Status, status_of

EVIL = "<b onclick='x'>&"


@dataclass(frozen=True)
class Event:
    time: str
    resource: str
    type: str
    status: str
    reason: str = ""


@dataclass(frozen=True)
class Probe:
    name: str
    began: float
    milliseconds: float
    ok: bool = True
    status: int | None = 200
    url: str = "http://x/"
    x_cache: str | None = None
    saw: str = "HTML"


def text_of(live: Live) -> str:
    return "\n".join(part.text for part in live.parts(0))


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("NotStarted", WAITING),
        ("InProgress", RUNNING),
        ("running", RUNNING),
        ("CREATE_IN_PROGRESS", RUNNING),
        ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", RUNNING),
        ("Succeeded", DONE),
        ("UPDATE_COMPLETE", DONE),
        ("available", DONE),
        ("CREATE_FAILED", FAILED),
        ("UPDATE_ROLLBACK_COMPLETE", FAILED),
        ("UPDATE_ROLLBACK_IN_PROGRESS", FAILED),
        ("Stopped", FAILED),
        ("odd", OTHER),
    ],
)
def test_every_word_has_its_icon(word: str, status: Status) -> None:
    assert status_of(word) is status


def test_a_stage_is_timed_from_its_start_to_its_end() -> None:
    live = Live("x")
    live.stage("Deploy", "NotStarted", "", 0)
    assert sanitized(live.html(5, 5)).endswith("○ DeployNotStarted")
    live.stage("Deploy", "InProgress", "at work", 10)
    assert "◐ DeployInProgress: at work4.0 s" in sanitized(live.html(14, 14))
    live.stage("Deploy", "Succeeded", "", 13)
    assert "✓ DeploySucceeded3.0 s" in sanitized(live.html(99, 99))
    live.stage("Deploy", "InProgress", "", 20)  # it runs again
    assert "◐ DeployInProgress1.0 s" in sanitized(live.html(21, 21))
    live.stage("Deploy", "Failed", "no", 22, 312.0)
    assert text_of(live).splitlines()[1].split("  ") == ["✗ Deploy", "Failed", "5 min 12 s", "no"]


def test_what_had_ended_before_anybody_looked_has_no_time() -> None:
    live = Live("x")
    live.stage("Source", "Succeeded", "", 50)
    live.stage("Source", "Succeeded", "", 60)
    assert sanitized(live.html(70, 70)).endswith("✓ SourceSucceeded")


def test_a_screen_reader_hears_each_change_once() -> None:
    live = Live("x")
    live.stage("Source", "InProgress", "", 0)
    assert live.said == "Source: InProgress"
    live.said = ""
    live.stage("Source", "InProgress", "still", 1)
    assert live.said == ""
    live.stage("Source", "Succeeded", "", 2)
    assert live.said == "Source: Succeeded"


def test_events_come_and_stay_folded_unless_one_failed() -> None:
    live = Live("x")
    live.event(Event("2026-01-02T03:04:05+00:00", "Cluster", "T", "CREATE_IN_PROGRESS"))
    assert "03:04:05◐ CREATE_IN_PROGRESSClusterT" in sanitized(live.html(0, 0))
    (part,) = live.parts(0)
    assert "<details class" in part.html
    assert " open>" not in part.html
    assert "1 stack event" in part.text
    live.event(Event("2026-01-02T03:04:06+00:00", "Cluster", "T", "CREATE_FAILED", EVIL))
    (part,) = live.parts(0)
    assert " open>" in part.html
    assert EVIL in sanitized(part.html)


def drawn(html: str) -> ET.Element:
    data = re.search(r"base64,([^\"]+)", html)
    assert data
    return ET.fromstring(base64.b64decode(data[1]))  # noqa: S314 - our own drawing


def test_probes_stand_on_a_line_of_time() -> None:
    live = Live("x")
    live.probe(Probe("page", 7.0, 20))
    live.probe(Probe(EVIL, 7.1, 100, ok=False, status=502))
    live.probe(Probe("api", 7.2, 0, ok=False, status=None))
    timeline, table = live.parts(0)
    assert timeline.text == (
        "Timeline of 3 probes over 200 ms. page: ok, began at 0 ms, took 20 ms; "
        f"{EVIL}: not ok (502), began at 100 ms, took 100 ms; "
        "api: not ok (no answer), began at 200 ms, took 0 ms."
    )
    assert sanitized(timeline.html) == ""  # the words are the image's alt text
    assert "✗ not ok" in table.text
    svg = drawn(timeline.html)
    space = "{http://www.w3.org/2000/svg}"
    bars = [bar for bar in svg.iter(f"{space}rect") if "x" in bar.attrib]
    lefts, widths = ([float(bar.attrib[name]) for bar in bars] for name in ("x", "width"))
    room = 640 - 130 - 110
    assert lefts[:2] == [130, 130 + room / 2]
    assert widths[:2] == [room / 10, room / 2]
    assert widths[2] > 0
    assert lefts[2] + widths[2] == 130 + room
    said = [text.text for text in svg.iter(f"{space}text")]
    assert {"✓ page", f"✗ {EVIL}", "502 · 100 ms", "no answer · 0 ms", "0 ms", "200 ms"} <= set(said)
    assert "Timeline of 3 probes" in live.html(0, 0)


def test_a_diagram_stays_as_an_image_and_its_secret_is_masked_before_it_is_encoded() -> None:
    redactor = Redactor()
    redactor.add("hunter2hunter2")
    live = Live("x", redactor.mask)
    live.draw('<svg xmlns="http://www.w3.org/2000/svg"><text>one</text></svg>', "one")
    live.draw('<svg xmlns="http://www.w3.org/2000/svg"><text>hunter2hunter2</text></svg>', "two <parts>")
    (part,) = live.parts(0)
    assert part.text == "two <parts>"
    assert 'alt="two &lt;parts&gt;"' in part.html
    sanitized(part.html)
    assert "".join(drawn(part.html).itertext()) == "••••••"


def test_where_each_drawing_replaces_the_last_only_the_end_is_shown() -> None:
    live = Live("x")
    for number in range(20):
        live.event(Event("2026-01-02T03:04:05", f"Resource{number}.", "T", "CREATE_COMPLETE"))
        live.console.say(f"line {number}.")
    short, whole = live.html(0, 0), live.html(0, 0, whole=True)
    for name in ("Resource", "line "):
        assert f"{name}7." not in short
        assert f"{name}8." in short
        assert f"{name}0." in whole
        assert f"{name}19." in whole
