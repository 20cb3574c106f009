"""Narrow a whole answer to what the viewer asked for: nothing new, or a range of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from multidict import CIMultiDict

from tsalab.sandbox.machines.edge_cache import Answer

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def narrowed(answer: Answer, wanted: Mapping[str, str]) -> Answer:
    """The answer as 304, 206 or 416, where the request's headers ask for it."""
    if _is_unchanged(answer.headers, wanted):
        kept = ("Cache-Control", "Date", "ETag", "Expires", "Last-Modified", "Vary", "Server")
        headers = CIMultiDict((name, answer.headers[name]) for name in kept if name in answer.headers)
        return Answer(304, headers, b"")
    match = _RANGE.fullmatch(wanted.get("Range", "").strip())
    if match is None or match.groups() == ("", "") or not _range_still_holds(answer.headers, wanted):
        return answer
    return _part(answer, *match.groups())


def _part(answer: Answer, first: str, last: str) -> Answer:
    size = len(answer.body)
    if first:
        start, stop = int(first), min(int(last) + 1, size) if last else size
    else:
        start, stop = max(0, size - int(last)), size
    headers = answer.headers.copy()
    if start >= size or stop <= start:
        headers["Content-Range"] = f"bytes */{size}"
        return Answer(416, headers, b"")
    headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    return Answer(206, headers, answer.body[start:stop])


def _is_unchanged(headers: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    if (given := wanted.get("If-None-Match")) is not None:
        etag = headers.get("ETag")
        tags = {tag.strip().removeprefix("W/") for tag in given.split(",")}
        return etag is not None and (etag.removeprefix("W/") in tags or "*" in tags)
    since, modified = _time(wanted.get("If-Modified-Since")), _time(headers.get("Last-Modified"))
    return since is not None and modified is not None and modified <= since


def _range_still_holds(headers: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    given = wanted.get("If-Range")
    return given is None or given in (headers.get("ETag"), headers.get("Last-Modified"))


def _time(text: str | None) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp() if text else None
    except ValueError:
        return None
