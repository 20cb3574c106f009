"""A real origin server and a bucket in memory for tests of the edge."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Mapping
from typing import Any

import httpx
from aiohttp import web

from tsalab.sandbox.machines.edge import Edge


class Loop:
    """An event loop on a thread, as the estate has one."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(20)

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(5)
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()


class FreePorts:
    """Free ports, as `Ports` gives them."""

    def __init__(self) -> None:
        self.known: dict[str, int] = {}

    def get(self, key: str) -> int:
        if key not in self.known:
            with socket.create_server(("127.0.0.1", 0)) as taken:
                self.known[key] = taken.getsockname()[1]
        return self.known[key]

    def forget(self, key: str) -> None:
        self.known.pop(key, None)


class Origin:
    """A web server that records what it is asked, and answers as told."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self.seen: list[tuple[str, str, Mapping[str, str], bytes]] = []
        self.answer: Callable[[web.BaseRequest], Any] = lambda _: web.json_response({"n": len(self.seen)})
        self.port = 0
        self.start()

    def start(self) -> None:
        async def begin() -> None:
            self._runner = web.ServerRunner(
                web.Server(self._handle, access_log=None, auto_decompress=False), shutdown_timeout=0.1
            )
            await self._runner.setup()
            site = web.TCPSite(self._runner, "127.0.0.1", self.port)
            await site.start()
            self.port = site._server.sockets[0].getsockname()[1]

        self._loop.run(begin())

    def stop(self) -> None:
        self._loop.run(self._runner.cleanup())

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.content.read()
        self.seen.append((request.method, request.raw_path, request.headers.copy(), body))
        answer = self.answer(request)
        return await answer if asyncio.iscoroutine(answer) else answer


class Bucket:
    """A bucket's objects, read as an origin access identity."""

    def __init__(self) -> None:
        self.objects: dict[str, tuple[dict[str, str], bytes]] = {}
        self.asked: list[tuple[str, str, str, dict[str, str]]] = []

    def fetch(
        self, bucket: str, key: str, oai_id: str = "", headers: Mapping[str, str] | None = None
    ) -> tuple[int, Mapping[str, str], bytes]:
        self.asked.append((bucket, key, oai_id, dict(headers or {})))
        if oai_id != "EOAI" or key not in self.objects:
            return 403, {"Content-Type": "application/xml"}, b"<Error><Code>AccessDenied</Code></Error>"
        found, body = self.objects[key]
        if (headers or {}).get("if-none-match") == found["ETag"]:
            return 304, {"ETag": found["ETag"]}, b""
        return 200, {"Content-Length": str(len(body)), "Server": "AmazonS3", **found}, body

    def put(self, key: str, body: bytes, kind: str = "text/html", **headers: str) -> None:
        etag = f'"{hash(body) & 0xFFFFFF:x}"'
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        self.objects[key] = ({"Content-Type": kind, "ETag": etag, **more}, body)


def config(**changes: Any) -> dict[str, Any]:
    """The lab's distribution."""
    bucket = {
        "DomainName": "data.s3.us-east-1.amazonaws.com",
        "S3OriginConfig": {"OriginAccessIdentity": "origin-access-identity/cloudfront/EOAI"},
    }
    return {
        "Enabled": "true",
        "DefaultRootObject": "index.html",
        "Origins": [
            {"Id": "SPA", "OriginPath": "/app-source", **bucket},
            {"Id": "Photos", **bucket},
            {
                "Id": "API",
                "DomainName": "ec2-1.example",
                "CustomOriginConfig": {
                    "HTTPPort": 80,
                    "OriginProtocolPolicy": "http-only",
                    "OriginReadTimeout": 1,
                },
                "OriginCustomHeaders": [{"HeaderName": "X-From", "HeaderValue": "edge"}],
            },
        ],
        "CacheBehaviors": [
            {
                "PathPattern": "images/uploads/*.*",
                "TargetOriginId": "Photos",
                "Compress": True,
                "ForwardedValues": {"QueryString": False},
            },
            {
                "PathPattern": "api/*",
                "TargetOriginId": "API",
                "AllowedMethods": ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"],
                "MinTTL": 0,
                "DefaultTTL": "0",
                "MaxTTL": 0,
                "ForwardedValues": {
                    "QueryString": "true",
                    "Cookies": {"Forward": "all"},
                    "Headers": ["Accept", "Authorization"],
                },
            },
            {
                "PathPattern": "cached/*",
                "TargetOriginId": "API",
                "Compress": True,
                "DefaultTTL": 60,
                "ForwardedValues": {
                    "QueryString": True,
                    "QueryStringCacheKeys": ["k"],
                    "Cookies": {"Forward": "whitelist", "WhitelistedNames": ["who"]},
                },
            },
        ],
        "DefaultCacheBehavior": {
            "TargetOriginId": "SPA",
            "Compress": True,
            "DefaultTTL": 300,
            "ForwardedValues": {"QueryString": False},
        },
        **changes,
    }


def client(port: int) -> httpx.Client:
    return httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10)


def age(edge: Edge, seconds: float) -> None:
    cache = edge._serving["E1"][0].cache
    earlier = cache._clock
    cache._clock = lambda: earlier() + seconds
