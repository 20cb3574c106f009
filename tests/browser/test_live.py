"""A running step in JupyterLab: it changes in place, tells a screen reader, reads in both themes, and goes.

One notebook whose cell waits for files that the test writes, so that the test decides what
is reported when. It is opened once, and each test runs its cell again: with a widget of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import SECONDS, JupyterLab
from tests.browser.driver import Person
from tests.browser.test_outputs import CONTRAST
from tsalab.records import MIMETYPE

BOOK = "running.ipynb"
CELL = """
import threading
from pathlib import Path
from tsalab.records import Record, utc_now
from tsalab.show import StepView
began, pause = utc_now(), threading.Event()

class Event:
    time, type, reason = "2026-01-02T03:04:05+00:00", "AWS::RDS::DBCluster", ""
    def __init__(self, resource, status):
        self.resource, self.status = resource, status

class Probe:
    url, status, milliseconds, x_cache, ok, saw = "http://x/", 200, 20.0, "Hit", True, "HTML"
    def __init__(self, name, began):
        self.name, self.began = name, began

def wait_for(name):
    while not Path(name).exists():
        pause.wait(0.02)

with StepView(9, "Watch the pipeline") as view:
    view.picture('<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20">'
                 '<rect width="40" height="20" fill="#1565c0"/></svg>', "the cluster is absent")
    view.stage("Source", "Succeeded", seconds=2)
    view.stage("Deploy", "InProgress")
    view.progress("users", 10, 40, "rows")
    view.progress("dump.sql", 5000, None, "bytes")
    for number in range(60):
        view.event(Event(f"Resource{number}", "CREATE_COMPLETE"))
        view.line(f"line {number}")
    view.probe(Probe("page", 1.0))
    for round in range(3):
        wait_for(f"go-{round}")
        view.progress("users", 20 + 10 * round, 40, "rows")
        view.line(f"round {round}")
        view.event(Event(f"Late{round}", "CREATE_FAILED"))
    view.stage("Deploy", "Succeeded")
    view.picture('<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20">'
                 '<rect width="40" height="20" fill="#2e7d32"/></svg>', "the cluster is available")
    wait_for("end")
    view.finish(Record.new(run="n", step=9, section="s", title="Watch the pipeline", status="passed",
                           saw="a", expected="b", started=began, ended=utc_now()))
