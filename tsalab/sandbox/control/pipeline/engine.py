"""Runs executions: a thread each, stage after stage, action after action.

Actions call AWS as anybody would, by boto3 over loopback. Nothing here polls for work: an
upload, a push or a request starts an execution at once.
"""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from tsalab import settings
from tsalab.sandbox import news
from tsalab.sandbox.control.context import Context
from tsalab.sandbox.control.pipeline import files, sources, stack
from tsalab.sandbox.control.pipeline.declaration import polls
from tsalab.sandbox.control.pipeline.gates import Gates
from tsalab.sandbox.control.pipeline.job import AbandonedError, ActionError, Job, Result
from tsalab.sandbox.control.pipeline.model import INTERRUPTED, UNFINISHED, ActionRun, Execution, Pipeline

_ACTIONS: Mapping[tuple[str, str], Callable[[Job], Result]] = {
    ("Source", "S3"): sources.from_bucket,
    ("Source", "CodeCommit"): sources.from_branch,
    ("Deploy", "CloudFormation"): stack.deploy,
    ("Deploy", "S3"): files.deploy,
}

logger = logging.getLogger("tsalab.sandbox.pipeline")


class Engine:
    """The pipelines, and what runs of them.

    Parameters
    ----------
    context
        The sandbox.
    repositories
        Its code repositories.
    trusts
        Whether a role exists and lets a service assume it.
    changed
        Called when something is to be saved.
    """

    def __init__(
        self,
        context: Context,
        repositories: Any,
        trusts: Callable[[str, str], bool],
        changed: Callable[[], None],
    ) -> None:
        self.pipelines: dict[str, Pipeline] = {}
        self.condition = threading.Condition(threading.RLock())
        self.gates = Gates(self.condition)
        self._context = context
        self._repositories = repositories
        self._trusts = trusts
        self._changed = changed
        self._threads: dict[str, threading.Thread] = {}
        self._abandoned: dict[str, threading.Event] = {}

    # Starting.

    def start(self, pipeline: Pipeline, kind: str, detail: str) -> Execution:
        """Start an execution.

        Parameters
        ----------
        pipeline
            Of what.
        kind, detail
            What started it: AWS's trigger type, and who or what in particular.
        """
        with self.condition:
            execution = Execution(pipeline.version, {"triggerType": kind, "triggerDetail": detail})
            pipeline.add(execution)
        news.tell("pipeline", name=pipeline.name, execution=execution.id, status="Started", trigger=detail)
        self._launch(pipeline, execution, first=0, again=frozenset())
        return execution

    def retry(self, pipeline: Pipeline, execution: Execution, stage: str, *, every_action: bool) -> None:
        """Run a failed stage once more, and what comes after it."""
        with self.condition:
            first = [one["name"] for one in pipeline.stages].index(stage)
            done = {run.action for run in execution.runs if run.stage == stage and run.status == "Succeeded"}
            execution.set("InProgress", "Retried")
        self._launch(pipeline, execution, first=first, again=frozenset() if every_action else frozenset(done))

    def object_created(self, bucket: str, key: str) -> None:
        """An object was stored: start the pipelines that take it for their source."""
        self._source_changed("S3", {"S3Bucket": bucket, "S3ObjectKey": key}, f"{bucket}/{key}")

    def branch_moved(self, repository: str, branch: str, commit: str) -> None:
        """A branch got a new commit: start the pipelines that take it for their source."""
        del commit
        place = {"RepositoryName": repository, "BranchName": branch}
        self._source_changed("CodeCommit", place, f"{repository}/{branch}")

    def _source_changed(self, provider: str, place: Mapping[str, str], detail: str) -> None:
        if settings.get("polling_disabled"):
            return
        with self.condition:
            meant = [one for one in self.pipelines.values() if _takes(one, provider, place)]
        for pipeline in meant:
            self.start(pipeline, "PollForSourceChanges", detail)

    def poll(self) -> None:
        """Start the pipelines whose source changed while nobody looked."""
        if settings.get("polling_disabled"):
            return
        with self.condition:
            pipelines = list(self.pipelines.values())
        for pipeline in pipelines:
            seen = {row["action"]: row["id"] for one in pipeline.executions for row in one.revisions}
            for action in pipeline.sources:
                known = seen.get(action["name"])
                newest = self._newest(action) if polls(action) and known else known
                if newest != known:
                    self.start(pipeline, "PollForSourceChanges", action["name"])
                    break

    def _newest(self, action: Mapping[str, Any]) -> str | None:
        """Version or commit that a source has now; None when it has none."""
        settings = action["configuration"]
        try:
            if action["actionTypeId"]["provider"] == "S3":
                s3 = self._context.client("s3")
                return sources.object_version(s3, settings["S3Bucket"], settings["S3ObjectKey"])
            if settings["RepositoryName"] not in self._repositories:
                return None
            branches: dict[str, str] = self._repositories.git(settings["RepositoryName"]).branches()
            return branches.get(settings["BranchName"])
        except ActionError:
            return None

    # Ending.

    def stop(self, execution: Execution, reason: str, *, abandon: bool) -> None:
        """Stop an execution, after its running actions or (abandoned) at once."""
        with self.condition:
            execution.stop_reason = reason
            execution.set("Stopping", reason)
            if abandon:
                self._abandon(execution, "Stopped")
            elif "InProgress" not in execution.stages.values():
                execution.set("Stopped")  # it waited in front of a stage
            self.condition.notify_all()

    def forget(self, pipeline: Pipeline) -> None:
        """End what runs of a pipeline that is deleted."""
        with self.condition:
            self.pipelines.pop(pipeline.name, None)
            for execution in pipeline.executions:
                if execution.status in UNFINISHED:
                    self._abandon(execution, "Cancelled")
            self.condition.notify_all()

    def close(self, timeout: float = 2.0) -> None:
        """End what runs; it is marked as interrupted.

        Parameters
        ----------
        timeout
            Seconds to wait for its threads.
        """
        with self.condition:
            for execution in (one for p in self.pipelines.values() for one in p.executions):
                if execution.status in UNFINISHED:
                    execution.interrupt()
                    self._event(execution).set()
            self.condition.notify_all()
        for thread in list(self._threads.values()):
            thread.join(timeout)

    def _abandon(self, execution: Execution, status: str) -> None:
        for run in execution.runs:
            if run.status == "InProgress":
                run.end("Abandoned")
        ended = "Stopped" if status == "Stopped" else "Cancelled"
        execution.stages = {k: ended if v == "InProgress" else v for k, v in execution.stages.items()}
        execution.set(status)
        self._event(execution).set()

    def _event(self, execution: Execution) -> threading.Event:
        return self._abandoned.setdefault(execution.id, threading.Event())

    # Running.

    def _launch(self, pipeline: Pipeline, execution: Execution, *, first: int, again: frozenset[str]) -> None:
        """Start the thread; `again` names the actions of the first stage that are not done again."""
        self._abandoned[execution.id] = threading.Event()
        thread = threading.Thread(
            target=self._run,
            args=(pipeline, execution, first, again),
            name=f"pipeline {pipeline.name}",
            daemon=True,
        )
        self._threads[execution.id] = thread
        self._changed()
        thread.start()

    def _run(self, pipeline: Pipeline, execution: Execution, first: int, again: frozenset[str]) -> None:
        try:
            for stage in pipeline.stages[first:]:
                if not self.gates.enter(pipeline.name, stage["name"], execution):
                    return
                try:
                    self._stage(pipeline, stage, execution, again)
                finally:
                    self.gates.leave(pipeline.name, stage["name"])
                if execution.status != "InProgress":
                    return
                again = frozenset()
            with self.condition:
                if execution.status == "InProgress":
                    execution.set("Succeeded")
        finally:
            self._threads.pop(execution.id, None)
            self._abandoned.pop(execution.id, None)
            self._tell(pipeline, execution)
            self._changed()
            self._warm(pipeline)

    @staticmethod
    def _tell(pipeline: Pipeline, execution: Execution) -> None:
        sources = {str(one["action"]): str(one["id"]) for one in execution.revisions}
        news.tell(
            "pipeline",
            name=pipeline.name,
            execution=execution.id,
            status=execution.status,
            sources=sources,
        )

    def _warm(self, pipeline: Pipeline) -> None:
        """Have CloudFormation's client ready: making it takes 0.2 s, which no upload need wait for."""
        actions = [one for stage in pipeline.stages for one in stage["actions"]]
        if any(one["actionTypeId"]["provider"] == "CloudFormation" for one in actions):
            self._context.client("cloudformation")

    def _stage(
        self, pipeline: Pipeline, stage: Mapping[str, Any], execution: Execution, again: frozenset[str]
    ) -> None:
        actions = sorted(
            (one for one in stage["actions"] if one["name"] not in again),
            key=lambda one: int(one["runOrder"]),
        )
        for _, group in itertools.groupby(actions, key=lambda one: int(one["runOrder"])):
            self._together(pipeline, stage["name"], execution, list(group))
            with self.condition:
                runs = [run for run in execution.runs if run.stage == stage["name"]]
                newest = {run.action: run for run in runs}
                if any(run.status == "Failed" for run in newest.values()):
                    self._end_stage(execution, stage["name"], "Failed", "Failed")
                elif execution.status == "Stopping":
                    self._end_stage(execution, stage["name"], "Stopped", "Stopped")
                if execution.status != "InProgress":
                    return
        with self.condition:
            execution.stages[stage["name"]] = "Succeeded"
            execution.set("InProgress")

    @staticmethod
    def _end_stage(execution: Execution, stage: str, stage_status: str, status: str) -> None:
        if execution.stages[stage] == "InProgress":  # else it was abandoned meanwhile
            execution.stages[stage] = stage_status
            execution.set(status)

    def _together(
        self, pipeline: Pipeline, stage: str, execution: Execution, actions: list[dict[str, Any]]
    ) -> None:
        if len(actions) == 1:
            self._action(pipeline, stage, execution, actions[0])
            return
        with ThreadPoolExecutor(len(actions), "pipeline action") as pool:
            for future in [pool.submit(self._action, pipeline, stage, execution, one) for one in actions]:
                future.result()

    def _action(
        self, pipeline: Pipeline, stage: str, execution: Execution, action: Mapping[str, Any]
    ) -> None:
        run = ActionRun(
            action=action["name"],
            stage=stage,
            version=execution.version,
            declaration=dict(action),
            inputs=_artifacts(action["inputArtifacts"], execution.artifacts),
        )
        with self.condition:
            if execution.status not in UNFINISHED:
                return
            execution.runs.append(run)
            abandoned = self._event(execution)
        what = action["actionTypeId"]
        job = self._job(pipeline, execution, action, run, abandoned)
        try:
            if abandoned.wait(float(settings.get("pace"))):
                return  # as below
            result = _ACTIONS[what["category"], what["provider"]](job)
        except AbandonedError:
            return  # whoever abandoned it has noted so
        except ActionError as error:
            self._failed(run, error.code, error.message)
        except ClientError as error:
            self._failed(run, *_refusal(error))
        except BotoCoreError as error:
            logger.info("pipeline %s, %s: %s", pipeline.name, run.action, error)
            execution.summary = INTERRUPTED  # the control plane is gone
            self._failed(run, "JobFailed", INTERRUPTED)
        except Exception as error:
            logger.exception("pipeline %s, action %s", pipeline.name, run.action)
            self._failed(run, "JobFailed", f"The sandbox itself failed: {type(error).__name__}: {error}")
        else:
            self._succeeded(run, execution, result)
        self._changed()

    def _job(
        self,
        pipeline: Pipeline,
        execution: Execution,
        action: Mapping[str, Any],
        run: ActionRun,
        abandoned: threading.Event,
    ) -> Job:
        def external(key: str, url: str) -> None:
            run.external_id, run.external_url = key, url

        return Job(
            pipeline=pipeline.name,
            action=action,
            store=pipeline.declaration["artifactStore"]["location"],
            artifacts=execution.artifacts,
            client=self._context.client,
            endpoint_url=self._context.endpoint_url,
            repositories=self._repositories,
            trusts=self._trusts,
            abandoned=abandoned,
            external=external,
        )

    def _failed(self, run: ActionRun, code: str, message: str) -> None:
        with self.condition:
            if run.status == "InProgress":
                run.fail(code, message)

    def _succeeded(self, run: ActionRun, execution: Execution, result: Result) -> None:
        with self.condition:
            if run.status != "InProgress":
                return
            run.summary, run.revision = result.summary, result.revision
            execution.artifacts.update(result.artifacts)
            run.outputs = _artifacts(run.declaration["outputArtifacts"], execution.artifacts)
            run.end("Succeeded")


def _takes(pipeline: Pipeline, provider: str, place: Mapping[str, str]) -> bool:
    return any(
        action["actionTypeId"]["provider"] == provider
        and polls(action)
        and all(action["configuration"][key] == value for key, value in place.items())
        for action in pipeline.sources
    )


def _artifacts(
    named: Iterable[Mapping[str, str]], places: Mapping[str, dict[str, str]]
) -> list[dict[str, Any]]:
    return [
        {"name": one["name"], "s3location": places[one["name"]]} for one in named if one["name"] in places
    ]


def _refusal(error: ClientError) -> tuple[str, str]:
    facts = error.response["Error"]
    code = "PermissionError" if "AccessDenied" in facts["Code"] else "JobFailed"
    return code, f"{facts['Message']} (Operation: {error.operation_name}; Error Code: {facts['Code']})"
