"""One distribution at work: match, look up, ask the origin, keep, answer."""

from __future__ import annotations

import asyncio
import gzip
import html
import secrets
from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import parse_qsl, urlencode

import aiohttp
from aiohttp import web
from multidict import CIMultiDict

from tsalab.sandbox.machines import edge_ranges as ranges
from tsalab.sandbox.machines.edge_cache import Answer, Cache, Entry, Key, ttl_of
from tsalab.sandbox.machines.edge_config import Distribution
from tsalab.sandbox.machines.edge_origin import (
    HttpAddress,
    OriginError,
    Reply,
    S3Fetch,
    ask_bucket,
    ask_server,
    cookies,
    request_headers,
)

# Larger answers stream through and are not kept; CloudFront has no such bound.
LARGEST = 32 * 1024 * 1024
CACHE = 128 * 1024 * 1024
_COMPRESSED_SIZES = range(1_000, 10_000_001)  # bytes, CloudFront's own bounds
_COMPRESSED_TYPES = (
    "text/",
    "application/javascript",
    "application/json",
    "application/xml",
    "application/xhtml+xml",
    "application/rss+xml",
    "application/manifest+json",
    "application/vnd.ms-fontobject",
    "application/wasm",
    "application/x-javascript",
    "font/opentype",
    "font/otf",
    "font/ttf",
    "image/svg+xml",
)
_CONDITIONS = ("If-None-Match", "If-Modified-Since")


