"""What goes to the origin and comes back, and what is answered when the origin does not."""

from __future__ import annotations

import asyncio
import socket
import time

import httpx
import pytest
from aiohttp import web

from tsalab.sandbox.machines import edge_serving
from tsalab.sandbox.machines.edge import Edge

from .kit import FreePorts, age, client, config


def test_api_is_never_cached(site, origin) -> None:
    first, second = site.get("/api/images?q=a%20b&p=%2F"), site.get("/api/images?q=a%20b&p=%2F")
    assert (first.json(), second.json()) == ({"n": 1}, {"n": 2})
    for answer in (first, second):
        assert answer.headers["x-cache"] == "Miss from cloudfront"
        assert "age" not in answer.headers
    method, path, headers, _ = origin.seen[0]
    assert (method, path) == ("GET", "/api/images?q=a%20b&p=%2F")
    assert headers["Host"] == "ec2-1.example"
    assert headers["User-Agent"] == "Amazon CloudFront"
    assert headers["X-From"] == "edge"
    assert headers["X-Forwarded-For"] == "127.0.0.1"
    assert headers["Via"].endswith("(CloudFront)")
    assert "X-Amz-Cf-Id" in headers


def test_api_headers_cookies_and_bodies(site, origin) -> None:
    origin.answer = lambda request: web.Response(
        text="done", headers={"Set-Cookie": "sid=1; HttpOnly", "Via": "1.1 inner"}, status=201
    )
    answer = site.post(
        "/api/login",
        json={"user": "admin"},
        headers={
            "Authorization": "Bearer t",
            "Cookie": "a=1; b=2",
            "Accept": "application/json",
            "Accept-Language": "de",
            "Origin": "http://x",
            "X-Forwarded-For": "9.9.9.9",
        },
    )
    assert (answer.status_code, answer.text) == (201, "done")
    assert answer.headers["set-cookie"] == "sid=1; HttpOnly"
    assert answer.headers["via"] == "1.1 inner, 1.1 e1.cloudfront.net (CloudFront)"
    _, _, headers, body = origin.seen[0]
    assert body == b'{"user":"admin"}'
    assert headers["Content-Type"] == "application/json"
    assert headers["Content-Length"] == str(len(body))
    assert headers["Authorization"] == "Bearer t"
    assert headers["Cookie"] == "a=1; b=2"
    assert headers["Accept"] == "application/json"
    assert headers["Origin"] == "http://x"
    assert headers["X-Forwarded-For"] == "9.9.9.9, 127.0.0.1"
    assert "Accept-Language" not in headers


def test_large_bodies_stream_both_ways(site, origin, monkeypatch) -> None:
    monkeypatch.setattr(edge_serving, "LARGEST", 1_000_000)
    big = bytes(5_000_000)
    origin.answer = lambda request: web.Response(body=big)
    assert site.put("/api/upload", content=iter([big[:2_500_000]] * 2)).content == big
    assert len(origin.seen[0][3]) == 5_000_000
    for _ in range(2):  # too large to keep, so fetched again
        answer = site.get("/cached/big")
        assert answer.content == big
        assert answer.headers["x-cache"] == "Miss from cloudfront"


def test_upload_that_waits_for_a_go_ahead(site, origin) -> None:
    with socket.create_connection(("127.0.0.1", site.base_url.port), 5) as raw:
        raw.sendall(
            b"POST /api/x HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n"
            b"Connection: close\r\n\r\n"
        )
        assert raw.recv(100).startswith(b"HTTP/1.1 100")
        raw.sendall(b"abc")
        rest = b""
        while piece := raw.recv(65536):
            rest += piece
    assert rest.startswith(b"HTTP/1.1 200")
    assert origin.seen[0][3] == b"abc"


def test_head_and_empty_answers_of_the_api(site, origin) -> None:
    origin.answer = lambda request: web.Response(text="12345")
    head = site.head("/api/x")
    assert (head.status_code, head.headers["content-length"], head.content) == (200, "5", b"")
    origin.answer = lambda request: web.Response(status=204)
    assert site.delete("/api/x").status_code == 204
    origin.answer = lambda request: web.Response(status=304, headers={"ETag": '"a"'})
    assert site.get("/api/x", headers={"If-None-Match": '"a"'}).status_code == 304
    assert origin.seen[-1][2]["If-None-Match"] == '"a"'


def test_origin_down(site, edge, origin) -> None:
    origin.stop()
    down = site.get("/api/x")
    assert down.status_code == 502
    assert down.headers["x-cache"] == "Error from cloudfront"
    assert down.headers["server"] == "CloudFront"
    assert "502 ERROR" in down.text
    assert site.post("/api/x").status_code == 502
    origin.start()
    kept = site.get("/api/x")  # CloudFront keeps errors for ten seconds
    assert (kept.status_code, kept.headers["age"]) == (502, "0")
    assert site.post("/api/x").status_code == 200
    age(edge, 11)
    assert site.get("/api/x").status_code == 200


def test_origin_silent(site, origin) -> None:
    async def silent(request: web.BaseRequest) -> web.Response:
        await asyncio.sleep(3)
        return web.Response()

    origin.answer = silent
    assert site.post("/api/x").status_code == 504


def test_an_origin_that_drops_connections(loop, bucket) -> None:
    def closed(_name: str) -> None:
        raise TimeoutError

    settings = config()
    settings["Origins"][2]["ConnectionTimeout"] = 1
    edge = Edge(FreePorts(), loop.run, closed)
    edge.s3_fetch = bucket.fetch
    try:
        with client(edge.publish("E2", settings)) as site:
            began = time.monotonic()
            assert site.get("/api/x").status_code == 504
            assert time.monotonic() - began >= 1
            assert site.get("/").status_code == 200
    finally:
        loop.run(edge.stop())


def test_origin_breaks_off(site, origin) -> None:
    async def cut(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b"x" * 10)
        request.transport.abort()
        return response

    origin.answer = cut
    with pytest.raises(httpx.RemoteProtocolError):
        site.get("/api/x")
    assert site.get("/cached/x").status_code == 502


def test_origin_unknown(edge) -> None:
    changed = config()
    changed["Origins"][2]["DomainName"] = "elsewhere.example"
    with client(edge.publish("E2", changed)) as site:
        assert "resolve" in site.get("/api/x").text
