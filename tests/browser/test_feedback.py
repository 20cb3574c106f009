"""The pages for a class and for a learner, in a browser without JavaScript; axe finds nothing in them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.grade import a_class
from tsalab.grade import exports, grade, read_rubric

PICTURES = Path("build", "screenshots")
Scheme = Literal["light", "dark"]
SCHEMES: list[Scheme] = ["light", "dark"]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("feedback")
    rubric = read_rubric()
    with exports.Pages(folder / "out", rubric) as out:
        for verdict in grade([a_class.handed_in(folder / "in")], rubric):
            out.add(verdict)
    return folder / "out"


@pytest.fixture(params=SCHEMES)
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page in light and in dark, whose own scripts do not run and which reaches nobody."""
    with browser.new_context(
        java_script_enabled=False,
        offline=True,
        color_scheme=request.param,
        viewport={"width": 1000, "height": 900},
    ) as context:
        yield context.new_page()


def violations(browser: Browser, file: Path, scheme: Scheme, width: int) -> list[str]:
    """All that axe finds, however grave; its own script needs the page's policy out of the way."""
    with browser.new_context(
        color_scheme=scheme, bypass_csp=True, viewport={"width": width, "height": 900}
    ) as context:
        page = context.new_page()
        page.goto(file.as_uri())
        found = Axe().run(page)
        checked = {rule["id"] for rule in found.response["passes"]}
        assert {"color-contrast", "html-has-lang", "document-title", "landmark-one-main"} <= checked
        unsure = [rule["id"] for rule in found.response["incomplete"]]
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, "it has to be scrolled sideways"
        return [
            f"{rule['id']}: {rule['nodes'][0]['html'][:200]}" for rule in found.response["violations"]
        ] + unsure


@pytest.mark.parametrize(
    ("name", "scheme", "width"),
    [
        ("index.html", "light", 1000),
        ("index.html", "dark", 380),
        ("ada-lovelace.html", "light", 380),
        ("chidi.html", "dark", 1000),
        ("torn.html", "light", 1000),
    ],
)
def test_axe_finds_nothing(browser: Browser, pages: Path, scheme: Scheme, width: int, name: str) -> None:
    assert violations(browser, pages / name, scheme, width) == []


def test_without_javascript_the_class_leads_to_each_learner(page: Page, pages: Path) -> None:
    page.goto((pages / "index.html").as_uri())
    scheme = "dark" if page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") else "light"
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"class-{scheme}.png", full_page=True)
    expect(page.locator("tbody tr")).to_have_count(12)
    expect(page.locator("script")).to_have_count(0)
    page.get_by_role("link", name="Chidi").click()
    expect(page.locator("tbody tr")).to_have_count(30)
    page.screenshot(path=PICTURES / f"learner-{scheme}.png", full_page=True)


def test_a_hostile_name_is_a_name(page: Page, pages: Path) -> None:
    page.goto((pages / "index.html").as_uri())
    page.get_by_role("link", name=a_class.HOSTILE).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(a_class.HOSTILE)
