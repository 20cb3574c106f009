"""CodePipeline's API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tsalab import settings
from tsalab.sandbox.control.context import Context
from tsalab.sandbox.control.json_service import Answer, ApiError, JsonService, caller, now
from tsalab.sandbox.control.pipeline import views
from tsalab.sandbox.control.pipeline.declaration import check
from tsalab.sandbox.control.pipeline.engine import Engine
from tsalab.sandbox.control.pipeline.model import Execution, Pipeline
from tsalab.sandbox.control.pipeline.roles import trusts

_ASSUMER = "codepipeline.amazonaws.com"


class CodePipeline(JsonService):
    """The service.

    Parameters
    ----------
    context
        The sandbox.
    repositories
        Its code repositories.
    """

    def __init__(self, context: Context, repositories: Any) -> None:
        super().__init__(context, "codepipeline", "CodePipeline_20150709")
        self.engine = Engine(context, repositories, self.trusts, self.changed)
        self.lock = self.engine.condition  # type: ignore[assignment]  # one lock for all of it
        self.operations = {
            "CreatePipeline": self._create,
            "GetPipeline": self._get,
            "UpdatePipeline": self._update,
            "DeletePipeline": self._delete,
            "ListPipelines": self._list,
            "GetPipelineState": self._state,
            "StartPipelineExecution": self._start,
            "StopPipelineExecution": self._stop,
            "RetryStageExecution": self._retry,
            "GetPipelineExecution": self._get_execution,
            "ListPipelineExecutions": self._list_executions,
            "ListActionExecutions": self._list_actions,
            "TagResource": self._tag,
            "UntagResource": self._untag,
            "ListTagsForResource": self._list_tags,
        }

    def state(self) -> Answer:
        """All pipelines."""
        return {"pipelines": [one.dump() for one in self.engine.pipelines.values()]}

    def restore(self, data: Answer) -> None:
        """Take back `state`; executions that ran are marked as interrupted."""
        loaded = [Pipeline.load(row) for row in data.get("pipelines", [])]
        self.engine.pipelines = {one.name: one for one in loaded}

    def resource(self, operation: str, request: Answer) -> str:
        """The pipeline's ARN, or the stage's where AWS checks that."""
        if "resourceArn" in request:
            return str(request["resourceArn"])
        named = request.get("pipeline") or {}
        name = request.get("name") or request.get("pipelineName") or named.get("name")
        if not name:
            return "*"
        tail = f"/{request['stageName']}" if operation == "RetryStageExecution" else ""
        return self.arn(f"{name}{tail}")

    def trusts(self, role_arn: str, service: str = _ASSUMER) -> bool:
        """Whether a role exists and lets a service assume it."""
        from ministack.core.responses import request_scope
        from ministack.services import iam

        name = role_arn.rpartition("/")[2]
        with request_scope(self.context.account_id, self.context.region):
            role = iam._roles.get(name)
        if role is None or role["Arn"] != role_arn:
            return False
        return trusts(role["AssumeRolePolicyDocument"], service)

    # What CloudFormation uses as well.

    def create(self, declaration: Answer, tags: dict[str, str], detail: str) -> Pipeline:
        """Make a pipeline and start it, as AWS does.

        Raises
        ------
        ApiError
            When the declaration is wrong or the name taken.
        """
        made = check(declaration, self.trusts)
        with self.lock:
            if made["name"] in self.engine.pipelines:
                raise ApiError(
                    "PipelineNameInUseException", f"A pipeline with name '{made['name']}' already exists"
                )
            pipeline = Pipeline({k: v for k, v in made.items() if k != "version"}, tags=tags)
            self.engine.pipelines[pipeline.name] = pipeline
        self.engine.start(pipeline, "CreatePipeline", detail)
        return pipeline

    def update(self, declaration: Answer) -> Pipeline:
        """Replace a pipeline's declaration.

        Raises
        ------
        ApiError
            When the declaration is wrong, or there is no such pipeline.
        """
        made = check(declaration, self.trusts)
        pipeline = self.pipeline(made["name"])
        with self.lock:
            pipeline.declaration = {k: v for k, v in made.items() if k != "version"}
            pipeline.version += 1
            pipeline.updated = now()
        return pipeline

    def pipeline(self, name: str) -> Pipeline:
        """A pipeline by name.

        Raises
        ------
        ApiError
            When there is none.
        """
        found = self.engine.pipelines.get(name)
        if found is None:
            raise ApiError(
                "PipelineNotFoundException",
                f"Account '{self.context.account_id}' does not have a pipeline with name '{name}'",
            )
        return found

    # Operations.

    def _create(self, request: Answer) -> Answer:
        tags = {row["key"]: row["value"] for row in request.get("tags") or []}
        pipeline = self.create(request["pipeline"], tags, caller())
        return {"pipeline": views.declaration(pipeline), "tags": _rows(tags)}

    def _get(self, request: Answer) -> Answer:
        with self.lock:
            pipeline = self.pipeline(request["name"])
            if request.get("version") not in {None, pipeline.version}:
                raise ApiError(
                    "PipelineVersionNotFoundException",
                    f"The sandbox keeps the newest version of a pipeline only: {pipeline.version}",
                )
            return {
                "pipeline": views.declaration(pipeline),
                "metadata": {
                    "pipelineArn": self.arn(pipeline.name),
                    "created": pipeline.created,
                    "updated": pipeline.updated,
                    **({"pollingDisabledAt": pipeline.updated} if settings.get("polling_disabled") else {}),
                },
            }

    def _update(self, request: Answer) -> Answer:
        return {"pipeline": views.declaration(self.update(request["pipeline"]))}

    def _delete(self, request: Answer) -> None:
        found = self.engine.pipelines.get(request["name"])
        if found is not None:
            self.engine.forget(found)

    def _list(self, request: Answer) -> Answer:
        with self.lock:
            rows = [views.summary(self.engine.pipelines[name]) for name in sorted(self.engine.pipelines)]
        return _page("pipelines", rows, request)

    def _state(self, request: Answer) -> Answer:
        with self.lock:
            return views.state(self.pipeline(request["name"]), self.engine.gates)

    def _start(self, request: Answer) -> Answer:
        for key in ("variables", "sourceRevisions"):
            if request.get(key):
                raise ApiError("NotImplementedException", f"The sandbox does not start pipelines with {key}")
        execution = self.engine.start(self.pipeline(request["name"]), "StartPipelineExecution", caller())
        return {"pipelineExecutionId": execution.id}

    def _stop(self, request: Answer) -> Answer:
        with self.lock:
            pipeline = self.pipeline(request["pipelineName"])
            execution = _execution(pipeline, request["pipelineExecutionId"])
            abandon = bool(request.get("abandon"))
            if execution.status == "Stopping" and not abandon:
                raise ApiError("DuplicatedStopRequestException", f"{execution.id} is stopping already")
            if execution.status not in {"InProgress", "Stopping"}:
                raise ApiError(
                    "PipelineExecutionNotStoppableException",
                    f"{execution.id} cannot be stopped: it is {execution.status}",
                )
            self.engine.stop(execution, request.get("reason", ""), abandon=abandon)
        return {"pipelineExecutionId": execution.id}

    def _retry(self, request: Answer) -> Answer:
        stage = request["stageName"]
        with self.lock:
            pipeline = self.pipeline(request["pipelineName"])
            if stage not in {one["name"] for one in pipeline.stages}:
                raise ApiError("StageNotFoundException", f"Pipeline {pipeline.name} has no stage {stage}")
            execution = _execution(pipeline, request["pipelineExecutionId"])
            if pipeline.in_stage(stage) is not execution:
                raise ApiError(
                    "NotLatestPipelineExecutionException",
                    f"{execution.id} is not the newest in stage {stage}",
                )
            if execution.status != "Failed" or execution.stages[stage] != "Failed":
                raise ApiError("StageNotRetryableException", f"Stage {stage} did not fail in {execution.id}")
            self.engine.retry(pipeline, execution, stage, every_action=request["retryMode"] == "ALL_ACTIONS")
        return {"pipelineExecutionId": execution.id}

    def _get_execution(self, request: Answer) -> Answer:
        with self.lock:
            pipeline = self.pipeline(request["pipelineName"])
            execution = _execution(pipeline, request["pipelineExecutionId"])
            return {"pipelineExecution": views.execution(pipeline, execution)}

    def _list_executions(self, request: Answer) -> Answer:
        stage = (request.get("filter") or {}).get("succeededInStage", {}).get("stageName")
        with self.lock:
            newest_first = reversed(self.pipeline(request["pipelineName"]).executions)
            rows = [
                views.execution_summary(one)
                for one in newest_first
                if stage is None or one.stages.get(stage) == "Succeeded"
            ]
        return _page("pipelineExecutionSummaries", rows, request)

    def _list_actions(self, request: Answer) -> Answer:
        wanted = request.get("filter") or {}
        key = wanted.get("pipelineExecutionId") or wanted.get("latestInPipelineExecution", {}).get(
            "pipelineExecutionId"
        )
        with self.lock:
            pipeline = self.pipeline(request["pipelineName"])
            executions = [_execution(pipeline, key)] if key else pipeline.executions
            rows = views.actions(executions, self.context.region)
        return _page("actionExecutionDetails", rows, request)

    def _tag(self, request: Answer) -> None:
        tags = {row["key"]: row["value"] for row in request["tags"]}
        with self.lock:
            self._by_arn(request).tags.update(tags)

    def _untag(self, request: Answer) -> None:
        with self.lock:
            for key in request["tagKeys"]:
                self._by_arn(request).tags.pop(key, None)

    def _list_tags(self, request: Answer) -> Answer:
        with self.lock:
            return {"tags": _rows(self._by_arn(request).tags)}

    def _by_arn(self, request: Answer) -> Pipeline:
        arn: str = request["resourceArn"]
        name = arn.removeprefix(self.arn(""))
        if name not in self.engine.pipelines:
            raise ApiError("ResourceNotFoundException", f"There is no resource {arn}")
        return self.engine.pipelines[name]


def _execution(pipeline: Pipeline, key: str) -> Execution:
    found = pipeline.execution(key)
    if found is None:
        raise ApiError(
            "PipelineExecutionNotFoundException", f"Pipeline {pipeline.name} has no execution with id {key}"
        )
    return found


def _rows(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in tags.items()]


def _page(key: str, rows: Sequence[Answer], request: Answer) -> Answer:
    """One page of the rows, with the token of the next."""
    given = request.get("nextToken") or "0"
    if not given.isdigit():
        raise ApiError("InvalidNextTokenException", f"{given} is not a token of an answer")
    start, size = int(given), request.get("maxResults") or 100
    answer: Answer = {key: rows[start : start + size]}
    if start + size < len(rows):
        answer["nextToken"] = str(start + size)
    return answer
