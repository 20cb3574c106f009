"""Wait for a state of AWS: ask, back off, ask again."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

# Each pause is a fifth of the time already waited: a state that appears after 0.5 s is seen
# within 0.1 s, one that takes ten minutes costs AWS about 150 questions, one every 5 s at most.
# A class that began together does not ask together: each pause is up to a fifth shorter or longer.
_FIRST, _SHARE, _MOST = 0.02, 0.2, 5.0
_JITTER = 0.2


def poll(
    read: Callable[[], T], done: Callable[[T], bool], *, seconds: float, every: float | None = None
) -> tuple[T, bool]:
    """Read until a reading is the awaited one or the time is over.

    Parameters
    ----------
    read
        Asks for the state once.
    done
        Tells whether a reading ends the wait.
    seconds
        How long to wait at most; at least one reading is made.
    every
        Seconds between two readings, where when it was is to be known so exactly, or AWS has
        nothing newer sooner; longer the longer it lasts when None.

    Returns
    -------
    tuple
        The last reading, and whether it ended the wait.
    """
    start = time.monotonic()
    while True:
        reading = read()
        if done(reading):
            return reading, True
        waited = time.monotonic() - start
        if waited >= seconds:
            return reading, False
        pause = every or _longer(waited)
        time.sleep(min(pause, seconds - waited))


def _longer(waited: float) -> float:
    return min(max(_FIRST, waited * _SHARE), _MOST) * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311
