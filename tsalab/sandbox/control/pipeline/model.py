"""What a pipeline remembers: its declaration, its executions, their actions. Plain data, saved as JSON."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from tsalab.sandbox.control.json_service import now

INTERRUPTED = "The sandbox was stopped while this ran."
KEPT_EXECUTIONS = 100
UNFINISHED = frozenset({"InProgress", "Stopping"})


@dataclass
class ActionRun:
    """One run of one action."""

    action: str
    stage: str
    version: int
    declaration: dict[str, Any]
    inputs: list[dict[str, Any]]
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    status: str = "InProgress"
    started: float = field(default_factory=now)
    updated: float = field(default_factory=now)
    outputs: list[dict[str, Any]] = field(default_factory=list)
    external_id: str = ""
    external_url: str = ""
    summary: str = ""
    error: dict[str, str] = field(default_factory=dict)
    revision: dict[str, Any] = field(default_factory=dict)

    def end(self, status: str) -> None:
        """Note how it ended."""
        self.status = status
        self.updated = now()

    def fail(self, code: str, message: str) -> None:
        """Note why it failed."""
        self.error = {"code": code, "message": message}
        self.end("Failed")


@dataclass
class Execution:
    """One execution of a pipeline."""

    version: int
    trigger: dict[str, str]
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    status: str = "InProgress"
    summary: str = ""
    started: float = field(default_factory=now)
    updated: float = field(default_factory=now)
    stages: dict[str, str] = field(default_factory=dict)  # status of every stage it came to
    artifacts: dict[str, dict[str, str]] = field(default_factory=dict)  # bucket and key, by name
    runs: list[ActionRun] = field(default_factory=list)
    stop_reason: str = ""

    @property
    def revisions(self) -> list[dict[str, Any]]:
        """What the sources gave it."""
        newest = {run.action: run.revision for run in self.runs if run.revision}
        return list(newest.values())

    def set(self, status: str, summary: str = "") -> None:
        """Note where it stands."""
        self.status = status
        self.summary = summary or self.summary
        self.updated = now()

    def interrupt(self) -> None:
        """Note that the process that ran it ended."""
        for run in self.runs:
            if run.status == "InProgress":
                run.fail("JobFailed", INTERRUPTED)
        self.stages = {name: "Failed" if s == "InProgress" else s for name, s in self.stages.items()}
        self.set("Failed", INTERRUPTED)


@dataclass
class Pipeline:
    """A pipeline."""

    declaration: dict[str, Any]
    version: int = 1
    created: float = field(default_factory=now)
    updated: float = field(default_factory=now)
    tags: dict[str, str] = field(default_factory=dict)
    executions: list[Execution] = field(default_factory=list)  # oldest first

    @property
    def name(self) -> str:
        """Its name."""
        name: str = self.declaration["name"]
        return name

    @property
    def stages(self) -> list[dict[str, Any]]:
        """Its stages, as declared."""
        stages: list[dict[str, Any]] = self.declaration["stages"]
        return stages

    @property
    def sources(self) -> list[dict[str, Any]]:
        """The actions of its first stage."""
        actions: list[dict[str, Any]] = self.stages[0]["actions"]
        return actions

    def execution(self, key: str) -> Execution | None:
        """An execution by id."""
        return next((one for one in self.executions if one.id == key), None)

    def in_stage(self, stage: str) -> Execution | None:
        """The newest execution that came to a stage."""
        return next((one for one in reversed(self.executions) if stage in one.stages), None)

    def runs(self, stage: str, action: str) -> list[ActionRun]:
        """Every run of an action, oldest first."""
        return [
            run for one in self.executions for run in one.runs if (run.stage, run.action) == (stage, action)
        ]

    def add(self, execution: Execution) -> None:
        """Take a new execution in, and let go of ended ones that are too many."""
        self.executions.append(execution)
        while len(self.executions) > KEPT_EXECUTIONS and self.executions[0].status not in UNFINISHED:
            del self.executions[0]

    def dump(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    @classmethod
    def load(cls, data: Mapping[str, Any]) -> Pipeline:
        """From what `dump` gave; what was running is marked as interrupted."""
        executions = [
            Execution(**{**row, "runs": [ActionRun(**run) for run in row["runs"]]})
            for row in data["executions"]
        ]
        for execution in executions:
            if execution.status in UNFINISHED:
                execution.interrupt()
        return cls(**{**data, "executions": executions})
