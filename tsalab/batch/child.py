"""The process of one learner, seen from outside: started, listened to, ended, cleared up after.

It is told its job on its standard input, which stays open: whatever ends this process, the
other reads its end and takes its sandbox down. What it says are JSON lines. Ctrl-C does not
reach it, for it has a session of its own; so one learner is stopped for its time, and all of
them when the batch is.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil

from tsalab import nursery, settings
from tsalab.batch.job import Job, Result, Status
from tsalab.batch.one import TIMED_OUT
from tsalab.messages import say

MARKER = "TSALAB_BATCH_RUN"
LOG = "learner.log"
GRACE_SECONDS = 45.0
"""How long a learner's process may take to end by itself: a sandbox that is starting ends first."""

OnEvent = Callable[[dict[str, Any]], None]


class Stop:
    """Stops everything that a batch has running. Thread-safe; once set, it stays set."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ends: list[Callable[[], None]] = []
        self._set = False

    @property
    def is_set(self) -> bool:
        """Whether nothing more is to be begun."""
        return self._set

    def set(self) -> None:
        """End what runs, and refuse what is yet to begin."""
        with self._lock:
            self._set = True
            ends = list(self._ends)
        for end in ends:
            end()

    def add(self, end: Callable[[], None]) -> None:
        """Call this when all is to be stopped; at once when that was before."""
        with self._lock:
            self._ends.append(end)
            late = self._set
        if late:
            end()

    def remove(self, end: Callable[[], None]) -> None:
        """Forget what ended by itself."""
        with self._lock:
            self._ends.remove(end)


class Stopped(Exception):  # noqa: N818 - no error: somebody said so
    """The run was stopped from outside and has left nothing."""


def run(job: Job, place: Path, stop: Stop, on_event: OnEvent, nest: nursery.Nursery) -> Result:
    """Run a learner's job in a process of its own.

    Parameters
    ----------
    job
        What to do.
    place
        The learner's folder, which exists.
    stop
        Ends the run.
    on_event
        Called, on this thread, with what the process tells.
    nest
        Forks the process, and those that it starts.

    Raises
    ------
    Stopped
        When it was ended by `stop`.
    """
    if job.sandbox:
        # A second try must not meet what is still ending of the first.
        job = replace(job, sandbox=f"{job.sandbox}-{secrets.token_hex(2)}")
    return _Child(job, place, stop, nest).follow(on_event)


class _Child:
    def __init__(self, job: Job, place: Path, stop: Stop, nest: nursery.Nursery) -> None:
        self._job, self._place, self._stop = job, place, stop
        self._token = secrets.token_hex(8)
        self._began = time.monotonic()
        self._why = ""
        self._lock = threading.Lock()
        with (place / LOG).open("ab") as log:
            self._process = nursery.start(
                ["-m", "tsalab.commands.learner"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=nursery.SMALL | os.environ | nest.environment() | {MARKER: self._token},
            )
        self._timers: list[threading.Timer] = []

    def follow(self, on_event: OnEvent) -> Result:
        told = {"job": self._job.to_json(), "place": str(self._place.absolute())}
        result: Result | None = None
        self._say(json.dumps(told))
        self._stop.add(self._stopped)
        if self._job.timeout:
            self._later(self._job.timeout, self._timed_out)
        assert self._process.stdout is not None  # noqa: S101 - asked for above
        try:
            with self._process.stdout as lines:
                for line in lines:
                    said = json.loads(line)
                    if "result" in said:
                        result = Result.from_json(said["result"])
                    else:
                        on_event(said)
            self._process.wait()
        finally:
            self._stop.remove(self._stopped)
            for timer in self._timers:
                timer.cancel()
            self._clear_up()
        if result is None and self._why == _STOPPED:
            raise Stopped
        return result or self._without_result()

    def _say(self, line: str) -> None:
        pipe = self._process.stdin
        assert pipe is not None  # noqa: S101 - asked for above
        try:
            pipe.write(line + "\n")
            pipe.flush()
        except (BrokenPipeError, ValueError):
            return  # it has ended, which its output says too

    def _stopped(self) -> None:
        self._end(_STOPPED)

    def _timed_out(self) -> None:
        self._end(TIMED_OUT)

    def _end(self, why: str) -> None:
        with self._lock:
            if self._why:
                return
            self._why = why
        self._say(why)
        self._later(GRACE_SECONDS, self._process.kill)

    def _later(self, seconds: float, what: Callable[[], None]) -> None:
        timer = threading.Timer(seconds, what)
        timer.daemon = True
        self._timers.append(timer)
        timer.start()

    def _clear_up(self) -> None:
        """End what a process that was killed has left behind: its kernel, its sandbox."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        if self._process.stdin:
            with contextlib.suppress(BrokenPipeError):  # what was not read any more
                self._process.stdin.close()
        if self._process.returncode:
            _end_marked(self._token)
        remove_sandbox(self._job.sandbox)

    def _without_result(self) -> Result:
        if self._why == TIMED_OUT:
            reason = say("batch.because.timed_out", seconds=self._job.timeout)
        else:
            log = self._place / LOG
            reason = say("batch.because.died", status=_status(self._process.returncode), log=log)
        status: Status = TIMED_OUT if self._why == TIMED_OUT else "broken"
        return broken(self._job, reason, status, time.monotonic() - self._began)


_STOPPED = "stopped"


def broken(job: Job, reason: str, status: Status = "broken", seconds: float = 0.0) -> Result:
    """The result of a run that left none."""
    return Result(
        job.learner, job.folder, job.notebook, status, reason, {}, round(seconds, 3), {}, job.digest
    )


def _status(code: int) -> str:
    return str(code) if code >= 0 else signal.Signals(-code).name


def _end_marked(token: str) -> None:
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARKER) == token:
                process.kill()
        except psutil.Error:
            continue  # gone meanwhile, or another user's


def remove_sandbox(name: str) -> None:
    """End and remove a sandbox that its own process did not, as a person would."""
    if name and (settings.home() / "sandboxes" / name).exists():
        subprocess.run(
            [sys.executable, "-m", "tsalab", "sandbox", "down", "--name", name, "--delete"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )


def remove_sandboxes(prefix: str) -> None:
    """Remove what a batch that was killed with all its processes left behind."""
    folder = settings.home() / "sandboxes"
    for place in sorted(folder.glob(f"{prefix}*")) if folder.is_dir() else ():
        remove_sandbox(place.name)
