"""A batch from end to end: jobs made of the roster, those missing run, one summary written."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tsalab import resources
from tsalab.batch import child, roster, store
from tsalab.batch.board import Board
from tsalab.batch.engines import Engine, Threads
from tsalab.batch.job import Job, Result
from tsalab.batch.roster import Learner
from tsalab.batch.summary import Summary
from tsalab.errors import BatchError
from tsalab.ledger import Commission, keys

Changed = Callable[[Board, str, Mapping[str, Any]], None]
WORKERS = 2


def _quiet(_board: Board, _folder: str, _said: Mapping[str, Any]) -> None:
    return None


@dataclass(frozen=True)
class Batch:
    """What is to be run.

    Parameters
    ----------
    learners
        From the roster.
    out
        Folder for everything that is left.
    notebook
        For those whose line names no other.
    timeout
        Seconds for each learner; 0 for no limit.
    ledger_key
        File of the instructor's private key, which vouches for the sandboxes' ledgers; without
        one none is sealed, for each would vouch for itself alone. It is read here and goes nowhere.
    """

    learners: Sequence[Learner]
    out: Path
    notebook: Path = field(default_factory=lambda: resources.notebooks() / "lab4.ipynb")
    timeout: float = 0.0
    ledger_key: str | Path | None = None

    @classmethod
    def of(cls, path: str | Path, out: str | Path = "", **options: Any) -> Batch:
        """Read a roster; without a folder named, all goes to ``build/batch/ROSTER``."""
        file = Path(path)
        return cls(roster.read(file), Path(out or Path("build", "batch", file.stem)), **options)

    def run(
        self,
        engine: Engine | None = None,
        *,
        workers: int = WORKERS,
        resume: bool = False,
        on_change: Changed = _quiet,
    ) -> Summary:
        """Run what is missing, and write the summary.

        Parameters
        ----------
        engine
            Threads of this machine when None.
        workers
            How many learners at a time, for these threads.
        resume
            Go on with a batch that was begun in the folder: what passed is kept.
        on_change
            Called after each event, with its learner's folder; one call at a time.

        Raises
        ------
        BatchError
            When the folder is another's.
        KeyboardInterrupt
            After everything has ended; the summary holds what was done.
        """
        engine = engine or Threads(workers)
        with store.opened(self.out.absolute(), resume=resume) as held:
            return _Run(self, held, engine, on_change).all()

    def jobs(self, batch: str) -> list[Job]:
        """What each learner's process is told.

        Raises
        ------
        BatchError
            When a notebook cannot be read.
        LedgerError
            When the instructor's key cannot.
        """
        issuer = keys.read_private(Path(self.ledger_key)) if self.ledger_key else None
        sources: dict[Path, str] = {}
        found = []
        for number, learner in enumerate(self.learners, start=1):
            path = learner.notebook or self.notebook
            if path not in sources:
                sources[path] = _read(path)
            own = roster.PROFILE in learner.parameters
            sandbox = "" if own else f"{prefix(batch)}{number}"
            commission = None
            if issuer and sandbox:
                commission = Commission.issue(issuer, learner.name, sandbox).to_json()
            found.append(
                Job(
                    learner=learner.name,
                    folder=learner.folder,
                    notebook=path.name,
                    source=sources[path],
                    parameters=learner.parameters,
                    sandbox=sandbox,
                    timeout=self.timeout,
                    commission=commission,
                )
            )
        return found


def prefix(batch: str) -> str:
    """What the names of a batch's sandboxes begin with."""
    return f"batch-{batch}-"


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BatchError.no_notebook(path, str(error)) from error


class _Run:
    def __init__(self, batch: Batch, held: store.Store, engine: Engine, on_change: Changed) -> None:
        self._held, self._engine, self._on_change = held, engine, on_change
        self._jobs = batch.jobs(held.batch)
        self._board = Board(self._jobs, lambda: engine.workers)
        self._results: dict[str, Result] = {}
        self._turn = threading.Lock()

    def all(self) -> Summary:
        child.remove_sandboxes(prefix(self._held.batch))
        missing = []
        for job in self._jobs:
            if found := self._held.finished(job):
                self._note(found, kept=True)
            else:
                missing.append(job)
        stop = child.Stop()
        try:
            for result in self._engine.run(missing, self._begin, stop, self._event):
                self._note(self._held.save(result))
        finally:
            # Also when it was interrupted: what is done is not to be lost from sight.
            summary = Summary(self._held.batch, tuple(self._jobs), self._results)
            summary.write(self._held.root)
        return summary

    def _begin(self, job: Job) -> Path:
        with self._turn:
            return self._held.begin(job)

    def _event(self, folder: str, said: dict[str, Any]) -> None:
        with self._turn:
            self._board.event(folder, said)
            self._on_change(self._board, folder, said)

    def _note(self, result: Result, *, kept: bool = False) -> None:
        with self._turn:
            self._results[result.folder] = result
            self._board.result(result, kept=kept)
            self._on_change(self._board, result.folder, {"status": result.status, "kept": kept})
