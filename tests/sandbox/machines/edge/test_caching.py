"""What the edge keeps, for how long, and under which key."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
from aiohttp import web

from tsalab.sandbox.machines import edge_config

from .kit import age, config


def test_page_is_cached_on_the_second_request(site, bucket) -> None:
    first, second = site.get("/"), site.get("/index.html")
    assert first.text == second.text
    assert first.headers["x-cache"] == "Miss from cloudfront"
    assert "age" not in first.headers
    assert second.headers["x-cache"] == "Hit from cloudfront"
    assert second.headers["age"] == "0"
    assert second.headers["via"] == "1.1 e1.cloudfront.net (CloudFront)"
    assert first.headers["x-amz-cf-id"] != second.headers["x-amz-cf-id"]
    assert first.headers["content-encoding"] == "gzip"
    assert first.headers["etag"].startswith("W/")
    assert first.headers["server"] == "AmazonS3"
    assert len(bucket.asked) == 1
    assert bucket.asked[0][:3] == ("data", "app-source/index.html", "EOAI")
    plain = site.get("/", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.headers["x-cache"] == "Miss from cloudfront"
    assert plain.text == first.text


def test_photo_with_ranges_and_conditions(site, bucket) -> None:
    whole = site.get("/images/uploads/a%20b.jpg?x=1")
    assert whole.content == bytes(range(256)) * 10
    assert "content-encoding" not in whole.headers
    assert bucket.asked[0][1] == "images/uploads/a b.jpg"
    part = site.get("/images/uploads/a%20b.jpg?y=2", headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, bytes(range(10, 20)))
    assert part.headers["content-range"] == "bytes 10-19/2560"
    assert part.headers["x-cache"] == "Hit from cloudfront"
    assert site.get("/images/uploads/a%20b.jpg", headers={"Range": "bytes=-6"}).content == bytes(
        range(250, 256)
    )
    assert len(site.get("/images/uploads/a%20b.jpg", headers={"Range": "bytes=2500-"}).content) == 60
    assert site.get("/images/uploads/a%20b.jpg", headers={"Range": "bytes=9999-"}).status_code == 416
    ignored = {"Range": "bytes=1-2", "If-Range": '"other"'}
    assert site.get("/images/uploads/a%20b.jpg", headers=ignored).status_code == 200
    same = site.get("/images/uploads/a%20b.jpg", headers={"If-None-Match": whole.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")
    assert site.get("/images/uploads/a%20b.jpg", headers={"If-None-Match": '"other"'}).status_code == 200
    head = site.head("/images/uploads/a%20b.jpg")
    assert (head.headers["content-length"], head.content) == ("2560", b"")
    assert len(bucket.asked) == 1


def test_not_modified_since(site, bucket) -> None:
    bucket.put("app-source/x.txt", b"x", Last_Modified="Mon, 05 Jan 2026 10:00:00 GMT")
    for since, status in (
        ("Mon, 05 Jan 2026 10:00:00 GMT", 304),
        ("Mon, 05 Jan 2026 09:59:59 GMT", 200),
        ("nonsense", 200),
    ):
        assert site.get("/x.txt", headers={"If-Modified-Since": since}).status_code == status


def test_head_of_what_is_not_cached_yet(site) -> None:
    head = site.head("/", headers={"Accept-Encoding": "identity"})
    assert head.headers["content-length"] == str(6 + 5000)
    assert site.head("/", headers={"Accept-Encoding": "identity"}).headers["x-cache"].startswith("Hit")


def test_cache_key(site, origin) -> None:
    def n(path: str, **headers: str) -> int:
        return site.get(path, headers=headers).json()["n"]

    assert n("/cached/a?k=1&other=2") == 1
    assert n("/cached/a?other=3&k=1") == 1
    assert n("/cached/a?k=2") == 2
    assert n("/cached/a?k=2", Cookie="who=me; x=1") == 3
    assert n("/cached/a?k=2", Cookie="x=2; who=me") == 3
    assert origin.seen[2][2]["Cookie"] == "who=me"
    assert n("/cached/a?k=2", Cookie="x=2") == 2
    assert "Authorization" not in origin.seen[0][2]
    assert n("/cached/A?k=2") == 4
    assert n("/cached/a?k=2", Authorization="Bearer x") == 2


@pytest.mark.parametrize(
    ("headers", "kept"),
    [
        ({}, True),
        ({"Cache-Control": "max-age=60"}, True),
        ({"Cache-Control": "max-age=0"}, False),
        ({"Cache-Control": "s-maxage=0, max-age=60"}, False),
        ({"Cache-Control": "no-store"}, False),
        ({"Cache-Control": "private, max-age=60"}, False),
        ({"Expires": "Thu, 01 Jan 1970 00:00:00 GMT"}, False),
        ({"Expires": "Thu, 01 Jan 2099 00:00:00 GMT"}, True),
        ({"Expires": "0"}, True),
    ],
)
def test_how_long(site, origin, headers, kept) -> None:
    origin.answer = lambda request: web.Response(text="x", headers=headers)
    site.get("/cached/x")
    assert (site.get("/cached/x").headers["x-cache"] == "Hit from cloudfront") is kept


def test_bounds_of_the_ttl() -> None:
    from tsalab.sandbox.machines.edge_cache import ttl_of

    behaviour = edge_config.read(
        config(DefaultCacheBehavior={"TargetOriginId": "SPA", "MinTTL": 5, "DefaultTTL": 50, "MaxTTL": 100})
    ).behaviour("/x")
    for control, ttl in (
        ("max-age=1", 5),
        ("max-age=70", 70),
        ("max-age=900", 100),
        ("no-cache", 5),
        ("", 50),
    ):
        assert ttl_of(behaviour, 200, {"Cache-Control": control}, 10) == ttl
    assert ttl_of(behaviour, 401, {}, 10) == 0
    assert ttl_of(behaviour, 401, {"Cache-Control": "max-age=30"}, 10) == 30
    assert ttl_of(behaviour, 503, {}, 10) == 10
    assert ttl_of(behaviour, 206, {}, 10) == 0
    every = edge_config.read(
        config(DefaultCacheBehavior={"TargetOriginId": "SPA", "ForwardedValues": {"Headers": ["*"]}})
    ).behaviour("/x")
    assert ttl_of(every, 200, {}, 10) == 0


def test_stale_entries_are_asked_about(site, edge, bucket) -> None:
    site.get("/")
    age(edge, 301)
    confirmed = site.get("/")
    assert confirmed.headers["x-cache"] == "RefreshHit from cloudfront"
    assert "if-none-match" in bucket.asked[-1][3]
    assert not bucket.asked[-1][3]["if-none-match"].startswith("W/")
    assert site.get("/").headers["x-cache"] == "Hit from cloudfront"
    age(edge, 301)
    bucket.put("app-source/index.html", b"new")
    changed = site.get("/")
    assert (changed.text, changed.headers["x-cache"]) == ("new", "Miss from cloudfront")


def test_stale_is_better_than_nothing(site, edge, origin) -> None:
    origin.answer = lambda request: web.Response(
        text="x", headers={"Last-Modified": "Mon, 05 Jan 2026 10:00:00 GMT"}
    )
    site.get("/cached/x")
    age(edge, 100)
    origin.answer = lambda request: web.Response(status=500)
    assert site.get("/cached/x").text == "x"
    assert origin.seen[-1][2]["If-Modified-Since"] == "Mon, 05 Jan 2026 10:00:00 GMT"
    origin.stop()
    assert site.get("/cached/x").text == "x"
    origin.start()


def test_invalidation(site, edge) -> None:
    def cached(path: str) -> bool:
        return site.get(path).headers["x-cache"] == "Hit from cloudfront"

    for path in ("/", "/images/uploads/a%20b.jpg", "/cached/x?k=1"):
        cached(path)
        assert cached(path)
    assert edge.invalidate("E1", ["/images/*"]) == 1
    assert cached("/")
    assert not cached("/images/uploads/a%20b.jpg")
    assert edge.invalidate("E1", ["/"]) == 1
    assert not cached("/")
    assert edge.invalidate("E1", ["cached/x?k=1"]) == 1
    assert edge.invalidate("E1", ["/*"]) == 2
    assert edge.invalidate("nobody", ["/*"]) == 0


def test_equal_requests_cost_the_origin_one(site, origin) -> None:
    async def slow(request: web.BaseRequest) -> web.Response:
        await asyncio.sleep(0.2)
        return web.Response(text="x")

    origin.answer = slow
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: site.get("/cached/x"), range(8)))
    assert len(origin.seen) == 1
    assert sorted(answer.headers["x-cache"][:3] for answer in answers) == ["Hit"] * 7 + ["Mis"]


def test_memory_is_bounded(edge, site) -> None:
    from multidict import CIMultiDict

    from tsalab.sandbox.machines.edge_cache import Answer, Cache

    cache = Cache(100)
    for name in "abc":
        cache.put((name,), f"/{name}", Answer(200, CIMultiDict(), bytes(40)), 10)
    assert cache.get(("a",)) is None
    assert cache.get(("b",)) is not None
    cache.put(("d",), "/d", Answer(200, CIMultiDict(), bytes(101)), 10)
    assert cache.get(("d",)) is None
    cache.renew(("nobody",), 5)


def test_update_keeps_address_and_cache(site, edge) -> None:
    site.get("/")
    assert edge.publish("E1", config(Comment="new")) == site.base_url.port
    assert site.get("/").headers["x-cache"] == "Hit from cloudfront"
