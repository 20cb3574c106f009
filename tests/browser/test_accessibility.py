"""axe over the dashboard in JupyterLab; `test_whole_lab` holds it against the page of a whole lab."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import SECONDS, JupyterLab
from tests.browser.test_outputs import CONTRAST
from tsalab import cost
from tsalab.architecture import PARTS, Overview, Part, State
from tsalab.show import dashboard
from tsalab.show.dashboard import Section, Standing

NOW = datetime(2026, 1, 1, tzinfo=UTC)
STATES = list(State)
GRAVE = {"serious", "critical"}


def overview(shift: int, looked: datetime) -> Overview:
    """Every state somewhere."""
    parts = [
        Part(
            name,
            STATES[(index + shift) % 6],
            detail=f"detail of {name}",
            since=NOW - timedelta(hours=1),
            units=2,
        )
        for index, name in enumerate(PARTS)
    ]
    return Overview.of(parts, looked)


def shown() -> dict[str, Any]:
    """A dashboard with everything that one can show, folded out."""
    standing = Standing(
        "The course",
        [Section("Done", 2, 2), Section("Here", 1, 3), Section("Later", 0, 4)],
        "Here", "Step 4 · Add it", 'lab.infra.add("database-cluster")', "Step 3 · Before · passed",
    )  # fmt: skip
    seen = overview(1, NOW)
    bundle = dashboard.bundle(
        standing, seen, cost.estimate(seen.parts.values(), NOW), before=overview(0, NOW - timedelta(hours=1))
    )
    return bundle | {"text/html": bundle["text/html"].replace("<details ", "<details open ")}


def grave(page: Page, context: str) -> list[str]:
    """Serious and critical findings of axe inside what a selector finds."""
    found = Axe().run(page, context)
    checked = {rule["id"] for rule in found.response["passes"]}
    assert "image-alt" in checked  # it has looked at something
    return [
        f"{rule['id']}: {node['html'][:200]}: {node['failureSummary']}"
        for rule in found.response["violations"]
        if rule["impact"] in GRAVE
        for node in rule["nodes"]
    ]


@pytest.fixture
def in_jupyterlab(browser: Browser, jupyterlab: JupyterLab) -> Iterator[Page]:
    output = nbformat.v4.new_output("display_data", data=shown())
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    book = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell("lab", outputs=[output])], metadata={"kernelspec": kernel}
    )
    nbformat.write(book, jupyterlab.folder / "dashboard.ipynb")
    page = browser.new_page()
    page.set_default_timeout(SECONDS * 1000)
    page.goto(jupyterlab.address("dashboard.ipynb"))
    page.wait_for_selector(".tsalab-dashboard")
    yield page
    page.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_dashboard_in_jupyterlab(in_jupyterlab: Page, theme: str, tmp_path: Path) -> None:
    page = in_jupyterlab
    if theme == "dark":
        page.evaluate("jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'})")
        expect(page.locator("body[data-jp-theme-light=false]")).to_be_attached()
    pictures = page.locator(".tsalab-dashboard .tsalab-picture")
    expect(pictures).to_have_count(2)
    box = pictures.first.bounding_box()
    assert box is not None
    assert box["height"] == 540  # the sanitizer has kept its size
    assert box["width"] > 600
    page.locator(".tsalab-dashboard").screenshot(path=tmp_path / f"dashboard-{theme}.png")
    assert grave(page, ".tsalab-dashboard") == []
    # axe judges no contrast in JupyterLab's notebook, whose cells it takes for out of sight.
    ratios = page.evaluate(CONTRAST, theme == "dark")
    assert ratios
    assert min(ratios) >= 4.5


@pytest.mark.parametrize(("width", "layout"), [(380, "ta-narrow"), (1000, "ta-wide")])
def test_the_picture_fits_its_page_and_each_word_its_box(browser: Browser, width: int, layout: str) -> None:
    from tsalab.show import diagram

    page = browser.new_page(viewport={"width": width, "height": 700})
    page.set_content(diagram.svg(overview(0, NOW)))
    other = {"ta-wide": "ta-narrow", "ta-narrow": "ta-wide"}[layout]
    expect(page.locator(f"svg.{layout}")).to_be_visible()
    expect(page.locator(f"svg.{other}")).to_be_hidden()
    outside = page.evaluate(OUTSIDE, layout)
    assert outside == []
    page.close()


# Texts that stick out of the smallest rectangle in which they begin.
OUTSIDE = """name => {
  const root = document.querySelector(`svg.${name}`);
  const boxes = [...root.querySelectorAll('rect')].map(e => e.getBBox());
  return [...root.querySelectorAll('text')].filter(text => {
    const t = text.getBBox();
    const around = boxes.filter(b => b.x <= t.x && t.x < b.x + b.width && b.y <= t.y && t.y < b.y + b.height)
      .sort((a, b) => a.width * a.height - b.width * b.height)[0];
    return t.x + t.width > around.x + around.width || t.y + t.height > around.y + around.height;
  }).map(text => text.textContent);
}"""