"""


@pytest.fixture(scope="module")
def window(browser: Browser, jupyterlab: JupyterLab) -> Iterator[Person]:
    """The notebook, open."""
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    book = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(CELL, id="step")], metadata={"kernelspec": kernel}
    )
    nbformat.write(book, jupyterlab.folder / BOOK)
    person = Person(browser, jupyterlab)
    person.open(BOOK)
    yield person
    person.page.evaluate(
        "async () => { await window.jupyterapp.shell.currentWidget.context.sessionContext.shutdown(); }"
    )
    person.close()


@pytest.fixture
def person(window: Person, jupyterlab: JupyterLab) -> Iterator[Person]:
    """The notebook with its cell running, as if it had just been opened."""
    person = window
    for left in [*jupyterlab.folder.glob("go-*"), *jupyterlab.folder.glob("end")]:
        left.unlink()
    person.page.emulate_media(reduced_motion="null")
    person.page.evaluate("() => { window.tsalabBars = []; }")
    # The promise of the command ends with the cell, which is to go on.
    person.page.evaluate(
        "async () => { const {content, context} = window.jupyterapp.shell.currentWidget;"
        "await context.sessionContext.ready; content.activeCellIndex = 0;"
        "window.jupyterapp.commands.execute('notebook:run-cell'); }"
    )
    expect(person.page.locator(".tsalab-live .tsalab-running")).to_contain_text(
        "line 59", timeout=SECONDS * 1000
    )
    yield person
    tell(jupyterlab, "go-0", "go-1", "go-2", "end")
    expect(person.page.locator(".tsalab-passed")).to_be_visible()
    expect(person.page.locator(".tsalab-live")).to_have_count(0)
    person.theme("light")


def tell(lab: JupyterLab, *names: str) -> None:
    for name in names:
        (lab.folder / name).touch()


def bar(page: Page) -> Any:
    return page.locator(".tsalab-live progress[title=users]")


def test_it_changes_in_place_and_leaves_scroll_and_focus_alone(
    person: Person, jupyterlab: JupyterLab
) -> None:
    page = person.page
    log, events = page.locator(".tsalab-live pre"), page.locator(".tsalab-live .tsalab-events")
    for box in (log, events):  # whoever reads the newest goes on reading the newest
        assert box.evaluate("e => e.scrollHeight - e.scrollTop - e.clientHeight") <= 4
        assert box.evaluate("e => e.tabIndex") == 0
    page.evaluate("() => { window.first = document.querySelector('.tsalab-live progress'); }")
    log.evaluate("e => { e.scrollTop = 40; e.focus(); }")
    tell(jupyterlab, "go-0")
    expect(bar(page)).to_have_attribute("value", "20")
    expect(log).to_contain_text("round 0")
    assert log.evaluate("e => e.scrollTop") == 40  # but who scrolled back goes on reading there
    assert log.evaluate("e => document.activeElement === e")
    assert events.evaluate("e => e.scrollHeight - e.scrollTop - e.clientHeight") <= 4
    tell(jupyterlab, "go-1")
    expect(bar(page)).to_have_attribute("value", "30")
    assert page.evaluate("() => document.querySelector('.tsalab-live progress') === window.first")
    tell(jupyterlab, "go-2")
    expect(bar(page)).to_have_attribute("value", "40")
    values = [value for label, value, _ in person.bars() if "users" in label]
    assert [value for value in dict.fromkeys(values) if value] == ["10", "20", "30", "40"]


def test_a_screen_reader_is_told_and_the_diagram_has_words(person: Person, jupyterlab: JupyterLab) -> None:
    page = person.page
    told = page.locator(".tsalab-live [role=status]")
    expect(told).to_have_text("Deploy: InProgress")
    assert told.get_attribute("aria-live") == "polite"
    assert told.evaluate("e => e.getBoundingClientRect().width") <= 1  # heard, not seen
    picture = page.get_by_role("img", name="the cluster is absent")
    expect(picture).to_be_visible()
    assert picture.locator("rect").get_attribute("fill") == "#1565c0"
    expect(page.get_by_alt_text("Timeline of 1 probe")).to_be_visible()
    tell(jupyterlab, "go-0", "go-1", "go-2")
    expect(told).to_have_text("Deploy: Succeeded")
    expect(page.get_by_role("img", name="the cluster is available")).to_be_visible()


def test_who_wants_no_motion_gets_none(person: Person) -> None:
    page = person.page
    moving = """() => document.getAnimations()
        .filter(a => a.effect.target.closest('.tsalab-live')).length"""
    page.emulate_media(reduced_motion="no-preference")
    page.wait_for_function(f"() => ({moving})() > 0")
    page.emulate_media(reduced_motion="reduce")
    page.wait_for_function(f"() => ({moving})() === 0")


TEXTS = "[...root.querySelectorAll('td, th, pre, .tsalab-head')]"
# The contrast of a bar's fill and its edge with what is behind it.
BARS = """() => {
  const probe = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgb = colour => { probe.fillStyle = colour; probe.fillRect(0, 0, 1, 1);
    return [...probe.getImageData(0, 0, 1, 1).data].slice(0, 3); };
  const linear = v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = c => c.map(v => linear(v / 255)).reduce((s, v, i) => s + v * [0.2126, 0.7152, 0.0722][i], 0);
  const bar = document.querySelector('.tsalab-live progress'), style = getComputedStyle(bar);
  let behind = bar;
  while (/^rgba\\(.*, 0\\)$/.test(getComputedStyle(behind).backgroundColor)) behind = behind.parentElement;
  const base = light(rgb(getComputedStyle(behind).backgroundColor));
  return [style.color, style.borderTopColor].map(colour => {
    const [high, low] = [light(rgb(colour)), base].sort((x, y) => y - x);
    return (high + 0.05) / (low + 0.05);
  });
}"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_reads_in_both_themes(person: Person, theme: str) -> None:
    """Text at least 4.5 to 1, what is drawn at least 3 to 1, as WCAG 2.2 computes them."""
    person.theme(theme)
    page = person.page
    expect(page.locator("#jupyterlab-splash")).to_have_count(0)  # a change of theme shows it for a moment
    folder = Path("build", "screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    page.locator(".tsalab-live").screenshot(path=folder / f"running-step-{theme}.png")
    contrast = CONTRAST.replace("document.querySelectorAll(tinted)", TEXTS)
    texts = page.locator(".tsalab-live").evaluate(f"root => ({contrast})({json.dumps(theme == 'dark')})")
    assert len(texts) > 60
    assert min(texts) >= 4.5
    assert min(page.evaluate(BARS)) >= 3


def test_nothing_of_the_widget_stays(person: Person, jupyterlab: JupyterLab) -> None:
    page = person.page
    tell(jupyterlab, "go-0", "go-1", "go-2", "end")
    left = page.locator(".jp-CodeCell .tsalab-passed")
    expect(left).to_contain_text("Step 9 · Watch the pipeline · passed")
    expect(page.locator(".tsalab-live, .jupyter-widgets")).to_have_count(0)
    expect(page.locator(".tsalab-step")).to_have_count(1)
    for shown in ("✓ Deploy", "40 of 40 rows", "63 stack events", "Late2", "5.0 kB"):
        expect(left).to_contain_text(shown)
    expect(left.get_by_alt_text("the cluster is available")).to_be_visible()
    person.save()
    book = nbformat.read(jupyterlab.folder / BOOK, as_version=4)
    assert "widgets" not in book.metadata
    (output,) = book.cells[0].outputs
    assert set(output.data) == {"text/plain", "text/html", MIMETYPE}
    assert person.seen.errors == []
    assert person.seen.outside == []
