"""Numbers as people read them: seconds, rates, sizes."""

from __future__ import annotations

from tsalab.messages import say

_MINUTE, _HOUR = 60, 3600
_EXACT = 10.0  # seconds below which a tenth matters
_UNITS = ("B", "kB", "MB", "GB", "TB")
BYTES = "bytes"


def duration(seconds: float) -> str:
    """A time: ``3.2 s``, ``42 s``, ``3 min 05 s``, ``1 h 02 min``."""
    if seconds < _EXACT:
        return say("show.time.seconds", seconds=f"{seconds:.1f}")
    whole = round(seconds)
    if whole < _MINUTE:
        return say("show.time.seconds", seconds=whole)
    if whole < _HOUR:
        return say("show.time.minutes", minutes=whole // _MINUTE, seconds=f"{whole % _MINUTE:02}")
    return say("show.time.hours", hours=whole // _HOUR, minutes=f"{whole % _HOUR // _MINUTE:02}")


def number(value: float, unit: str = "") -> str:
    """A count, or a size when the unit is `BYTES`: ``1,234``, ``1.2 MB``."""
    if unit != BYTES:
        return f"{value:,.0f}"
    step = 0
    while value >= 1000 and step < len(_UNITS) - 1:
        value, step = value / 1000, step + 1
    return f"{value:.1f} {_UNITS[step]}" if step else f"{value:.0f} {_UNITS[0]}"


def amount(value: float, unit: str) -> str:
    """A number with its unit: ``1,234 rows``, ``1.2 MB``."""
    return number(value, unit) if unit == BYTES else f"{number(value)} {unit}".rstrip()
