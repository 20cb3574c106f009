"""The page in a real browser: what guests see, and what the admin does with mouse and keyboard."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from .parts import GALLERY, App, Aws, Database
from .site import Site

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


@pytest.fixture(params=["/", "/proxy/8080/"])
def site(app: App, aws: Aws, database: Database, request: pytest.FixtureRequest) -> Iterator[Site]:
    database.seed()
    aws.objects.clear()
    served = Site(app, aws, request.param)
    yield served
    served.close()


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    """A page that may fail at nothing and ask nobody but the site."""
    context = browser.new_context(viewport={"width": 1280, "height": 860}, reduced_motion="reduce")
    opened = context.new_page()
    faults: list[str] = []
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on(
        "console",
        lambda message: faults.append(message.text) if message.type in ("error", "warning") else None,
    )
    opened.on(
        "request",
        lambda asked: None if asked.url.startswith((site.url, "blob:")) else faults.append(asked.url),
    )
    opened.goto(site.url)
    yield opened
    context.close()
    # The browser itself notes every answer of 400 and above; tests that want one expect it.
    assert [fault for fault in faults if "the server responded with a status of 4" not in fault] == []


def log_in(page: Page) -> None:
    page.get_by_role("link", name="Log in").click()
    page.get_by_label("User name").fill("admin")
    page.get_by_label("Password").fill("2happymonkeys!")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("button", name="Log out")).to_be_visible()


def test_guests_see_six_photos_search_and_open_one(page: Page) -> None:
    photos = page.locator(".card img.loaded")
    expect(photos).to_have_count(6)
    assert all(photo.get_attribute("alt") for photo in photos.all())
    expect(page.get_by_text("Database tsagallery on 127.0.0.1")).to_be_visible()
    page.get_by_role("link", name="Mountains 2").click()
    expect(page.locator(".card")).to_have_count(2)
    expect(page).to_have_title("Mountains · TSA Gallery")
    page.get_by_role("link", name="All 6").click()
    page.keyboard.press("/")
    page.keyboard.type("poppy")
    expect(page.locator(".card")).to_have_count(1)
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.get_by_role("searchbox").fill("zebra")
    expect(page.get_by_text("No photo fits.")).to_be_visible()
    page.get_by_role("link", name="All photos", exact=True).click()
    page.locator(".card a").nth(1).focus()
    page.keyboard.press("Enter")
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text("Poppy meadow")
    expect(heading).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(heading).to_have_text("Nine ridges")
    expect(page.locator(".canvas img.loaded")).to_be_visible()
    page.reload()
    expect(heading).to_have_text("Nine ridges")
    page.go_back()
    expect(heading).to_have_text("Poppy meadow")


def test_the_admin_adds_edits_and_deletes(page: Page, aws: Aws) -> None:
    page.evaluate("location.hash = '#/upload'")
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    page.get_by_label("User name").fill("admin")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_have_text("That user name and password do not belong together.")
    page.get_by_label("Password").fill("2happymonkeys!")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Add a photo")).to_be_visible()

    page.locator("#photo").set_input_files(GALLERY / "photos" / "dunes.jpg")
    expect(page.get_by_label("Title")).to_have_value("Dunes")
    page.get_by_label("Title").fill("<img src=x onerror=alert(1)>")
    page.get_by_label("Tags").fill("sand, new")
    page.get_by_role("button", name="Add the photo").click()
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text("<img src=x onerror=alert(1)>")
    expect(page.locator(".canvas img.loaded")).to_be_visible()

    page.get_by_role("link", name="Edit", exact=True).click()
    page.get_by_label("Title").fill("Sand again")
    page.get_by_role("button", name="Save").click()
    expect(heading).to_have_text("Sand again")
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("button", name="Keep it").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("button", name="Delete the photo").click()
    expect(page.locator(".card")).to_have_count(6)
    assert aws.objects == {}

    page.get_by_role("link", name="Categories").click()
    page.get_by_label("Name").fill("Coast")
    page.get_by_role("button", name="Add the category").click()
    page.get_by_role("button", name="Edit Coast").click()
    page.locator(".category input[name=name]").fill("Shore")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Delete Shore").click()
    page.get_by_role("button", name="Delete the category").click()
    expect(page.locator(".category")).to_have_count(3)
    expect(page.get_by_role("button", name=re.compile("Nights holds photos"))).to_be_disabled()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("link", name="Log in")).to_be_visible()


@pytest.mark.parametrize("site", ["/"], indirect=True)
def test_it_fits_a_phone_and_follows_the_theme(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    page.emulate_media(color_scheme="dark")
    log_in(page)
    for address in (
        "#/",
        "#/photo/3",
        "#/upload",
        "#/categories",
        "#/photo/3/edit",
        "#/?q=zebra",
        "#/nowhere",
    ):
        page.evaluate(f"location.hash = '{address}'")
        expect(page.locator("main h1, main .notice").first).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, address
    colour = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(colour) == "rgb(17, 21, 23)"
    page.get_by_role("button", name="Use the light theme").click()
    assert page.evaluate(colour) == "rgb(250, 247, 242)"
    page.reload()
    assert page.evaluate(colour) == "rgb(250, 247, 242)"


@pytest.mark.parametrize("site", ["/"], indirect=True)
def test_a_keyboard_reaches_the_photos_first_by_the_skip_link(page: Page) -> None:
    expect(page.locator(".card")).to_have_count(6)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the photos")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="All 6")).to_be_focused()