class Serving:
    """A published distribution.

    Parameters
    ----------
    distribution_id
        Its id, for messages.
    config
        What it is configured to do; may be replaced while it serves.
    session
        HTTP client for web servers.
    s3_fetch, http_address
        Ways to the origins; called on threads.
    """

    def __init__(
        self,
        distribution_id: str,
        config: Distribution,
        session: aiohttp.ClientSession,
        s3_fetch: Callable[[], S3Fetch],
        http_address: HttpAddress,
    ) -> None:
        self.config = config
        self.cache = Cache(CACHE)
        self._session = session
        self._s3_fetch = s3_fetch
        self._http_address = http_address
        self._via = f"1.1 {distribution_id.lower()}.cloudfront.net (CloudFront)"

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request."""
        exchange = Exchange(self, request)
        try:
            return await exchange.answer()
        except OriginError as error:
            return await exchange.failed(error)


class Exchange:
    """One request and its answer."""

    def __init__(self, serving: Serving, request: web.BaseRequest) -> None:
        self._serving = serving
        self._config = serving.config
        self._request = request
        self._id = secrets.token_urlsafe(42) + "=="
        path, _, self._query = request.raw_path.partition("?")
        self._path = f"/{self._config.root}" if path == "/" and self._config.root else path
        self._behaviour = self._config.behaviour(path)
        self._stale: Entry | None = None
        self._begun: web.StreamResponse | None = None

    async def answer(self) -> web.StreamResponse:
        """Answer from memory or from the origin.

        Raises
        ------
        OriginError
            When the origin fails, and nothing was sent yet.
        """
        if (refused := self._refusal()) is not None:
            return refused
        if self._request.method not in self._behaviour.cached_methods & {"GET", "HEAD"}:
            return await self._pass_through()
        key = self._key()
        if (kept := await self._from_fresh(key)) is not None:
            return kept
        if not self._behaviour.caches:
            return await self._fetch(key)
        with self._serving.cache.single(key) as lock:
            async with lock:
                if (kept := await self._from_fresh(key)) is not None:
                    return kept
                self._stale = self._serving.cache.get(key)
                return await self._fetch(key)

    async def failed(self, error: OriginError) -> web.StreamResponse:
        """Answer when the origin did not: from memory even if stale, else with an error."""
        if self._begun is not None:
            # The status is out already; all that can be said is that the body is cut.
            if self._request.transport is not None:
                self._request.transport.abort()
            return self._begun
        if self._stale is not None and self._stale.answer.status < 400:
            return await self._from_memory(self._stale)
        answer = self._error_page(error.status, error.reason)
        self._keep_error(answer)
        return await self._respond_error(answer)

    # --- what is asked for

    def _refusal(self) -> web.StreamResponse | None:
        if not self._config.enabled:
            return self._send(self._error_page(403, "The distribution is disabled."), "Error")
        if self._behaviour.protocol == "redirect-to-https":
            there = f"https://{self._request.host}{self._request.raw_path}"
            headers = CIMultiDict({"Location": there, "Server": "CloudFront"})
            return self._send(Answer(301, headers, b""), "Redirect")
        if self._behaviour.protocol == "https-only":
            return self._send(self._error_page(403, "Bad request."), "Error")
        if self._request.method not in self._behaviour.methods:
            reason = (
                "This distribution is not configured to allow the HTTP request method that was used for "
                "this request."
            )
            return self._send(self._error_page(403, reason), "Error")
        return None

    def _key(self) -> Key:
        forwarded = self._behaviour.forwarded
        headers = tuple((name, self._request.headers.get(name)) for name in sorted(forwarded.headers))
        return (
            self._path,
            self._forwarded_query(for_key=True),
            headers,
            cookies(self._behaviour, self._request),
            self._takes_gzip(),
        )

    def _forwarded_query(self, *, for_key: bool = False) -> str:
        forwarded = self._behaviour.forwarded
        if not forwarded.query:
            return ""
        if not for_key or not forwarded.query_keys:
            return self._query
        pairs = parse_qsl(self._query, keep_blank_values=True)
        return urlencode([pair for pair in pairs if pair[0] in forwarded.query_keys])

    def _takes_gzip(self) -> bool:
        return self._behaviour.compress and "gzip" in self._request.headers.get("Accept-Encoding", "")

    # --- the origin

    async def _ask(self, conditions: CIMultiDict[str]) -> Reply:
        behaviour, request = self._behaviour, self._request
        if behaviour.origin.bucket is not None:
            return await ask_bucket(self._serving._s3_fetch(), behaviour.origin, self._path, conditions)
        headers = request_headers(
            behaviour, request, request_id=self._id, via=self._serving._via, compressed=self._takes_gzip()
        )
        if behaviour.caches and request.method in behaviour.cached_methods:
            # The whole answer is fetched and kept; ranges and conditions are served from it.
            for name in ("Range", "If-Range", *_CONDITIONS):
                headers.popall(name, None)
        headers.update(conditions)
        query = self._forwarded_query()
        target = f"{self._path}?{query}" if query else self._path
        return await ask_server(
            self._serving._session, self._serving._http_address, behaviour, request, target, headers
        )

    async def _pass_through(self) -> web.StreamResponse:
        reply = await self._ask(CIMultiDict())
        try:
            if reply.status >= 400 and self._config.errors.get(reply.status):
                return await self._respond_error(await self._whole(reply))
            return await self._stream(reply, [])
        finally:
            reply.release()

    async def _fetch(self, key: Key) -> web.StreamResponse:
        stale = self._stale.answer if self._stale else None
        reply = await self._ask(_revalidation(stale))
        try:
            return await self._take(key, reply, stale)
        finally:
            reply.release()

    async def _take(self, key: Key, reply: Reply, stale: Answer | None) -> web.StreamResponse:
        """Answer with what the origin gave, and keep it as long as it may be."""
        error_ttl = self._config.error_ttl(reply.status)
        if reply.status == 304 and stale is not None:
            renewed = CIMultiDict({**stale.headers, **reply.headers})
            self._serving.cache.renew(key, ttl_of(self._behaviour, stale.status, renewed, error_ttl))
            return self._respond(stale, "RefreshHit")
        if reply.status >= 500 and stale is not None and stale.status < 400:
            raise OriginError(reply.status, "The origin failed.")
        ttl = ttl_of(self._behaviour, reply.status, reply.headers, error_ttl)
        streams = self._behaviour.origin.bucket is None and (ttl <= 0 or self._request.method == "HEAD")
        if streams and reply.status < 400:
            return await self._stream(reply, [])
        begun: list[bytes] = []
        if reply.status < 400 and not await _read(reply, begun, LARGEST):
            return await self._stream(reply, begun)
        answer = await self._whole(reply, begun)
        if ttl > 0:
            if answer.status == 200 and self._takes_gzip():
                answer = await _compressed(answer)
            self._serving.cache.put(key, self._shown_path(), answer, ttl)
        if answer.status >= 400:
            return await self._respond_error(answer)
        return self._respond(answer, "Miss")

    async def _whole(self, reply: Reply, begun: list[bytes] | None = None) -> Answer:
        """The whole answer; `begun` is what was read of it already."""
        parts = [] if begun is None else begun
        await _read(reply, parts, None)
        headers = reply.headers.copy()
        headers.popall("Content-Length", None)
        return Answer(reply.status, headers, b"".join(parts))

    def _shown_path(self) -> str:
        query = self._forwarded_query(for_key=True)
        return f"{self._path}?{query}" if query else self._path

    def _keep_error(self, answer: Answer) -> None:
        ttl = self._config.error_ttl(answer.status)
        if ttl > 0 and self._request.method in ("GET", "HEAD"):
            self._serving.cache.put(self._key(), self._shown_path(), answer, ttl)

    # --- answers

    async def _from_fresh(self, key: Key) -> web.StreamResponse | None:
        entry = self._serving.cache.get(key)
        if entry is None or not self._serving.cache.is_fresh(entry):
            return None
        return await self._from_memory(entry)

    async def _from_memory(self, entry: Entry) -> web.StreamResponse:
        age = self._serving.cache.age(entry)
        if entry.answer.status >= 400:
            return await self._respond_error(entry.answer, age)
        return self._respond(entry.answer, "Hit", age)

    def _respond(self, answer: Answer, kind: str, age: int | None = None) -> web.StreamResponse:
        if answer.status == 200:
            answer = ranges.narrowed(answer, self._request.headers)
        return self._send(answer, kind, age)

    async def _respond_error(self, answer: Answer, age: int | None = None) -> web.StreamResponse:
        """Answer with an error, or with the page that the distribution shows in its place."""
        rule = self._config.errors.get(answer.status)
        if rule is None or rule.page is None:
            return self._send(answer, "Error", age)
        behaviour = self._config.behaviour(rule.page)
        if behaviour.origin.bucket is None:
            return self._send(answer, "Error", age)
        reply = await ask_bucket(self._serving._s3_fetch(), behaviour.origin, rule.page, {})
        page = await self._whole(reply)
        if page.status != 200:
            return self._send(answer, "Error", age)
        return self._send(Answer(rule.status or answer.status, page.headers, page.body), "Error", age)

    def _send(self, answer: Answer, kind: str, age: int | None = None) -> web.StreamResponse:
        headers = self._marked(answer.headers, kind)
        if age is not None:
            headers["Age"] = str(age)
        body = None if answer.status in (204, 304) else answer.body
        return web.Response(status=answer.status, headers=headers, body=body)

    async def _stream(self, reply: Reply, begun: list[bytes]) -> web.StreamResponse:
        kind = "Error" if reply.status >= 400 else "Miss"
        response = web.StreamResponse(status=reply.status, headers=self._marked(reply.headers, kind))
        await response.prepare(self._request)
        self._begun = response
        for chunk in begun:
            await response.write(chunk)
        if self._request.method != "HEAD":
            async for chunk in reply.body:
                await response.write(chunk)
        await response.write_eof()
        return response

    def _marked(self, headers: CIMultiDict[str], kind: str) -> CIMultiDict[str]:
        marked = headers.copy()
        marked["X-Cache"] = f"{kind} from cloudfront"
        before = marked.get("Via")
        marked["Via"] = f"{before}, {self._serving._via}" if before else self._serving._via
        marked["X-Amz-Cf-Pop"] = "LAB50-P1"
        marked["X-Amz-Cf-Id"] = self._id
        return marked

    def _error_page(self, status: int, reason: str) -> Answer:
        body = (
            '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01 Transitional//EN">\n'
            f"<HTML><HEAD><TITLE>ERROR: The request could not be satisfied</TITLE></HEAD><BODY>\n"
            f"<H1>{status} ERROR</H1>\n<H2>The request could not be satisfied.</H2>\n<HR>\n"
            f"{html.escape(reason)}\n<HR>\n<PRE>Generated by cloudfront (CloudFront)\n"
            f"Request ID: {self._id}</PRE></BODY></HTML>\n"
        )
        headers = CIMultiDict({"Server": "CloudFront", "Content-Type": "text/html"})
        return Answer(HTTPStatus(status), headers, body.encode())


async def _read(reply: Reply, parts: list[bytes], limit: int | None) -> bool:
    """Read the body's pieces; False when there are more than `limit` bytes."""
    size = 0
    async for chunk in reply.body:
        parts.append(chunk)
        size += len(chunk)
        if limit is not None and size > limit:
            return False
    return True


def _revalidation(stale: Answer | None) -> CIMultiDict[str]:
    conditions: CIMultiDict[str] = CIMultiDict()
    if stale is None or stale.status >= 400:
        return conditions
    if etag := stale.headers.get("ETag"):
        conditions["If-None-Match"] = etag.removeprefix("W/") if "Content-Encoding" in stale.headers else etag
    elif modified := stale.headers.get("Last-Modified"):
        conditions["If-Modified-Since"] = modified
    return conditions


async def _compressed(answer: Answer) -> Answer:
    kind = answer.headers.get("Content-Type", "").lower()
    if (
        "Content-Encoding" in answer.headers
        or len(answer.body) not in _COMPRESSED_SIZES
        or not kind.startswith(_COMPRESSED_TYPES)
    ):
        return answer
    headers = answer.headers.copy()
    headers["Content-Encoding"] = "gzip"
    headers["Vary"] = "Accept-Encoding"
    etag = headers.get("ETag")
    if etag and not etag.startswith("W/"):
        headers["ETag"] = f"W/{etag}"
    body = await asyncio.to_thread(gzip.compress, answer.body, 6, mtime=0)
    return Answer(answer.status, headers, body)
