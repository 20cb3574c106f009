"""The process that does a task's work: the engine of `tsalab.migrate` between two endpoints.

``python -m tsalab.sandbox.control.dms.worker REPORT_FD`` reads its job on the first line of its
standard input, and tells what happens as JSON lines on the descriptor. It stops when told, or
when nobody holds the other end of its input any more.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
from typing import IO, Any

from tsalab.errors import MigrationError, TsalabError
from tsalab.sandbox.control.dms.job import FULL_LOAD, STOP, FatalError, Job, Side

logger = logging.getLogger("tsalab.sandbox.dms.worker")


class StoppedError(Exception):
    """It was told to stop; what is committed stays, and a later process goes on from there."""


class Teller:
    """Tells the supervisor, from any thread.

    Parameters
    ----------
    pipe
        Where to.
    job
        Whose passages' ports are replaced by what they lead to.
    """

    def __init__(self, pipe: IO[str], job: Job) -> None:
        self._pipe, self._lock = pipe, threading.Lock()
        self._names = {f"127.0.0.1:{side.port}": side.host for side in (job.source, job.target)}
        self.stop = threading.Event()

    def __call__(self, kind: str, **facts: Any) -> None:
        """Tell one thing, and go on only when that is wanted.

        Raises
        ------
        StoppedError
            When the process was told to stop meanwhile, or nobody listens any more.
        """
        self.say(kind, **facts)
        self.refuse_stopped()

    def say(self, kind: str, **facts: Any) -> None:
        """Tell one thing."""
        with self._lock:
            try:
                self._pipe.write(json.dumps({"kind": kind, **facts}) + "\n")
                self._pipe.flush()
            except BrokenPipeError:
                self.stop.set()

    def refuse_stopped(self) -> None:
        """Raise when it was told to stop.

        Raises
        ------
        StoppedError
            Then.
        """
        if self.stop.is_set():
            raise StoppedError

    def words(self, error: BaseException) -> str:
        """An error's text, with the servers called as the endpoints call them."""
        text = f"{error.what} {error.why}" if isinstance(error, TsalabError) else str(error)
        for ours, theirs in self._names.items():
            text = text.replace(ours, theirs)
        return text


def main(report: int) -> int:
    """Do one job."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s [%(name)s] %(message)s")
    job = Job.from_line(sys.stdin.readline())
    with os.fdopen(report, "w", encoding="utf-8") as pipe:
        tell = Teller(pipe, job)
        threading.Thread(target=_listen, args=(tell,), name="orders", daemon=True).start()
        try:
            reason = perform(job, tell)
        except StoppedError:
            logger.info("stopped as told")
            tell.say("ended", reason="NORMAL")
        except FatalError as error:
            tell.say("failed", message=str(error), again=False)
        except MigrationError as error:
            logger.warning("%s: %s", "may pass" if error.passing else "failed", tell.words(error))
            tell.say("failed", message=tell.words(error), again=error.passing)
        else:
            tell.say("ended", reason=reason)
    return 0


def _listen(tell: Teller) -> None:
    for line in sys.stdin:
        if line.strip() == STOP:
            break
    tell.stop.set()


def login(side: Side, database: str, role: str = "") -> Any:
    """A side as the engine enters it."""
    from tsalab import migrate

    return migrate.Login("127.0.0.1", side.port, side.user, side.password, database, role=role)


def perform(job: Job, tell: Teller) -> str:
    """Do the job; why it ended by itself, in AWS's word.

    Raises
    ------
    MigrationError, FatalError
        When it cannot go on.
    StoppedError
        When it was told to stop.
    """
    from tsalab.sandbox.control.dms.following import follow
    from tsalab.sandbox.control.dms.loading import Loading

    if job.kind != FULL_LOAD:
        return follow(job, tell)
    Loading(job, tell).run()
    return "FULL_LOAD_ONLY_FINISHED"


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
