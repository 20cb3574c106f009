"""A learner in JupyterLab: the whole lab, cell by cell, in a real browser.

The tests of this file run in order, on one sandbox and one open notebook. The sandbox
takes its time and the old database has much to move, so that there is something to watch.
Screenshots are left in ``build/screenshots``.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import SECONDS, JupyterLab, serving
from tests.browser.driver import Person
from tests.browser.test_accessibility import grave
from tsalab import resources, runner
from tsalab.course import LAB
from tsalab.records import MIMETYPE

pytestmark = pytest.mark.timeout(600)

PICTURES = Path("build", "screenshots")
WIDGET = "application/vnd.jupyter.widget-view+json"
PICTURED = {
    "dashboard": "dashboard",
    "step-9": "pipeline",
    "step-14": "migration",
    "step-30": "verification",
}
ROWS = 40_000
MORE_ROWS = (
    "CREATE TABLE visits (id INT PRIMARY KEY, page VARCHAR(2000) NOT NULL, seen DATETIME NOT NULL);"
    " INSERT INTO visits SELECT seq, CONCAT('/photo/', seq MOD 6, '?visitor=', REPEAT(SHA1(seq), 49)),"
    f" '2026-01-01' + INTERVAL seq SECOND FROM seq_1_to_{ROWS};"
)


@pytest.fixture(scope="module")
def lab4(slow_sandbox: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterLab]:
    """JupyterLab on a copy of the notebook, in whose environment the sandbox is."""
    config = slow_sandbox.folder.path("ssh", "config")
    host = next(line.split()[1] for line in config.read_text().splitlines() if line.startswith("Host "))
    mysql = ["ssh", "-F", str(config), host, "mysql -u tsauser -pmy-secret-pw tsagallery"]
    subprocess.run(mysql, input=MORE_ROWS, text=True, check=True)
    with serving(tmp_path_factory.mktemp("learner"), slow_sandbox.env) as server:
        shutil.copy(resources.notebooks() / LAB.notebook, server.folder)
        yield server


@pytest.fixture(scope="module")
def learner(browser: Browser, lab4: JupyterLab) -> Iterator[Person]:
    person = Person(browser, lab4)
    person.open(LAB.notebook)
    yield person
    person.close()


def code_cells() -> list[str]:
    book = json.loads((resources.notebooks() / LAB.notebook).read_text(encoding="utf-8"))
    return [cell["id"] for cell in book["cells"] if cell["cell_type"] == "code"]


def record(outputs: list[dict[str, Any]]) -> dict[str, Any]:
    found = [output["data"][MIMETYPE] for output in outputs if MIMETYPE in output.get("data", {})]
    assert len(found) == 1
    return dict(found[0])


def picture(learner: Person, cell: str, name: str) -> None:
    """Take a picture of a cell's output as it is now."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    learner.output(cell).screenshot(path=PICTURES / f"{name}.png")


def ran(learner: Person, cell: str) -> list[dict[str, Any]]:
    """Wait for the end of a cell that was started: it is well, and what it leaves is static."""
    outputs = learner.ended()
    assert [o for o in outputs if o["output_type"] == "error"] == [], cell
    assert [o for o in outputs if WIDGET in o.get("data", {})] == [], cell
    if cell.startswith("step-"):
        assert record(outputs)["status"] == "passed"
    return outputs


def run_until(learner: Person, last: str, after: str = "") -> None:
    cells = code_cells()
    for cell in cells[cells.index(after) + 1 if after else 0 : cells.index(last) + 1]:
        learner.start(cell)
        ran(learner, cell)


def watched(learner: Person, cell: str) -> set[tuple[str, str | None, str | None]]:
    """Run a cell while its live view is looked at; every state of a progress bar that it showed."""
    before = len(learner.bars())
    learner.start(cell)
    expect(learner.output(cell).locator(".tsalab-live .tsalab-running")).to_be_visible(timeout=SECONDS * 1000)
    learner.page.wait_for_function(
        "count => window.tsalabBars.length > count + 2", arg=before, timeout=SECONDS * 1000
    )
    picture(learner, cell, f"{cell}-running-light")
    ran(learner, cell)
    expect(learner.output(cell).locator(".tsalab-passed")).to_be_visible()
    expect(learner.output(cell).locator(".tsalab-live")).to_have_count(0)
    return set(learner.bars()[before:])


def states(outputs: list[dict[str, Any]]) -> dict[str, str]:
    """The state of each part, as the diagram in an output says in words."""
    html = "".join("".join(output.get("data", {}).get("text/html", "")) for output in outputs)
    found = re.search(r'<img [^>]*alt="([^"]+)"', html)
    assert found, html[:500]
    groups = [group.partition(": ") for group in unescape(found[1]).partition(". ")[2].split("; ")]
    return {part.rstrip("."): state for state, _, parts in groups for part in parts.split(", ")}


