"""What the process of a learner is told, and what it says: plain JSON both ways."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

Status = Literal["passed", "failed", "timed-out", "broken"]


@dataclass(frozen=True)
class Job:
    """One learner's run.

    Parameters
    ----------
    learner
        The name.
    folder
        Name of the learner's folder.
    notebook
        What is run: its file's name.
    source
        Its content. It travels with the job, for a worker may be another machine.
    parameters
        For the notebook, without profile and workdir where the run makes them itself.
    sandbox
        Name of the sandbox that is made for the run; empty where the learner has a profile.
    timeout
        Seconds until the run is stopped; 0 for no limit.
    commission
        Whom the sandbox's ledger is for, with the key that signs it; without one it is not
        sealed. It goes through pipes and is written nowhere.
    """

    learner: str
    folder: str
    notebook: str
    source: str = field(repr=False)
    parameters: Mapping[str, str]
    sandbox: str
    timeout: float = 0.0
    commission: Mapping[str, Any] | None = field(default=None, repr=False)

    @property
    def digest(self) -> str:
        """What tells this run from another: the notebook and its parameters."""
        what = [self.learner, self.notebook, self.source, dict(self.parameters)]
        return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """Every field, as plain JSON values."""
        return asdict(self)


@dataclass(frozen=True)
class StepResult:
    """How a step ended, as its record says."""

    status: str
    seconds: float
    saw: str = ""
    next: str = ""


@dataclass(frozen=True)
class Result:
    """What is left of a learner's run.

    Parameters
    ----------
    learner, folder, notebook
        As in the job.
    status
        ``passed`` when every step of the course left a record that says so and no cell
        failed; ``timed-out`` when it was stopped for its time; ``broken`` when the run
        itself, and not the lab, failed.
    reason
        Why not passed, in words; empty when passed.
    steps
        By number, those that left a record.
    seconds
        Of the whole run, from the process's start to its end.
    spent
        Seconds by part: ``up``, ``lab``, ``down``, ``page``.
    digest
        The job's.
    attempts
        How often it was begun.
    """

    learner: str
    folder: str
    notebook: str
    status: Status
    reason: str
    steps: Mapping[str, StepResult]
    seconds: float
    spent: Mapping[str, float]
    digest: str
    attempts: int = 1

    @property
    def passed(self) -> bool:
        """Whether all is well."""
        return self.status == "passed"

    def to_json(self) -> dict[str, Any]:
        """Every field, as plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote.

        Raises
        ------
        TypeError, KeyError, AttributeError
            When it is something else.
        """
        steps = {str(number): StepResult(**step) for number, step in data["steps"].items()}
        return cls(**{**data, "steps": steps})


def read_result(path: Path) -> Result | None:
    """The result in a file; None where there is none, or none that can be read."""
    try:
        return Result.from_json(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None  # a run that left no result is run again
