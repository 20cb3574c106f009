"""The dashboard: what it says, and that it is static."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.show.sanitizer import sanitized
from tsalab import cost
from tsalab.architecture import PARTS, Overview, Part, State
from tsalab.show import dashboard, diagram
from tsalab.show.dashboard import Section, Standing

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HALF = Standing(
    "A <course>",
    [Section("First <section>", 2, 2), Section("Second", 1, 3)],
    "Second",
    "Step 4 · Add the cluster",
    'lab.infra.add("database-cluster")',
    "Step 3 · Add the secret · passed",
)
WHOLE = Standing("A course", [Section("First", 2, 2)], "", "", "", "Step 2 · x · passed")


def overview(looked: datetime = NOW, **states: State) -> Overview:
    found = [Part(name, states.get(name.replace("-", "_"), State.AVAILABLE)) for name in PARTS]
    return Overview.of(found, looked, 0.25)


def pictures(bundle: dict[str, Any]) -> list[tuple[str, str]]:
    """Alternative text and SVG of each picture."""
    found = re.findall(
        r'<img [^>]*alt="([^"]*)" src="data:image/svg\+xml;base64,([^"]+)"', bundle["text/html"]
    )
    return [(alt, base64.b64decode(data).decode()) for alt, data in found]


def test_it_says_where_you_are_what_is_next_what_it_costs_and_how_it_looks() -> None:
    seen = overview().with_part(Part("cluster", State.AVAILABLE, since=NOW - timedelta(hours=10), units=2))
    shown = dashboard.bundle(HALF, seen, cost.estimate(seen.parts.values(), NOW))
    assert set(shown) == {"text/plain", "text/html"}
    for text in (shown["text/plain"], sanitized(shown["text/html"])):
        assert "A <course> · 3 of 5 steps passed" in text
        assert "Step 3 · Add the secret · passed" in text
        assert 'Step 4 · Add the cluster: lab.infra.add("database-cluster")' in text
        assert "An estimate: about 2.40 USD so far at AWS's list prices, 0.24 USD an hour" in text
        assert "the look took 0.2 s" in text
        assert re.search(r"First <section>\s*✓ done\s*2 of 2", text)
        assert re.search(r"Second\s*→ you are here\s*1 of 3", text)
    ((alt, svg),) = pictures(shown)
    assert alt == seen.sentence().replace("'", "&#x27;")
    assert svg == diagram.svg(seen)
    assert seen.sentence() in shown["text/plain"]


def test_before_the_first_look_it_says_that_it_is_at_work() -> None:
    shown = dashboard.bundle(HALF, None, None, at_work=True)
    assert "looking at the account…" in sanitized(shown["text/html"])
    assert "being read" in shown["text/plain"]
    assert pictures(shown) == []
    later = dashboard.bundle(HALF, overview(), None, at_work=True)
    assert "looking at the account…" in later["text/plain"].splitlines()[0]
    assert len(pictures(later)) == 1  # the last look stays while the next one is taken
    assert "looking" not in dashboard.bundle(HALF, overview(), None)["text/plain"]


def test_before_and_after_are_told_apart_in_words_and_in_two_pictures() -> None:
    before = overview(NOW - timedelta(hours=1), cluster=State.ABSENT)
    shown = dashboard.bundle(HALF, overview(), None, before=before)
    text = sanitized(shown["text/html"])
    assert re.search(r"Aurora cluster\s*absent\s*available", text)
    (_, now), (alt, then) = pictures(shown)
    assert (now, then) == (diagram.svg(overview()), diagram.svg(before))
    assert "absent: Aurora cluster" in alt


@pytest.mark.parametrize(
    "before", [None, overview(NOW - timedelta(hours=1)), overview(NOW, cluster=State.ABSENT)],
    ids=["none", "the same", "the same look"],
)  # fmt: skip
def test_nothing_is_told_apart_where_nothing_has_changed(before: Overview | None) -> None:
    assert len(pictures(dashboard.bundle(HALF, overview(), None, before=before))) == 1


def test_before_is_unfolded_when_every_step_has_passed() -> None:
    before = overview(NOW - timedelta(hours=1), cluster=State.ABSENT)
    html = dashboard.bundle(WHOLE, overview(), None, before=before)["text/html"]
    assert "Every step has passed." in html
    assert '<details class="tsalab-details" open><summary>Before' in html
    assert "open><summary>Before" not in dashboard.bundle(HALF, overview(), None, before=before)["text/html"]


def test_what_could_not_be_read_says_why() -> None:
    seen = overview().with_part(
        Part("cluster", State.UNKNOWN, detail="AWS refused to <describe>: AccessDenied.")
    )
    shown = dashboard.bundle(HALF, seen, None)
    assert re.search(r"Aurora cluster\s*unknown\s*AWS refused to <describe>", sanitized(shown["text/html"]))
    assert "unknown: Aurora cluster" in shown["text/plain"]


@pytest.mark.parametrize(
    ("hours", "said"), [(0, "about 0.00 USD"), (0.01, "less than 0.01 USD"), (1, "about 0.24 USD")]
)
def test_small_costs_are_not_rounded_to_nothing(hours: float, said: str) -> None:
    seen = overview().with_part(Part("cluster", State.AVAILABLE, since=NOW - timedelta(hours=hours), units=2))
    shown = dashboard.bundle(HALF, seen, cost.estimate(seen.parts.values(), NOW))
    assert f"An estimate: {said} so far" in shown["text/plain"]
    assert "On a sandbox nothing is paid." in shown["text/plain"]
