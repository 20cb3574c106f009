"""The resource type ``AWS::CodePipeline::Pipeline``."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any

from tsalab.sandbox.control.json_service import ApiError
from tsalab.sandbox.control.pipeline.model import Pipeline
from tsalab.sandbox.control.pipeline.service import CodePipeline

TYPE = "AWS::CodePipeline::Pipeline"
_OURS = frozenset({"RestartExecutionOnUpdate", "Tags"})
_REFUSED = frozenset({"DisableInboundStageTransitions"})
_Made = tuple[str, dict[str, str]]


def install(service: CodePipeline) -> None:
    """Let stacks hold pipelines."""
    from ministack.services.cloudformation import provisioners

    def create(logical_id: str, props: Mapping[str, Any], stack_name: str) -> _Made:
        name = props.get("Name") or f"{stack_name}-{logical_id}-{uuid.uuid4().hex[:12].upper()}"
        try:
            return _made(service.create(declaration({**props, "Name": name}), _tags(props), "CloudFormation"))
        except ApiError as error:
            raise ValueError(f"{error.message} (Service: CodePipeline, Error Code: {error.code})") from error

    def update(
        physical_id: str, old_props: Mapping[str, Any], new_props: Mapping[str, Any], stack_name: str
    ) -> _Made:
        del old_props
        if new_props.get("Name", physical_id) != physical_id:
            return create(physical_id, new_props, stack_name)  # a replacement; the old one is deleted later
        try:
            pipeline = service.update(declaration({**new_props, "Name": physical_id}))
        except ApiError as error:
            raise ValueError(f"{error.message} (Service: CodePipeline, Error Code: {error.code})") from error
        pipeline.tags = _tags(new_props)
        if _text(new_props.get("RestartExecutionOnUpdate", False)) == "true":
            service.engine.start(pipeline, "StartPipelineExecution", "CloudFormation")
        return _made(pipeline)

    def delete(physical_id: str, props: Mapping[str, Any]) -> None:
        del props
        found = service.engine.pipelines.get(physical_id)
        if found is not None:
            service.engine.forget(found)

    provisioners._RESOURCE_HANDLERS[TYPE] = {"create": create, "update": update, "delete": delete}
    provisioners._STACK_TAG_PROPERTY[TYPE] = ("Tags", "list")


def declaration(props: Mapping[str, Any]) -> dict[str, Any]:
    """A template's properties as CodePipeline's API spells them.

    Raises
    ------
    ApiError
        When a required one is missing, or the sandbox does not do it.
    """
    refused = sorted(key for key in _REFUSED if props.get(key))
    if refused:
        raise ApiError("InvalidStructureException", f"The sandbox does not do {TYPE} with {refused[0]}")
    made = _camel({key: value for key, value in props.items() if key not in _OURS | _REFUSED})
    missing = [key for key in ("RoleArn", "Stages") if not props.get(key)]
    if missing:
        raise ApiError("ValidationException", f"Properties validation failed: {missing[0]} is required")
    _check(made)
    result: dict[str, Any] = made
    return result


def _check(made: Mapping[str, Any]) -> None:
    """The template's spelling against the API's own model, which knows every property."""
    from botocore.validate import ParamValidator
    from ministack.core import responses

    shape = responses._service_model("codepipeline").shape_for("PipelineDeclaration")
    report = ParamValidator().validate(made, shape)
    unknown = sorted(set(made) - set(shape.members))
    if report.has_errors() or unknown:
        text = report.generate_report() or f"{unknown[0]} is not permitted"
        raise ApiError("ValidationException", f"Properties validation failed: {text}")


def _camel(value: Any, *, inside: str = "") -> Any:
    """Keys with a small first letter; a configuration's keys stay, its values become text."""
    if isinstance(value, dict):
        if inside == "configuration":
            return {key: _text(one) for key, one in value.items()}
        renamed = ((key[:1].lower() + key[1:], one) for key, one in value.items())
        return {key: _typed(key, _camel(one, inside=key)) for key, one in renamed}
    if isinstance(value, list):
        return [_camel(one) for one in value]
    return value


def _typed(key: str, value: Any) -> Any:
    """What a template may write either way: a number as text, a version as a number."""
    if key in {"runOrder", "timeoutInMinutes"} and not isinstance(value, bool):
        return int(value)
    return str(value) if key == "version" else value


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else json.dumps(value)


def _tags(props: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: str(tag["Value"]) for tag in props.get("Tags") or []}


def _made(pipeline: Pipeline) -> _Made:
    return pipeline.name, {"Version": str(pipeline.version)}
