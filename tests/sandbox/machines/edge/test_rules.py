"""What a distribution's configuration rules: methods, error pages, protocols, addresses, patterns."""

from __future__ import annotations

import socket

import httpx
import pytest
from aiohttp import web

from tsalab.errors import SandboxError
from tsalab.sandbox.machines import edge_config
from tsalab.sandbox.machines.edge import Edge

from .kit import FreePorts, client, config


def test_missing_object_and_error_page(site, edge, bucket) -> None:
    missing = site.get("/nothing/here")
    assert (missing.status_code, missing.headers["x-cache"]) == (403, "Error from cloudfront")
    assert b"AccessDenied" in missing.content
    rule = {"ErrorCode": 403, "ResponsePagePath": "/index.html", "ResponseCode": 200, "ErrorCachingMinTTL": 0}
    edge.update("E1", config(CustomErrorResponses=[rule]))
    shown = site.get("/nothing/here")
    assert shown.status_code == 200
    assert shown.text.startswith("<html>page")
    for page in ("/lost.html", "/api/error"):
        edge.update("E1", config(CustomErrorResponses=[{**rule, "ResponsePagePath": page}]))
        assert site.get("/nothing/here").status_code == 403


def test_an_api_error_gets_the_error_page_too(site, edge, origin) -> None:
    origin.answer = lambda request: web.Response(status=500, text="inner")
    rule = {"ErrorCode": 500, "ResponsePagePath": "/index.html", "ResponseCode": 503}
    edge.update("E1", config(CustomErrorResponses=[rule]))
    for _ in range(2):
        assert site.get("/api/x").status_code == 503
    assert site.post("/api/x").text.startswith("<html>page")
    assert len(origin.seen) == 2


def test_not_the_identity(edge, bucket) -> None:
    changed = config()
    del changed["Origins"][0]["S3OriginConfig"]
    with client(edge.publish("E3", changed)) as site:
        assert site.get("/").status_code == 403
    assert bucket.asked[-1][2] == ""


def test_protocol_policies_and_disabled(edge) -> None:
    def answer(**changes) -> httpx.Response:
        with client(edge.publish("E4", config(**changes))) as site:
            return site.get("/x?y")

    default = config()["DefaultCacheBehavior"]
    moved = answer(DefaultCacheBehavior={**default, "ViewerProtocolPolicy": "redirect-to-https"})
    assert moved.status_code == 301
    assert moved.headers["location"].startswith("https://127.0.0.1")
    assert answer(DefaultCacheBehavior={**default, "ViewerProtocolPolicy": "https-only"}).status_code == 403
    assert answer(Enabled=False).status_code == 403


def test_unpublish(edge) -> None:
    port = edge.publish("E5", config())
    edge.unpublish("E5")
    edge.unpublish("E5")
    with pytest.raises(httpx.ConnectError), client(port) as site:
        site.get("/")


def test_port_taken(edge) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        edge._ports.known["edge E6"] = taken.getsockname()[1]
        with pytest.raises(OSError, match="in use"):
            edge.publish("E6", config())


def test_before_the_control_plane_is_up(loop) -> None:
    edge = Edge(FreePorts(), loop.run, lambda _: None)
    with client(edge.publish("E7", config())) as site:
        assert site.get("/").status_code == 503
    loop.run(edge.stop())


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda c: c.update(WebACLId="x"), "WebACLId"),
        (lambda c: c["DefaultCacheBehavior"].update(CachePolicyId="x"), "CachePolicyId"),
        (lambda c: c["DefaultCacheBehavior"].update(TargetOriginId="x"), "an origin that is not there"),
        (lambda c: c["Origins"][0].update(OriginAccessControlId="x"), "OriginAccessControlId"),
        (lambda c: c["Origins"][0].update(DomainName="example.com"), "no bucket's"),
        (lambda c: c["Origins"][2]["CustomOriginConfig"].update(HTTPPort=8080), "HTTPPort"),
        (
            lambda c: c["Origins"][2]["CustomOriginConfig"].update(OriginProtocolPolicy="https-only"),
            "https-only",
        ),
    ],
)
def test_what_is_not_done_is_refused(edge, change, match) -> None:
    changed = config()
    change(changed)
    with pytest.raises(SandboxError, match=match):
        edge.publish("E8", changed)


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("images/uploads/*.*", "/images/uploads/a.jpg", True),
        ("images/uploads/*.*", "/images/uploads/sub/a.jpg", True),
        ("images/uploads/*.*", "/images/uploads/a", False),
        ("/api/*", "/api/", True),
        ("api/*", "/api", False),
        ("api/*", "/API/x", False),
        ("a?c", "/abc", True),
        ("a?c", "/ac", False),
        ("a.c", "/abc", False),
        ("*", "/any\nthing", True),
        ("*.jpg", "/x/y.jpg", True),
    ],
)
def test_path_patterns(pattern, path, matches) -> None:
    assert bool(edge_config.glob(pattern).fullmatch(path)) is matches


@pytest.mark.parametrize(
    "domain",
    [
        "my.bucket.s3.amazonaws.com",
        "my.bucket.s3.eu-west-1.amazonaws.com",
        "my.bucket.s3-eu-west-1.amazonaws.com",
    ],
)
def test_bucket_names(domain) -> None:
    changed = config()
    changed["Origins"][0]["DomainName"] = domain
    assert edge_config.read(changed).behaviour("/").origin.bucket == "my.bucket"


def test_methods(site, origin) -> None:
    refused = site.post("/index.html")
    assert refused.status_code == 403
    assert refused.headers["x-cache"] == "Error from cloudfront"
    assert "HTTP request method" in refused.text
    assert site.options("/api/x").status_code == 200
