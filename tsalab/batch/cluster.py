"""Learners handed out by Dask: to workers of this machine, or to a cluster of any size.

A worker needs tsalab and what the lab needs, and nothing shared: the job carries its notebook
and its parameters, and what is left comes back as the bytes of a tar archive. A sandbox lives in
the ``TSALAB_HOME`` of the worker that has it. When a worker dies, its learner's process reads the
end of its standard input and takes the sandbox down, and Dask gives the learner to another.
"""

from __future__ import annotations

import io
import secrets
import tarfile
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from tsalab.batch import child
from tsalab.batch.child import GRACE_SECONDS, Stop
from tsalab.batch.engines import Begin, OnEvent
from tsalab.batch.job import Job, Result
from tsalab.errors import BatchError
from tsalab.messages import say
from tsalab.nursery import Nursery

CONNECT_SECONDS = 10
_LOOK_SECONDS = 0.5
_BEGUN, _ENDED = "begun", "ended"
_NURSERY = Nursery()
"""A worker's own. It ends with the worker, and by itself when there is nothing to do."""


class Cluster:
    """An engine over a Dask scheduler.

    Parameters
    ----------
    workers
        How many worker processes, where no scheduler is given.
    scheduler
        The address of one. How it is to be trusted (``tls://``) is Dask's own configuration.

    Raises
    ------
    BatchError
        When Dask is not installed.
    """

    def __init__(self, workers: int, scheduler: str | None = None) -> None:
        try:
            import distributed  # noqa: F401 - an extra
        except ImportError as error:
            raise BatchError.no_dask() from error
        self._workers = workers
        self._scheduler = scheduler

    @property
    def workers(self) -> int:
        """How many learners run at a time, as far as is known."""
        return self._workers

    def run(self, jobs: Sequence[Job], begin: Begin, stop: Stop, on_event: OnEvent) -> Iterator[Result]:
        """Run all jobs; see `tsalab.batch.engines.Engine`."""
        if not jobs:
            return
        with ExitStack() as stack:
            client = stack.enter_context(self._client(stack))
            self._workers = max(1, sum(client.nthreads().values()))
            stack.callback(stop.set)
            yield from _Handing(client, jobs, begin, on_event).results()

    def _client(self, stack: ExitStack) -> Any:
        from distributed import Client, LocalCluster

        if self._scheduler is None:
            # One learner a process: whoever is killed takes no other along.
            local = stack.enter_context(
                LocalCluster(
                    n_workers=self._workers,
                    threads_per_worker=1,
                    processes=True,
                    host="127.0.0.1",
                    dashboard_address=None,
                    memory_limit=0,
                )
            )
            return Client(local)
        try:
            return Client(self._scheduler, timeout=CONNECT_SECONDS)
        except (OSError, ValueError, TimeoutError) as error:
            raise BatchError.no_scheduler(self._scheduler, str(error) or type(error).__name__) from error


class _Handing:
    """The jobs of one batch on their way through a client."""

    def __init__(self, client: Any, jobs: Sequence[Job], begin: Begin, on_event: OnEvent) -> None:
        self._client, self._jobs, self._begin, self._on_event = client, jobs, begin, on_event
        self._topic = f"tsalab-{secrets.token_hex(8)}"
        self._running: dict[str, str] = {}  # which run of a learner, by folder: the last to have begun
        self._changed = threading.Condition()

    def results(self) -> Iterator[Result]:
        from distributed import as_completed

        self._client.subscribe_topic(self._topic, self._heard)
        futures = {
            self._client.submit(
                perform, job.to_json(), self._topic, pure=False, key=f"{self._topic}-{n}"
            ): job
            for n, job in enumerate(self._jobs)
        }
        try:
            for future in as_completed(futures):
                yield self._result(future, futures[future])
        finally:
            self._client.cancel(list(futures), force=True)
            with self._changed:  # what was begun takes its sandbox down first
                self._changed.wait_for(lambda: not self._running, GRACE_SECONDS)
            self._client.unsubscribe_topic(self._topic)

    def _heard(self, event: tuple[float, dict[str, Any]]) -> None:
        _, said = event
        folder, told = str(said["folder"]), dict(said["said"])
        with self._changed:
            if _BEGUN in told:
                self._running[folder] = told[_BEGUN]
                return
            if _ENDED in told:
                self._over(folder, told[_ENDED])
                return
        self._on_event(folder, told)

    def _over(self, folder: str, run: str) -> None:
        if self._running.get(folder) == run:  # a worker that was killed never says so of its own
            del self._running[folder]
            self._changed.notify_all()

    def _result(self, future: Any, job: Job) -> Result:
        from distributed import KilledWorker

        with self._changed:
            self._running.pop(job.folder, None)
        place = self._begin(job)
        try:
            found, archive = future.result()
        except KilledWorker as error:
            reason = say("batch.because.worker_lost", tries=error.allowed_failures + 1)
        except Exception as error:  # noqa: BLE001 - whatever a worker raised; the others go on
            reason = f"{type(error).__name__}: {error}"
        else:
            unpack(archive, place)
            return replace(Result.from_json(found), digest=job.digest)
        return child.broken(job, reason)


def perform(job: dict[str, Any], topic: str) -> tuple[dict[str, Any], bytes]:
    """Run one job on a worker.

    Parameters
    ----------
    job
        As `Job.to_json` makes it.
    topic
        Of Dask's events, to which is told what the process tells.

    Returns
    -------
    dict, bytes
        The result, and a tar archive of the learner's folder.
    """
    from distributed import get_worker

    worker = get_worker()
    key = worker.get_current_task()
    told = Job(**job)
    run = f"{worker.address} {secrets.token_hex(4)}"

    def tell(said: dict[str, Any]) -> None:
        worker.log_event(topic, {"folder": told.folder, "said": said})

    stop = Stop()
    over = threading.Event()
    watch = threading.Thread(target=_watch, args=(worker, key, stop, over), daemon=True)
    tell({_BEGUN: run})
    watch.start()
    try:
        with tempfile.TemporaryDirectory(prefix="tsalab-batch-") as folder:
            result = child.run(told, Path(folder), stop, tell, _NURSERY)
            return result.to_json(), pack(Path(folder))
    finally:
        over.set()
        tell({_ENDED: run})


def _watch(worker: Any, key: str, stop: Stop, over: threading.Event) -> None:
    """Stop the run when nobody wants it any more: it was cancelled, or its client is gone."""
    while not over.wait(_LOOK_SECONDS):
        task = worker.state.tasks.get(key)
        if task is None or task.state == "cancelled":
            stop.set()
            return


def pack(folder: Path) -> bytes:
    """A folder's content as a tar archive."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz", compresslevel=1) as archive:
        archive.add(folder, arcname=".")
    return content.getvalue()


def unpack(content: bytes, folder: Path) -> None:
    """Put an archive's content into a folder, and nothing outside it."""
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        archive.extractall(folder, filter="data")
