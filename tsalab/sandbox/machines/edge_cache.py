"""The edge's memory: answers by key, fresh for a time, the least used dropped when full."""

from __future__ import annotations

import asyncio
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from multidict import CIMultiDict

from tsalab.sandbox.machines.edge_config import Behaviour

Key = tuple[object, ...]

# Errors that CloudFront keeps whatever the origin says; others only with a max-age.
_KEPT_ERRORS = frozenset({404, 414, 500, 501, 502, 503, 504})
_AGE = re.compile(r"(s-maxage|max-age)\s*=\s*\"?(\d+)")


@dataclass
class Answer:
    """A whole answer, from an origin or from memory."""

    status: int
    headers: CIMultiDict[str]
    body: bytes


@dataclass
class Entry:
    """An answer in memory.

    Attributes
    ----------
    path
        Path, with the query string where it counts: what an invalidation is compared with.
    stored, expires
        Monotonic times, in seconds.
    """

    answer: Answer
    path: str
    stored: float
    expires: float


class Cache:
    """Answers of one distribution. Used on one event loop.

    Parameters
    ----------
    limit
        Bytes of bodies, at most.
    clock
        Seconds, monotonic.
    """

    def __init__(self, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._clock = clock
        self._size = 0
        self._entries: OrderedDict[Key, Entry] = OrderedDict()
        self._locks: dict[Key, tuple[asyncio.Lock, list[int]]] = {}

    def get(self, key: Key) -> Entry | None:
        """The entry of a key, fresh or not."""
        entry = self._entries.get(key)
        if entry is not None:
            self._entries.move_to_end(key)
        return entry

    def is_fresh(self, entry: Entry) -> bool:
        """Whether it may be served without asking the origin."""
        return self._clock() < entry.expires

    def age(self, entry: Entry) -> int:
        """Whole seconds since the origin gave or confirmed it."""
        return int(self._clock() - entry.stored)

    def put(self, key: Key, path: str, answer: Answer, ttl: float) -> None:
        """Keep an answer for `ttl` seconds."""
        self._drop(key)
        if len(answer.body) > self._limit:
            return
        now = self._clock()
        self._entries[key] = Entry(answer, path, now, now + ttl)
        self._size += len(answer.body)
        while self._size > self._limit:
            self._drop(next(iter(self._entries)))

    def renew(self, key: Key, ttl: float) -> None:
        """The origin says that the entry still holds."""
        if (entry := self._entries.get(key)) is not None:
            entry.stored = self._clock()
            entry.expires = entry.stored + ttl

    def invalidate(self, matches: Callable[[str], bool]) -> int:
        """Forget every entry whose path matches; how many."""
        gone = [key for key, entry in self._entries.items() if matches(entry.path)]
        for key in gone:
            self._drop(key)
        return len(gone)

    def _drop(self, key: Key) -> None:
        if (entry := self._entries.pop(key, None)) is not None:
            self._size -= len(entry.answer.body)

    @contextmanager
    def single(self, key: Key) -> Iterator[asyncio.Lock]:
        """A lock of the key: equal requests at the same time cost the origin one."""
        lock, users = self._locks.setdefault(key, (asyncio.Lock(), [0]))
        users[0] += 1
        try:
            yield lock
        finally:
            users[0] -= 1
            if not users[0]:
                del self._locks[key]


def ttl_of(behaviour: Behaviour, status: int, headers: Mapping[str, str], error_ttl: float) -> float:
    """Seconds for which an answer may be kept; 0 for not at all.

    The rules are those of CloudFront's developer guide, "Managing how long content stays
    in the cache": the origin's word, bounded by MinTTL and MaxTTL; DefaultTTL without one.
    """
    if "*" in behaviour.forwarded.headers:
        return 0
    control = headers.get("Cache-Control", "").lower()
    said = _said(control, headers)
    if status >= 400:
        return max(error_ttl, said or 0) if status in _KEPT_ERRORS or said else 0
    if not behaviour.caches or status not in (200, 301, 302, 307, 308):
        return 0
    if re.search(r"\b(no-store|no-cache|private)\b", control):
        return behaviour.min_ttl
    if said is None:
        said = behaviour.default_ttl
    return min(max(said, behaviour.min_ttl), max(behaviour.max_ttl, behaviour.min_ttl))


def _said(control: str, headers: Mapping[str, str]) -> float | None:
    ages = dict(_AGE.findall(control))
    if ages:
        return float(ages.get("s-maxage") or ages["max-age"])
    try:
        expires = parsedate_to_datetime(headers["Expires"])
        return max(0.0, expires.timestamp() - time.time())
    except (KeyError, ValueError, TypeError):
        return None
