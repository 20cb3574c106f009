"""Ask an origin: a bucket through the control plane, or a web server over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from tsalab.sandbox.machines.edge_config import Behaviour, Origin

S3Fetch = Callable[..., tuple[int, Mapping[str, str], bytes]]
HttpAddress = Callable[[str], tuple[str, int] | None]

CHUNK = 64 * 1024
_SILENT = (
    "CloudFront attempted to establish a connection with the origin, but "
    "either the attempt failed or the origin closed the connection."
)
HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
# What CloudFront drops on the way to an origin unless it is forwarded by name
# (developer guide, "HTTP request headers and CloudFront behavior").
_DROPPED = HOP | {
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "cookie",
    "expect",
    "host",
    "referer",
    "user-agent",
    "via",
    "x-real-ip",
}


class OriginError(Exception):
    """An origin gave no usable answer.

    Attributes
    ----------
    status
        What the viewer gets: 502, or 504 after a timeout.
    reason
        CloudFront's sentence about it.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


@dataclass
class Reply:
    """An origin's answer, its body still to come."""

    status: int
    headers: CIMultiDict[str]
    body: AsyncIterator[bytes]
    release: Callable[[], None]


async def ask_bucket(fetch: S3Fetch, origin: Origin, path: str, conditions: Mapping[str, str]) -> Reply:
    """Read an object as the distribution's origin access identity."""
    key = unquote(origin.path + path).lstrip("/")
    headers = {name.lower(): value for name, value in conditions.items()}
    status, answered, body = await asyncio.to_thread(
        fetch, origin.bucket, key, oai_id=origin.identity, headers=headers
    )

    async def whole() -> AsyncIterator[bytes]:
        yield body

    kept = CIMultiDict((name, value) for name, value in answered.items() if name.lower() not in HOP)
    kept.popall("Content-Length", None)
    return Reply(status, kept, whole(), lambda: None)


async def ask_server(
    session: aiohttp.ClientSession,
    http_address: HttpAddress,
    behaviour: Behaviour,
    request: web.BaseRequest,
    target: str,
    headers: CIMultiDict[str],
) -> Reply:
    """Pass a request on to a web server.

    Raises
    ------
    OriginError
        When it cannot be reached, breaks off, or is silent for too long.
    """
    origin = behaviour.origin
    try:
        address = await asyncio.to_thread(http_address, origin.domain)
    except TimeoutError:  # dropped: CloudFront finds out by waiting
        await asyncio.sleep(origin.connect_timeout)
        raise OriginError(504, _SILENT) from None
    if address is None:
        raise OriginError(502, "CloudFront wasn't able to resolve the origin domain name.")
    url = URL(f"http://{address[0]}:{address[1]}{origin.path}{target}", encoded=True)
    timeout = aiohttp.ClientTimeout(
        total=None, sock_connect=origin.connect_timeout, sock_read=origin.read_timeout
    )
    body: Any = request.content if request.can_read_body else None
    if body is not None and request.headers.get("Expect", "").lower() == "100-continue":
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0  # it is not part of the answer
    try:
        response = await session.request(
            request.method,
            url,
            headers=headers,
            data=body,
            timeout=timeout,
            allow_redirects=False,
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
        )
    except TimeoutError:
        raise OriginError(504, _SILENT) from None
    except (aiohttp.ClientError, OSError):
        raise OriginError(502, "CloudFront wasn't able to connect to the origin.") from None
    kept = CIMultiDict((name, value) for name, value in response.headers.items() if name.lower() not in HOP)
    return Reply(response.status, kept, _chunks(response), response.close)


async def _chunks(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    try:
        async for chunk in response.content.iter_chunked(CHUNK):
            yield chunk
    except TimeoutError:
        raise OriginError(504, "The origin stopped answering.") from None
    except (aiohttp.ClientError, OSError):
        raise OriginError(502, "The origin closed the connection before its answer was complete.") from None


def request_headers(
    behaviour: Behaviour, request: web.BaseRequest, *, request_id: str, via: str, compressed: bool
) -> CIMultiDict[str]:
    """Headers that reach the web server."""
    named = behaviour.forwarded.headers
    every = "*" in named
    headers: CIMultiDict[str] = CIMultiDict()
    for name, value in request.headers.items():
        lower = name.lower()
        if (
            lower in HOP
            or lower in ("cookie", "host")
            or (lower in _DROPPED and not every and lower not in named)
        ):
            continue
        # Without caching by it, credentials of one viewer must not choose another's answer.
        if (
            lower == "authorization"
            and request.method in ("GET", "HEAD")
            and not every
            and lower not in named
        ):
            continue
        headers.add(name, value)
    if cookie := cookies(behaviour, request):
        headers["Cookie"] = cookie
    headers["Host"] = request.headers.get("Host", "") if every or "host" in named else behaviour.origin.domain
    if not every and "user-agent" not in named:
        headers["User-Agent"] = "Amazon CloudFront"
    if compressed:
        headers["Accept-Encoding"] = "gzip"
    seen = request.headers.get("X-Forwarded-For")
    headers["X-Forwarded-For"] = f"{seen}, {request.remote}" if seen else str(request.remote)
    headers["Via"] = via
    headers["X-Amz-Cf-Id"] = request_id
    headers.update(behaviour.origin.headers)
    return headers


def cookies(behaviour: Behaviour, request: web.BaseRequest) -> str:
    """The cookies that are forwarded, and count for the cache key."""
    forwarded = behaviour.forwarded
    given = request.headers.get("Cookie", "")
    if forwarded.cookies == "all" or not given:
        return given if forwarded.cookies == "all" else ""
    if forwarded.cookies != "whitelist":
        return ""
    pairs = [pair.strip() for pair in given.split(";")]
    return "; ".join(sorted(pair for pair in pairs if pair.partition("=")[0] in forwarded.cookie_names))
