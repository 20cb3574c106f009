"""What every part of the creation has in its hand."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from tsalab.cloud.account import Account

KEY_NAME = "TSAGallery"
BOOTSTRAP = "TSA-Bootstrap"
CHILD = "TSAGallery"

OnEvent = Callable[[str, str], None]

NOTICED = 15.0  # seconds in which a pipeline that watches its source has started by itself


@dataclass(frozen=True)
class Run:
    """One run of the creation.

    Attributes
    ----------
    account
        Where to create.
    patience
        Seconds to wait for a state to appear.
    on_event
        Called by `tell`.
    """

    account: Account
    patience: float
    on_event: OnEvent
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def tell(self, name: str, detail: str) -> None:
        """Report one thing that is there now: from any thread, one at a time."""
        with self._turn:
            self.on_event(name, detail)
