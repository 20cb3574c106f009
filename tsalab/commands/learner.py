"""``python -m tsalab.commands.learner``: the process of one learner of a batch; no command for people.

`tsalab.batch.child` starts it and says what to do on its standard input. When that ends, or
says a word, the run is interrupted: then the sandbox goes with it.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from tsalab.batch.job import Job
from tsalab.batch.one import Seal, perform
from tsalab.commands.sandboxes import sealed
from tsalab.profiles import start_sandbox

INTERRUPTED = 130


@contextmanager
def _sandbox(name: str, commission: str) -> Iterator[Seal]:
    from tsalab.sandbox import manager

    try:
        # In a process of its own: to create the start state loads the models of seven AWS services,
        # 40 MB that would stay in this one for as long as the lab runs.
        start_sandbox(name, _log, commission)
        yield lambda workdir, out: _log(sealed(name, workdir, out))
    finally:
        if name in manager.names():
            manager.down(name, delete=True, on_event=_log)


def _log(message: str) -> None:
    sys.stderr.write(message + "\n")


class _Orders:
    """What is said from outside while the run is on: a word, or nothing more."""

    def __init__(self, lines: IO[str]) -> None:
        self._lines = lines
        self.word = ""

    def heed(self) -> None:
        """Interrupt the main thread at the first word, or at the end."""
        self.word = self._lines.readline().strip()
        os.kill(os.getpid(), signal.SIGINT)


def _interrupt_once(number: int, frame: Any) -> None:
    """Let the first interruption through; what clears up after it is left in peace."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    signal.default_int_handler(number, frame)


def main() -> int:
    """Do the job that stands on the first line of the standard input."""
    # What the lab, or a library, prints must not be taken for what this process tells.
    said = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    lock = threading.Lock()

    def tell(message: dict[str, Any]) -> None:
        with lock:
            said.write(json.dumps(message) + "\n")
            said.flush()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt_once)
    order = json.loads(sys.stdin.readline())
    orders = _Orders(sys.stdin)
    threading.Thread(target=orders.heed, daemon=True).start()
    try:
        job = Job(**order["job"])
        result = perform(job, Path(order["place"]), _sandbox, tell, lambda: orders.word)
        tell({"result": result.to_json()})
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        return INTERRUPTED  # whoever listened is gone
    return 0


if __name__ == "__main__":
    status = main()
    # The thread that listens may be holding the standard input.
    sys.stderr.flush()
    os._exit(status)
