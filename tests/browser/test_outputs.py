"""What a step leaves, as a browser shows it: in JupyterLab while it runs and after, and in the page."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import SECONDS, JupyterLab
from tests.records.conftest import make_record
from tsalab import runner
from tsalab.records import MIMETYPE, Redactor
from tsalab.show import bundle, diff, log, note, probes, table
from tsalab.show.live import Live

LIVE = """
import threading
from tsalab.records import Record, utc_now
from tsalab.show import StepView
go, began = threading.Event(), utc_now()
with StepView(9, "Watch the pipeline") as view:
    view.stage("Source", "Succeeded")
    for count in range(60):
        view.progress("resources", count, 60, "created")
        view.line(f"line {count}")
        go.wait(0.05)
    view.finish(Record.new(run="n", step=9, section="s", title="Watch the pipeline", status="passed",
                           saw="a", expected="b", started=began, ended=utc_now()))
"""


class Probe:
    name, url, status, milliseconds, x_cache, ok, saw = "page", "http://x/", 200, 3.0, "Hit", False, "nothing"
    began = 4.0


class Event:
    time, resource, type = "2026-01-02T03:04:05+00:00", "DatabaseCluster", "AWS::RDS::DBCluster"
    status, reason = "CREATE_FAILED", "because"


def static() -> dict[str, Any]:
    parts = [
        note("A <note> & more"),
        table([("users", 2)], ("Table", "Rows"), caption="Copied"),
        diff("--- a\n+++ b\n@@ -1 +1 @@\n-old\n+new", title="infra.yml"),
        log(["one", "two"], title="Log"),
        probes([Probe()]),
        *reported().parts(3),
    ]
    return bundle.of_record(make_record(), parts, Redactor())


def reported() -> Live:
    """A step that has reported something of everything."""
    state = Live("Step 9 · Watch")
    state.draw('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"></svg>', "a square")
    state.stage("Source", "Succeeded", "", 0, 1.5)
    state.stage("Deploy", "InProgress", "at work", 0)
    state.progress("users", 1, 2, "rows", 0)
    state.progress("images", 0, 0, "rows", 0)
    state.progress("dump.sql", 3, None, "bytes", 0)
    state.event(Event())
    state.probe(Probe())
    state.console.say("line")
    return state


def live() -> str:
    return reported().html(3, 3)


def write(path: Path) -> None:
    outputs = [
        nbformat.v4.new_output("display_data", data=data) for data in (static(), {"text/html": live()})
    ]
    cells = [
        nbformat.v4.new_code_cell("lab.infra.add('x')", outputs=outputs),
        nbformat.v4.new_code_cell(LIVE),
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel}), path)


@pytest.fixture
def page(browser: Browser, jupyterlab: JupyterLab) -> Iterator[Page]:
    write(jupyterlab.folder / "steps.ipynb")
    page = browser.new_page()
    page.set_default_timeout(SECONDS * 1000)
    page.goto(jupyterlab.address("steps.ipynb"))
    page.wait_for_selector(".tsalab-step")
    yield page
    page.close()


# What the markup says, without how a serializer writes it.
SHAPE = """root => [...root.querySelectorAll('*')].map(e =>
    [e.tagName, e.className, e.style.cssText, e.children.length,
     ...['open', 'value', 'max'].map(name => e.getAttribute(name))])"""


def test_jupyterlab_strips_nothing_of_an_untrusted_notebook(page: Page) -> None:
    for index, html in enumerate((static()["text/html"], live())):
        shown = page.locator(".jp-RenderedHTMLCommon.jp-OutputArea-output").nth(index).evaluate(SHAPE)
        meant = page.evaluate(
            f"html => {{ const d = document.createElement('div'); d.innerHTML = html; return ({SHAPE})(d) }}",
            html,
        )
        assert shown == meant
    expect(page.get_by_text("A <note> & more")).to_be_visible()


def test_a_running_step_is_live_and_then_static(page: Page) -> None:
    # What is typed before the kernel has started is dropped.
    expect(page.get_by_role("button", name="| Idle")).to_be_visible(timeout=SECONDS * 1000)
    page.locator(".jp-CodeCell .jp-InputArea-editor").nth(1).click()
    page.keyboard.press("Control+Enter")
    cell = page.locator(".jp-CodeCell").nth(1)
    widget = cell.locator(".tsalab-live .tsalab-running")
    expect(widget).to_contain_text("of 60 created", timeout=SECONDS * 1000)
    first = widget.inner_text()
    expect(widget).not_to_have_text(first)  # it moves
    expect(cell.locator(".tsalab-passed")).to_contain_text(
        "Step 9 · Watch the pipeline · passed", timeout=SECONDS * 1000
    )
    expect(cell.locator(".tsalab-live, .jupyter-widgets")).to_have_count(0)
    expect(cell.locator(".tsalab-step")).to_have_count(1)


def test_the_page_reads_without_scripts_and_asks_for_nothing(browser: Browser, tmp_path: Path) -> None:
    write(tmp_path / "steps.ipynb")
    runner.to_html(tmp_path / "steps.ipynb", tmp_path / "steps.html", title="Lab 4")
    context = browser.new_context(java_script_enabled=False)
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    page = context.new_page()
    page.goto((tmp_path / "steps.html").as_uri())
    expect(page.get_by_text("Step 4 · Add the cluster · passed")).to_be_visible()
    expect(page.get_by_role("cell", name="users").first).to_be_visible()
    expect(page.get_by_text("two")).not_to_be_visible()
    page.get_by_text("Log", exact=True).click()
    expect(page.get_by_text("two")).to_be_visible()
    assert asked == [(tmp_path / "steps.html").as_uri()]
    assert MIMETYPE not in page.content()
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_reads_in_light_and_dark(browser: Browser, tmp_path: Path, scheme: Any) -> None:
    """Contrast of the text over each tinted heading, as WCAG 2.2 computes it: at least 4.5."""
    write(tmp_path / "steps.ipynb")
    runner.to_html(tmp_path / "steps.ipynb", tmp_path / "steps.html", title="Lab 4")
    page = browser.new_page(color_scheme=scheme)
    page.goto((tmp_path / "steps.html").as_uri())
    page.screenshot(path=tmp_path / f"{scheme}.png", full_page=True)
    ratios = page.evaluate(CONTRAST, scheme == "dark")
    assert ratios
    assert min(ratios) >= 4.5
    page.close()


CONTRAST = """dark => {
  const numbers = text => text.match(/[\\d.]+/g).map(Number);
  const linear = v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const light = c => c.slice(0, 3).map(v => linear(v / 255))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const base = dark ? [18, 18, 18] : [255, 255, 255];
  const under = e => {
    if (!e) return base;
    const below = under(e.parentElement), [r, g, b, a = 1] = numbers(getComputedStyle(e).backgroundColor);
    return below.map((v, i) => v * (1 - a) + [r, g, b][i] * a);
  };
  const tinted = '.tsalab-head, .tsalab-diff span, .tsalab-table td, .tsalab-log';
  return [...document.querySelectorAll(tinted)].map(e => {
    const pair = [light(under(e)), light(numbers(getComputedStyle(e).color))].sort((x, y) => y - x);
    return (pair[0] + 0.05) / (pair[1] + 0.05);
  });
}"""
