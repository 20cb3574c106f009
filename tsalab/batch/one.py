"""One learner's run, in the process that is the learner's alone."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from tsalab import handin, runner
from tsalab.batch.board import course_of
from tsalab.batch.job import Job, Result, Status, StepResult
from tsalab.errors import TsalabError
from tsalab.messages import say
from tsalab.records import Record

Tell = Callable[[dict[str, Any]], None]
Seal = Callable[[Path, Path], None]
"""Has the sandbox's ledger sealed, given the learner's folder and the file; says what went wrong."""
MakeSandbox = Callable[[str, str], AbstractContextManager[Seal]]
JOURNAL = "journal.jsonl"
LEDGER = "ledger.jsonl"
TIMED_OUT: Status = "timed-out"


def perform(
    job: Job, place: Path, make_sandbox: MakeSandbox, tell: Tell, told: Callable[[], str] = str
) -> Result:
    """Run a learner's notebook; what is left of it lies in a folder, whatever happened.

    Parameters
    ----------
    job
        What to do.
    place
        The learner's folder. It gets the executed notebook, its page and the journal.
    make_sandbox
        A context manager that holds a sandbox, given its name and its commission as JSON.
    tell
        Called with each thing that others may want to see at once.
    told
        Why the run was interrupted: ``timed-out``, or something else.

    Raises
    ------
    KeyboardInterrupt
        When the run is interrupted, and not for its time; the sandbox has ended then.
    """
    return _Performance(job, place, make_sandbox, tell).result(told)


class _Performance:
    def __init__(self, job: Job, place: Path, make_sandbox: MakeSandbox, tell: Tell) -> None:
        self._job, self._place, self._tell = job, place.absolute(), tell
        self._make_sandbox = make_sandbox
        self._began = time.monotonic()
        self._spent: dict[str, float] = {}
        self._records: dict[str, Record] = {}

    @contextmanager
    def _timed(self, part: str) -> Iterator[None]:
        began = time.monotonic()
        try:
            yield
        finally:
            self._spent[part] = round(time.monotonic() - began, 3)

    def result(self, told: Callable[[], str]) -> Result:
        try:
            error = self._run()
        except KeyboardInterrupt:
            if told() != TIMED_OUT:
                raise
            self._keep()
            return self._conclude(TIMED_OUT, say("batch.because.timed_out", seconds=self._job.timeout))
        except TsalabError as failed:
            return self._conclude("broken", f"{type(failed).__name__}: {failed}")
        with self._timed("page"):
            self._keep()
        why = error or self._first_not_passed()
        return self._conclude("failed" if why else "passed", why)

    def _run(self) -> str:
        work = self._place / "work"
        work.mkdir(parents=True, exist_ok=True)
        parameters = {"learner": self._job.learner, "workdir": str(work), **self._job.parameters}
        if self._job.sandbox:
            parameters["profile"] = self._job.sandbox
        with (
            tempfile.TemporaryDirectory(prefix="tsalab-batch-") as folder,
            runner.WarmKernel(work, log=self._place / "kernel.log", imports=["tsalab.lab"]) as kernel,
        ):
            source = Path(folder, self._job.notebook)
            source.write_text(self._job.source, encoding="utf-8")
            with self._sandbox() as seal:
                self._tell({"state": "lab"})
                with self._timed("lab"):
                    error = runner.run(source, self._notebook, parameters, kernel, on_cell=self._cell).error
                if seal and self._job.commission:
                    with self._timed("seal"):
                        seal(work, self._place / LEDGER)
                return error

    @contextmanager
    def _sandbox(self) -> Iterator[Seal | None]:
        if not self._job.sandbox:
            yield None
            return
        self._tell({"state": "sandbox"})
        commission = json.dumps(self._job.commission) if self._job.commission else ""
        made = self._make_sandbox(self._job.sandbox, commission)
        with self._timed("up"):
            seal = made.__enter__()
        try:
            yield seal
        finally:
            with self._timed("down"):
                made.__exit__(None, None, None)

    @property
    def _notebook(self) -> Path:
        return self._place / self._job.notebook

    def _cell(self, done: runner.CellDone) -> None:
        for record in done.records:
            if record.is_outcome:
                self._records[str(record.step)] = record
                self._tell({"step": str(record.step), "status": record.status})

    def _keep(self) -> None:
        """The page, the journal where it is found without knowing the lab, and the learner's work."""
        if self._notebook.exists():
            runner.to_html(self._notebook, self._notebook.with_suffix(".html"), title=self._job.learner)
        journal = self._place / "work" / ".tsalab" / JOURNAL
        if journal.exists():
            shutil.copyfile(journal, self._place / JOURNAL)
        handin.packed(self._place / "work", self._place)

    def _first_not_passed(self) -> str:
        for step in (str(step.id) for step in course_of(self._job.notebook).steps):
            record = self._records.get(step)
            if record is None:
                return say("batch.because.no_record", step=step)
            if not record.passed:
                return say("batch.because.step", step=step, saw=record.saw)
        return ""

    def _conclude(self, status: Status, reason: str) -> Result:
        steps = {
            number: StepResult(record.status, record.seconds, record.saw, record.next)
            for number, record in self._records.items()
        }
        return Result(
            learner=self._job.learner,
            folder=self._job.folder,
            notebook=self._job.notebook,
            status=status,
            reason=reason,
            steps=steps,
            seconds=round(time.monotonic() - self._began, 3),
            spent=self._spent,
            digest=self._job.digest,
        )
