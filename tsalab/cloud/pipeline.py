"""The pipeline that turns an uploaded template into a stack update."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from tsalab.cloud.account import Account
from tsalab.cloud.refusals import error_code
from tsalab.cloud.stacks import Stack
from tsalab.errors import CloudError
from tsalab.messages import say


@dataclass(frozen=True)
class Source:
    """Where the pipeline takes its template from."""

    bucket: str
    key: str


@dataclass(frozen=True)
class StageState:
    """One stage of the pipeline, as the newest execution left it."""

    name: str
    status: str
    reason: str
    execution: str
    changed: datetime | None = None
    """When its status last changed, where AWS says it."""


@dataclass(frozen=True)
class Execution:
    """One run of the pipeline."""

    execution_id: str
    status: str
    revision: str
    started: datetime | None = None


def spellings_of(bootstrap: str) -> tuple[str, ...]:
    """Names that the bootstrap stack may have: the lab's text writes it with its hyphen and without."""
    return tuple(dict.fromkeys((bootstrap, bootstrap.replace("-", ""))))


class Pipeline:
    """The bootstrap stack's pipeline.

    Parameters
    ----------
    account
        The account to look in.
    bootstrap
        Name of the bootstrap stack of lab 1.

    Raises
    ------
    CloudError
        When neither the stack's resources nor its name lead to a pipeline.
    """

    def __init__(self, account: Account, bootstrap: str) -> None:
        self._account = account
        self.name = self._find(bootstrap)
        with account.doing(say("cloud.doing.pipeline_read", pipeline=self.name)):
            answer = self._api.get_pipeline(name=self.name)
        definition = answer["pipeline"]
        self.polling_disabled: datetime | None = answer.get("metadata", {}).get("pollingDisabledAt")
        """Since when it looks for new sources no more (after 30 idle days), or None."""
        actions = [action for stage in definition["stages"] for action in stage["actions"]]
        source = next(a for a in actions if a["actionTypeId"]["category"] == "Source")["configuration"]
        self.source = Source(source["S3Bucket"], source["S3ObjectKey"])
        deploy = next(a for a in actions if a["actionTypeId"]["provider"] == "CloudFormation")
        self.stack_name: str = deploy["configuration"]["StackName"]
        self.stages: tuple[str, ...] = tuple(stage["name"] for stage in definition["stages"])

    @property
    def _api(self) -> Any:
        return self._account.client("codepipeline")

    def _find(self, bootstrap: str) -> str:
        """The pipeline among the stack's resources, else the one that is named after the stack."""
        spellings = spellings_of(bootstrap)
        kind = say("cloud.kind.bootstrap_stack")
        for stack in (Stack(self._account, name) for name in spellings):
            if stack.state() is not None:
                if found := stack.resources().get("Pipeline"):
                    return found
                kind = say("cloud.kind.pipeline_in_stack")
        for name in spellings:
            if self._exists(f"{name}-Pipeline"):
                return f"{name}-Pipeline"
        raise CloudError.missing(kind, bootstrap, say("cloud.missing.find_pipeline"))

    def _exists(self, name: str) -> bool:
        with self._account.doing(say("cloud.doing.pipeline", name=name)):
            try:
                self._api.get_pipeline(name=name)
            except ClientError as error:
                if error_code(error) != "PipelineNotFoundException":
                    raise
                return False
        return True

    def state(self) -> list[StageState]:
        """The stages, in order, with the newest execution's outcome in each."""
        with self._account.doing(say("cloud.doing.pipeline_state", pipeline=self.name)):
            answer = self._api.get_pipeline_state(name=self.name)
        return [_stage(row) for row in answer["stageStates"]]

    def executions(self) -> list[Execution]:
        """The newest executions, newest first."""
        with self._account.doing(say("cloud.doing.pipeline_runs", pipeline=self.name)):
            answer = self._api.list_pipeline_executions(pipelineName=self.name, maxResults=20)
        return [
            Execution(
                execution_id=row["pipelineExecutionId"],
                status=row["status"],
                revision=next((r.get("revisionId", "") for r in row.get("sourceRevisions", [])), ""),
                started=row.get("startTime"),
            )
            for row in answer["pipelineExecutionSummaries"]
        ]

    def execution_of(self, version: str) -> Execution | None:
        """The newest execution of one version of the source object."""
        return next((run for run in self.executions() if run.revision == version), None)

    def start(self) -> str:
        """Start an execution by hand; returns its id."""
        with self._account.doing(say("cloud.doing.pipeline_start", pipeline=self.name)):
            return str(self._api.start_pipeline_execution(name=self.name)["pipelineExecutionId"])


def _stage(row: dict[str, Any]) -> StageState:
    latest = row.get("latestExecution", {})
    details = [a.get("latestExecution", {}) for a in row.get("actionStates", [])]
    reasons = [d.get("errorDetails", {}).get("message") or d.get("summary", "") for d in details]
    return StageState(
        name=row["stageName"],
        status=latest.get("status", "NotStarted"),
        reason="; ".join(reason for reason in reasons if reason),
        execution=latest.get("pipelineExecutionId", ""),
        changed=max((d["lastStatusChange"] for d in details if "lastStatusChange" in d), default=None),
    )


def newest_status(account: Account, name: str) -> str | None:
    """Status of a pipeline's newest execution, ``""`` when it never ran, None when there is no pipeline.

    Parameters
    ----------
    account
        The account to look in.
    name
        The pipeline's name.
    """
    with account.doing(say("cloud.doing.pipeline_runs", pipeline=name)):
        try:
            answer = account.client("codepipeline").list_pipeline_executions(pipelineName=name, maxResults=1)
        except ClientError as error:
            if error_code(error) == "PipelineNotFoundException":
                return None
            raise
    return next((str(row["status"]) for row in answer["pipelineExecutionSummaries"]), "")