def test_the_template_goes_up(learner: Person, slow_sandbox: Any) -> None:
    learner.write_in(
        "parameters",
        f"profile = {slow_sandbox.name!r}\nlearner, workdir, region = 'Ada', '', ''\n"
        "variant = bootstrap = ''\n"
        "method, mode, confirm = 'dump', 'guided', 'ask'",
    )
    run_until(learner, "step-8")


def test_the_pipeline_is_live_and_then_static(learner: Person) -> None:
    before = states(learner.outputs("dashboard"))
    assert len(watched(learner, "step-9")) >= 3
    after = states(learner.outputs("dashboard"))
    changed = {part: (before[part], state) for part, state in after.items() if before[part] != state}
    assert changed == dict.fromkeys(("Aurora cluster", "Secret"), ("absent", "available"))
    assert states(learner.outputs("step-9")) == after


def test_the_migration_is_live_and_then_static(learner: Person) -> None:
    run_until(learner, "step-13", after="step-9")
    assert len(watched(learner, "step-14")) >= 3


def test_the_lab_ends_well(learner: Person) -> None:
    run_until(learner, code_cells()[-1], after="step-14")


def test_pictures_in_light_and_dark(learner: Person) -> None:
    learner.page.set_viewport_size({"width": 1280, "height": 1700})  # the dashboard in one piece
    for theme in ("light", "dark"):
        learner.theme(theme)
        for cell, name in PICTURED.items():
            learner.scroll_to(cell)
            picture(learner, cell, f"{name}-{theme}")
    wanted = {f"{name}-{theme}" for name in PICTURED.values() for theme in ("light", "dark")}
    assert {path.stem for path in PICTURES.glob("*-*.png")} >= wanted


def test_the_saved_notebook_is_whole_and_without_widgets(learner: Person, lab4: JupyterLab) -> None:
    learner.save()
    learner.page.wait_for_function("() => !window.jupyterapp.shell.currentWidget.context.model.dirty")
    book = json.loads((lab4.folder / LAB.notebook).read_text(encoding="utf-8"))
    outputs = [output for cell in book["cells"] for output in cell.get("outputs", ())]
    steps = [output["data"][MIMETYPE]["step"] for output in outputs if MIMETYPE in output.get("data", {})]
    assert [step for step in steps if isinstance(step, int)] == list(range(1, 31))
    assert "widgets" not in book["metadata"]
    assert WIDGET not in json.dumps(book)


def test_untrusted_it_shows_every_outcome_and_the_diagram(
    learner: Person, lab4: JupyterLab, browser: Browser, tmp_path: Path
) -> None:
    """Opened where nobody has signed it: JupyterLab's sanitizer is between us and the reader."""
    with serving(tmp_path, os.environ) as elsewhere:
        shutil.copy(lab4.folder / LAB.notebook, elsewhere.folder)
        reader = Person(browser, elsewhere)
        reader.open(LAB.notebook)
        assert not reader.trusts()
        for step in LAB.steps:
            cell = f"step-{step.id}"
            reader.scroll_to(cell)
            expect(reader.output(cell).locator(".tsalab-passed")).to_contain_text(step.title)
        for cell in ("dashboard", "step-9", "before-and-after"):
            reader.scroll_to(cell)
            image = reader.output(cell).locator("img.tsalab-picture").first
            assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0
            assert "Aurora cluster" in str(image.get_attribute("alt"))
        assert reader.seen.errors == []
        reader.close()


@pytest.fixture(scope="module")
def report(learner: Person, lab4: JupyterLab, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the lab that was done, as `tsalab run` makes it."""
    page = tmp_path_factory.mktemp("report") / "lab4.html"
    runner.to_html(lab4.folder / LAB.notebook, page, title="Lab 4")
    return page


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_its_page_can_be_read_by_everybody(
    browser: Browser, report: Path, scheme: Literal["light", "dark"]
) -> None:
    page = browser.new_page(color_scheme=scheme)
    page.goto(report.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    alts = page.locator(".tsalab-dashboard .tsalab-picture").evaluate_all("all => all.map(e => e.alt)")
    assert alts
    assert all("Aurora cluster" in alt for alt in alts)
    assert grave(page, "body") == []
    page.close()


def test_its_page_shows_them_without_scripts(browser: Browser, report: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(report.as_uri())
    shown = page.locator(".tsalab-passed .tsalab-head").all_inner_texts()
    assert [step.title for step in LAB.steps if not any(step.title in head for head in shown)] == []
    for image in page.locator("img.tsalab-picture").all():
        image.scroll_into_view_if_needed()
        box = image.bounding_box()
        assert box is not None
        assert box["width"] > 300
        assert box["height"] > 100
    context.close()


def test_nothing_left_the_machine_and_nothing_complained(learner: Person) -> None:
    assert learner.seen.outside == []
    assert learner.seen.errors == []
