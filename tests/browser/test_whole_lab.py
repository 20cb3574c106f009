"""A learner in JupyterLab: the whole lab, cell by cell, in a real browser.

The tests of this file run in order, on one sandbox and one open notebook.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import JupyterLab, serving
from tests.browser.driver import Person
from tsalab import resources
from tsalab.course import LAB
from tsalab.records import MIMETYPE

pytestmark = pytest.mark.timeout(600)

PICTURES = Path("build", "screenshots")
WIDGET = "application/vnd.jupyter.widget-view+json"


@pytest.fixture(scope="module")
def lab4(module_sandbox: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterLab]:
    """JupyterLab on a copy of the notebook, in whose environment the sandbox is."""
    with serving(tmp_path_factory.mktemp("learner"), module_sandbox.env) as server:
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


def test_every_cell_passes(learner: Person, module_sandbox: Any) -> None:
    learner.write_in(
        "parameters",
        f"profile = {module_sandbox.name!r}\nlearner, workdir, region = 'Ada', '', ''\n"
        "method, mode = 'dump', 'guided'",
    )
    for cell in code_cells():
        outputs = learner.run(cell)
        assert [o for o in outputs if o["output_type"] == "error"] == [], cell
        if cell.startswith("step-"):
            assert record(outputs)["status"] == "passed"
            assert all(WIDGET not in output.get("data", {}) for output in outputs)


def test_nothing_left_the_machine_and_nothing_complained(learner: Person) -> None:
    assert learner.seen.outside == []
    assert learner.seen.errors == []
