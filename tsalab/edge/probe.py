"""One question to the site, and its answer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Probe:
    """What was asked, what came back, and whether it is as it should be.

    Parameters
    ----------
    name
        What is asked, for people.
    url
        Where.
    status
        HTTP status of the answer.
    milliseconds
        From the request to the end of the answer.
    x_cache
        CloudFront's word on its cache, or None when the answer has none.
    age
        Seconds the answer lay in a cache, or None.
    ok
        Whether it is as expected.
    saw
        The answer in a few words.
    began
        When it was asked: seconds on the monotonic clock.
    """

    name: str
    url: str
    status: int
    milliseconds: float
    x_cache: str | None
    age: int | None
    ok: bool
    saw: str
    began: float
