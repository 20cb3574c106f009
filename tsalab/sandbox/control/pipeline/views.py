"""Pipelines, executions and actions as the API shows them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tsalab.sandbox.control.json_service import Answer
from tsalab.sandbox.control.pipeline.gates import Gates
from tsalab.sandbox.control.pipeline.model import ActionRun, Execution, Pipeline

_LONGEST_SUMMARY = 2048


def declaration(pipeline: Pipeline) -> Answer:
    """As GetPipeline shows it."""
    return {**pipeline.declaration, "version": pipeline.version}


def summary(pipeline: Pipeline) -> Answer:
    """As ListPipelines shows it."""
    return {
        "name": pipeline.name,
        "version": pipeline.version,
        "pipelineType": pipeline.declaration["pipelineType"],
        "executionMode": pipeline.declaration["executionMode"],
        "created": pipeline.created,
        "updated": pipeline.updated,
    }


def state(pipeline: Pipeline, gates: Gates) -> Answer:
    """As GetPipelineState shows it."""
    return {
        "pipelineName": pipeline.name,
        "pipelineVersion": pipeline.version,
        "stageStates": [_stage(pipeline, one, gates) for one in pipeline.stages],
        "created": pipeline.created,
        "updated": pipeline.updated,
    }


def _stage(pipeline: Pipeline, stage: dict[str, Any], gates: Gates) -> Answer:
    name = stage["name"]
    answer: Answer = {
        "stageName": name,
        "inboundTransitionState": {"enabled": True},
        "actionStates": [_action(pipeline, name, one) for one in stage["actions"]],
    }
    newest = pipeline.in_stage(name)
    if newest:
        answer["latestExecution"] = _in_stage(newest, newest.stages[name])
    waiting = gates.waiting(pipeline.name, name)
    if waiting:
        answer["inboundExecution"] = _in_stage(waiting, "InProgress")
        answer["inboundExecutions"] = [answer["inboundExecution"]]
    return answer


def _in_stage(execution: Execution, status: str) -> Answer:
    return {"pipelineExecutionId": execution.id, "status": status, "type": "STANDARD"}


def _action(pipeline: Pipeline, stage: str, action: dict[str, Any]) -> Answer:
    answer: Answer = {"actionName": action["name"]}
    runs = pipeline.runs(stage, action["name"])
    if not runs:
        return answer
    run = max(runs, key=lambda one: one.started)
    latest: Answer = {"actionExecutionId": run.id, "status": run.status, "lastStatusChange": run.updated}
    _add(
        latest,
        summary=run.summary[:_LONGEST_SUMMARY],
        externalExecutionId=run.external_id,
        externalExecutionUrl=run.external_url,
        errorDetails=run.error,
    )
    answer["latestExecution"] = latest
    if run.revision:
        answer["currentRevision"] = {
            "revisionId": run.revision["id"],
            "revisionChangeId": run.revision["id"],
            "created": run.revision["created"],
        }
        answer["revisionUrl"] = run.revision["url"]
    return answer


def execution(pipeline: Pipeline, one: Execution) -> Answer:
    """As GetPipelineExecution shows it."""
    answer: Answer = {
        "pipelineName": pipeline.name,
        "pipelineVersion": one.version,
        "pipelineExecutionId": one.id,
        "status": one.status,
        "artifactRevisions": [
            {
                "name": row["artifact"],
                "revisionId": row["id"],
                "revisionChangeIdentifier": row["id"],
                "revisionSummary": row["summary"][:_LONGEST_SUMMARY],
                "created": row["created"],
                "revisionUrl": row["url"],
            }
            for row in one.revisions
        ],
        "trigger": one.trigger,
        "executionMode": "SUPERSEDED",
        "executionType": "STANDARD",
    }
    _add(answer, statusSummary=one.summary)
    return answer


def execution_summary(one: Execution) -> Answer:
    """As ListPipelineExecutions shows it."""
    answer: Answer = {
        "pipelineExecutionId": one.id,
        "status": one.status,
        "startTime": one.started,
        "lastUpdateTime": one.updated,
        "sourceRevisions": [
            {
                "actionName": row["action"],
                "revisionId": row["id"],
                "revisionSummary": row["summary"][:_LONGEST_SUMMARY],
                "revisionUrl": row["url"],
            }
            for row in one.revisions
        ],
        "trigger": one.trigger,
        "executionMode": "SUPERSEDED",
        "executionType": "STANDARD",
    }
    _add(answer, statusSummary=one.summary)
    if one.stop_reason:
        answer["stopTrigger"] = {"reason": one.stop_reason}
    return answer


def actions(executions: Iterable[Execution], region: str) -> list[Answer]:
    """As ListActionExecutions shows them: newest first."""
    rows = [(one.id, run) for one in executions for run in one.runs]
    rows.sort(key=lambda row: row[1].started, reverse=True)
    return [_detail(key, run, region) for key, run in rows]


def _detail(key: str, run: ActionRun, region: str) -> Answer:
    result: Answer = {}
    _add(
        result,
        externalExecutionId=run.external_id,
        externalExecutionSummary=run.summary,
        externalExecutionUrl=run.external_url,
        errorDetails=run.error,
    )
    inputs: Answer = {
        "actionTypeId": run.declaration["actionTypeId"],
        "configuration": run.declaration["configuration"],
        "resolvedConfiguration": run.declaration["configuration"],
        "region": region,
        "inputArtifacts": run.inputs,
    }
    _add(inputs, roleArn=run.declaration.get("roleArn"))
    return {
        "pipelineExecutionId": key,
        "actionExecutionId": run.id,
        "pipelineVersion": run.version,
        "stageName": run.stage,
        "actionName": run.action,
        "startTime": run.started,
        "lastUpdateTime": run.updated,
        "status": run.status,
        "input": inputs,
        "output": {"outputArtifacts": run.outputs, "executionResult": result},
    }


def _add(answer: Answer, **values: Any) -> None:
    """Set the values that are there."""
    answer.update({key: value for key, value in values.items() if value})
