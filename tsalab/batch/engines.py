"""Who hands the jobs out: threads of this process, each with one learner's process at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any, Protocol

from tsalab.batch import child
from tsalab.batch.child import Stop, Stopped
from tsalab.batch.job import Job, Result
from tsalab.nursery import Nursery

OnEvent = Callable[[str, dict[str, Any]], None]
"""Called with a learner's folder and what the learner's process tells, on any thread."""
Begin = Callable[[Job], Path]
"""Makes a learner's folder, just before its run."""


class Engine(Protocol):
    """Runs jobs, some of them at a time."""

    @property
    def workers(self) -> int:
        """How many run at a time."""

    def run(self, jobs: Sequence[Job], begin: Begin, stop: Stop, on_event: OnEvent) -> Iterator[Result]:
        """Run all jobs, and yield each result as it comes; those that `stop` ended have none."""


class Threads:
    """Learners of this machine.

    Parameters
    ----------
    workers
        How many run at a time.
    """

    def __init__(self, workers: int) -> None:
        self._workers = workers

    @property
    def workers(self) -> int:
        """How many run at a time."""
        return self._workers

    def run(self, jobs: Sequence[Job], begin: Begin, stop: Stop, on_event: OnEvent) -> Iterator[Result]:
        """Run all jobs; see `Engine`."""

        def one(job: Job) -> Result:
            if stop.is_set:
                raise Stopped
            place = begin(job)
            return child.run(job, place, stop, lambda said: on_event(job.folder, said), nest)

        with (
            Nursery() as nest,
            ThreadPoolExecutor(self._workers, thread_name_prefix="tsalab-batch") as pool,
        ):
            futures = [pool.submit(one, job) for job in jobs]
            try:
                for future in as_completed(futures):
                    try:
                        yield future.result()
                    except Stopped:
                        continue
            finally:
                stop.set()  # Ctrl-C included; after the last result there is nothing to stop
                for future in futures:
                    future.cancel()
