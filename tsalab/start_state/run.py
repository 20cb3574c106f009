"""What every part of the creation has in its hand."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from tsalab.cloud.account import Account
from tsalab.cloud.inventory import Names, data_bucket

KEY_NAME = Names.key_pair
CHILD, BOOTSTRAP = Names.stacks

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
    names
        What the things are to be called.
    """

    account: Account
    patience: float
    on_event: OnEvent
    names: Names = field(default_factory=Names)
    _turn: threading.Lock = field(default_factory=threading.Lock)

    @property
    def bucket(self) -> str:
        """Name of the data bucket."""
        return self.names.bucket or data_bucket(self.account)

    def tell(self, name: str, detail: str) -> None:
        """Report one thing that is there now: from any thread, one at a time."""
        with self._turn:
            self.on_event(name, detail)
