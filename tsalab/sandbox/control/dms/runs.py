"""The processes that do the tasks' work: started, listened to, stopped, started again when killed."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

import psutil

from tsalab.sandbox import processes
from tsalab.sandbox.control.dms.job import STOP, Job
from tsalab.sandbox.machines.passages import Find, Passage

if TYPE_CHECKING:
    from tsalab.sandbox.control.context import Context

_STOP_SECONDS = 20.0  # after which a process that was told to stop is ended
_MODULE = "tsalab.sandbox.control.dms.worker"
Event = Mapping[str, Any]

logger = logging.getLogger("tsalab.sandbox.dms")


@dataclass(frozen=True)
class Ways:
    """Where a task's two passages lead.

    Parameters
    ----------
    source, target
        Asked for each connection.
    """

    source: Find
    target: Find


class Run:
    """One process, with its two passages.

    Parameters
    ----------
    context
        The sandbox.
    name
        Of its log.
    ways
        Where its passages lead.
    on_event
        Called with what it tells, on a thread of its own.
    on_end
        Called once, with the last thing it told; an empty one when it was killed.
    """

    def __init__(
        self,
        context: Context,
        name: str,
        ways: Ways,
        on_event: Callable[[Event], None],
        on_end: Callable[[Event], None],
    ) -> None:
        self._context, self._name = context, name
        self._on_event, self._on_end = on_event, on_end
        self._passages = [Passage(context.estate, way) for way in (ways.source, ways.target)]
        self._process: psutil.Popen | None = None
        self._thread: threading.Thread | None = None
        self._end: threading.Timer | None = None

    def start(self, make: Callable[[int, int], Job]) -> None:
        """Start it.

        Parameters
        ----------
        make
            Makes the job of the two ports that lead to source and target.

        Raises
        ------
        OSError
            When it cannot be started.
        """
        job = make(*(passage.open() for passage in self._passages))
        read, write = os.pipe()
        try:
            self._process = processes.spawn(
                [sys.executable, "-m", _MODULE, str(write)],
                folder=self._context.folder,
                env={**os.environ, "TSALAB_MACHINE": self._name},  # known as one after a killed supervisor
                cwd="/",
                log=self._context.folder.path("replication", f"{self._name}.log"),
                stdin=subprocess.PIPE,
                pass_fds=[write],
            )
        except OSError:
            os.close(read)
            self._close_passages()
            raise
        finally:
            os.close(write)
        self._order(job.to_line())
        report = os.fdopen(read, encoding="utf-8")
        self._thread = threading.Thread(target=self._listen, args=(report,), name=self._name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Tell it to stop; one that does not is ended."""
        self._order(f"{STOP}\n")
        self._end = threading.Timer(_STOP_SECONDS, self._kill)
        self._end.daemon = True
        self._end.start()

    def join(self) -> None:
        """Wait until it has ended and everything that it told is heard."""
        if self._thread is not None:
            self._thread.join()

    def _order(self, line: str) -> None:
        assert self._process is not None  # noqa: S101 - it was started
        stdin: IO[bytes] | None = self._process.stdin
        with suppress(BrokenPipeError, ValueError):  # it has ended by itself
            if stdin is not None:
                stdin.write(line.encode())
                stdin.flush()

    def _kill(self) -> None:
        if self._process is not None:
            with suppress(psutil.NoSuchProcess):
                self._process.kill()

    def _listen(self, report: IO[str]) -> None:
        last: Event = {}
        with report:
            for line in report:
                event = _parsed(line)
                if event.get("kind") in ("ended", "failed"):
                    last = event
                elif event:
                    self._on_event(event)
        assert self._process is not None  # noqa: S101 - it was started
        self._process.wait()
        if self._end is not None:
            self._end.cancel()
        if self._process.stdin is not None:
            with suppress(BrokenPipeError):
                self._process.stdin.close()
        self._close_passages()
        self._on_end(last)

    def _close_passages(self) -> None:
        for passage in self._passages:
            passage.close()


def _parsed(line: str) -> Event:
    """An event; nothing for a line that was cut off when the process was killed."""
    try:
        found: Event = json.loads(line)
    except ValueError:
        return {}
    return found
