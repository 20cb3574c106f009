"""The probes against a small gallery behind the sandbox's own CloudFront."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator

import pytest
from aiohttp import web

from tsalab.edge import Probe, Site
from tsalab.errors import SiteError
from tsalab.sandbox.machines.edge import Edge

from ..sandbox.machines.edge.kit import Bucket, Loop, Origin, config


class Ports:
    def get(self, key: str) -> int:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            return taken.getsockname()[1]

    def forget(self, key: str) -> None:
        return None


class Gallery:
    """What the gallery's API answers, as its README has it."""

    def __init__(self, loop: Loop) -> None:
        self.origin = Origin(loop)
        self.origin.answer = self.answer
        self.categories = [{"id": 1, "name": "Mountains"}]
        self.images = [{"id": 6, "title": "Night", "url": "/images/uploads/a.jpg"}]
        self.broken = 0
        self.headers: dict[str, str] = {}

    async def answer(self, request: web.BaseRequest) -> web.Response:
        if self.broken:
            self.broken -= 1
            return web.Response(status=503, text="not yet")
        path = request.rel_url.path
        if path == "/api/login":
            given = json.loads(self.origin.seen[-1][3])
            right = given == {"username": "admin", "password": "2happymonkeys!"}
            if not right:
                return web.json_response({"error": {"code": "wrong_login"}}, status=401)
            return web.json_response({"user": {"username": "admin"}})
        if path == "/api/health":
            return web.json_response({"ok": True, "database": {"host": "db"}}, headers=self.headers)
        if path == "/api/categories":
            return web.json_response({"items": self.categories}, headers=self.headers)
        if path == "/api/text":
            return web.Response(text="hello")
        if path == "/api/list":
            return web.json_response([])
        words = request.rel_url.query.get("q")
        return web.json_response({"items": [i for i in self.images if words is None or words in i["title"]]})


@pytest.fixture(scope="module")
def loop() -> Iterator[Loop]:
    made = Loop()
    yield made
    made.close()


@pytest.fixture
def gallery(loop: Loop) -> Iterator[Gallery]:
    made = Gallery(loop)
    yield made
    made.origin.stop()


@pytest.fixture
def bucket() -> Bucket:
    made = Bucket()
    made.put("app-source/index.html", b"<!doctype html><html>gallery</html>")
    made.put("images/uploads/a.jpg", b"\xff\xd8", "image/jpeg")
    return made


@pytest.fixture
def site(loop: Loop, gallery: Gallery, bucket: Bucket) -> Iterator[Site]:
    edge = Edge(Ports(), loop.run, lambda _: ("127.0.0.1", gallery.origin.port))
    edge.s3_fetch = bucket.fetch
    rules = [{"ErrorCode": code, "ErrorCachingMinTTL": 0} for code in (500, 502, 503, 504)]
    yield Site(f"http://127.0.0.1:{edge.publish('E1', config(CustomErrorResponses=rules))}", timeout=5)
    loop.run(edge.stop())


def test_everything_a_visitor_needs(site: Site) -> None:
    seen: list[tuple[Probe, int]] = []
    found = site.verify(lambda probe: seen.append((probe, threading.get_ident())))
    assert [(probe.name, probe.ok) for probe in found] == [
        ("page", True),
        ("page, again", True),
        ("API", True),
        ("API, again", True),
        ("photo", True),
        ("login", True),
    ]
    assert [probe for probe, _ in seen] == found
    assert {thread for _, thread in seen} == {threading.get_ident()}
    page, again, api, api_again, photo, login = found
    assert (page.x_cache, page.age) == ("Miss from cloudfront", None)
    assert (again.x_cache, again.age) == ("Hit from cloudfront", 0)
    for probe in (api, api_again):
        assert (probe.x_cache, probe.age) == ("Miss from cloudfront", None)
    assert photo.url.endswith("/images/uploads/a.jpg")
    assert all(probe.status == 200 and probe.milliseconds > 0 for probe in found)
    assert "2happy" not in repr(login)


def test_a_page_that_is_missing(site: Site, bucket: Bucket) -> None:
    bucket.objects.clear()
    probe = site.page()
    assert not probe.ok
    assert probe.status == 403
    assert "403 application/xml, expected HTML" in probe.saw
    assert not site.page_again().ok


def test_an_api_that_is_cached_is_found_out(site: Site, gallery: Gallery) -> None:
    assert site.api_answers().ok
    gallery.headers = {"Age": "3"}
    assert not site.api_answers().ok
    gallery.headers = {}
    gallery.categories.clear()
    assert not site.api_answers().ok


def test_a_wrong_login(site: Site, gallery: Gallery) -> None:
    probe = site.login("admin", "wrong")
    assert (probe.ok, probe.status) == (False, 401)
    gallery.origin.answer = lambda _: web.json_response({"user": None})
    assert not site.login().ok


def test_a_refused_login_is_not_tried_again(site: Site, gallery: Gallery, monkeypatch) -> None:
    monkeypatch.setattr("tsalab.edge.site.ADMIN", ("admin", "other"))
    monkeypatch.setattr(site, "login", lambda: Site.login(site, "admin", "other"))
    assert [probe.ok for probe in site.verify(patience=30)][-1] is False


def test_patience(site: Site, gallery: Gallery) -> None:
    gallery.broken = 3
    assert all(probe.ok for probe in site.verify(patience=20))
    gallery.broken = 2
    assert not all(probe.ok for probe in site.verify())


def test_patience_with_an_empty_gallery_ends(site: Site, gallery: Gallery) -> None:
    gallery.images.clear()
    with pytest.raises(SiteError, match="lists no photo"):
        site.verify(patience=0.3)


def test_no_photo(site: Site, gallery: Gallery) -> None:
    gallery.images.clear()
    with pytest.raises(SiteError, match="lists no photo"):
        site.photo()


def test_find(site: Site, gallery: Gallery) -> None:
    assert site.find("Mountains")
    assert site.find("Night")
    assert not site.find("nonce/& 1")
    assert gallery.origin.seen[-1][1] == "/api/images?q=nonce%2F%26%201"


def test_api_and_health(site: Site, gallery: Gallery) -> None:
    assert site.health()["database"]["host"] == "db"
    assert site.api("images")["items"][0]["id"] == 6
    for path in ("text", "list"):
        with pytest.raises(SiteError, match="did not answer JSON"):
            site.api(path)
    gallery.broken = 1
    with pytest.raises(SiteError, match="answered 503") as caught:
        site.api("images")
    assert "not yet" in caught.value.why
    assert repr(site) == f"Site({site.url})"


def test_web_server_down(site: Site, gallery: Gallery) -> None:
    gallery.origin.stop()
    probe = site.api_answers()
    assert (probe.ok, probe.status, probe.x_cache) == (False, 502, "Error from cloudfront")
    with pytest.raises(SiteError, match="answered 502") as caught:
        site.api("images")
    assert "not running" in caught.value.why
    gallery.origin.start()


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(SiteError, match="cannot be reached"):
        Site(f"http://127.0.0.1:{port}").page()
    with pytest.raises(SiteError, match="cannot be reached"):
        Site("nonsense://x").page()


def test_no_answer_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(SiteError, match=r"did not answer within 0\.2 s"):
            Site(url, timeout=0.2).page()
