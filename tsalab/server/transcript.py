"""What a remote command printed: collected as text in the caller's own thread.

Widgets are updated from the cell's thread, so output is handed over through a queue and
the callback runs where `Server.run` was called.
"""

from __future__ import annotations

import codecs
import queue
import time
from collections.abc import Callable


class Transcript:
    """What a command printed, as text.

    Parameters
    ----------
    terminal
        A terminal ends lines with CR LF; they become LF.
    on_output
        Called with each new piece.
    """

    def __init__(self, *, terminal: bool, on_output: Callable[[str], None] | None) -> None:
        self._terminal = terminal
        self._on_output = on_output
        # Incremental: a piece may end inside a character.
        decoder = codecs.getincrementaldecoder("utf-8")
        self._decoders = {"stdout": decoder("replace"), "stderr": decoder("replace")}
        self._texts: dict[str, list[str]] = {"stdout": [], "stderr": []}

    @property
    def stdout(self) -> str:
        """Everything from standard output so far."""
        return "".join(self._texts["stdout"])

    @property
    def stderr(self) -> str:
        """Everything from standard error so far."""
        return "".join(self._texts["stderr"])

    def follow(self, events: queue.SimpleQueue[tuple[str, bytes] | None], deadline: float | None) -> None:
        """Take pieces from the queue until None comes.

        Raises
        ------
        TimeoutError
            When the deadline (monotonic) passes first.
        """
        while True:
            wait = None if deadline is None else deadline - time.monotonic()
            try:
                event = events.get(timeout=wait) if wait is None or wait > 0 else events.get_nowait()
            except queue.Empty:
                raise TimeoutError from None
            if event is None:
                return
            self._add(*event)

    def _add(self, name: str, data: bytes) -> None:
        text = self._decoders[name].decode(data)
        if self._terminal:
            text = text.replace("\r\n", "\n")
        if text:
            self._texts[name].append(text)
            if self._on_output is not None:
                self._on_output(text)
