"""Text made plain."""

from __future__ import annotations

import re

_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")


def without_colours(text: str) -> str:
    """Return the text without ANSI escape sequences."""
    return _ANSI.sub("", text)
