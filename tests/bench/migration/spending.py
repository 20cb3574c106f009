"""What one run takes: time, processor time of client and servers, memory of the client."""

from __future__ import annotations

import resource
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import psutil

from migration.servers import Server

LOOK = 0.1  # seconds between two looks at the client's memory
MB = 1_000_000


@dataclass(frozen=True)
class Spent:
    """What a run took.

    Attributes
    ----------
    wall
        Seconds.
    client, source, target
        Seconds of processor time: of the client's processes with their children, of either server.
    memory
        MB that the client's processes held together at most, looked at ten times a second.
    """

    wall: float
    client: float
    source: float
    target: float
    memory: float


def spending(work: Callable[[], None], source: Server, target: Server, *apart: int) -> Spent:
    """Do some work, whose clients are children of this process, and say what it took.

    Parameters
    ----------
    work
        What to do.
    source, target
        Servers whose processor time counts apart.
    apart
        Children of this process that are no clients: servers, proxies.
    """
    watch = _Memory({source.pid, target.pid, *apart})
    before = (_children(), _of(source.pid), _of(target.pid))
    began = time.perf_counter()
    with watch:
        work()
    wall = time.perf_counter() - began
    after = (_children(), _of(source.pid), _of(target.pid))
    client, of_source, of_target = (late - early for late, early in zip(after, before, strict=True))
    return Spent(wall, client, of_source, of_target, watch.most / MB)


def _children() -> float:
    """Processor time of all children that have ended, with theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _of(pid: int) -> float:
    used = psutil.Process(pid).cpu_times()
    return float(used.user + used.system)


class _Memory:
    """Looks at the memory of this process's children, but for some, until the block ends."""

    def __init__(self, apart: set[int]) -> None:
        self.most = 0
        self._apart = apart
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        here = psutil.Process()
        while not self._over.wait(LOOK):
            held = 0
            for child in here.children():
                if child.pid in self._apart:
                    continue
                with suppress(psutil.Error):  # it has ended just now
                    held += sum(one.memory_info().rss for one in (child, *child.children(recursive=True)))
            self.most = max(self.most, held)
