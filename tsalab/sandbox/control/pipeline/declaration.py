"""A pipeline's declaration: what AWS refuses is refused in its words, what only AWS does by name."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tsalab.sandbox.control.json_service import ApiError

_NAME = re.compile(r"[A-Za-z0-9.@\-_]{1,100}")
_MODES = ("CREATE_UPDATE", "REPLACE_ON_FAILURE", "DELETE_ONLY")


@dataclass(frozen=True)
class Kind:
    """One action type: its place, its settings, how many artifacts go in and out."""

    category: str
    provider: str
    required: frozenset[str]
    optional: frozenset[str]
    inputs: tuple[int, int]
    outputs: tuple[int, int]


KINDS = {
    (kind.category, kind.provider): kind
    for kind in (
        Kind(
            "Source",
            "S3",
            frozenset({"S3Bucket", "S3ObjectKey"}),
            frozenset({"PollForSourceChanges"}),
            (0, 0),
            (1, 1),
        ),
        Kind(
            "Source",
            "CodeCommit",
            frozenset({"RepositoryName", "BranchName"}),
            frozenset({"PollForSourceChanges", "OutputArtifactFormat"}),
            (0, 0),
            (1, 1),
        ),
        Kind(
            "Deploy",
            "CloudFormation",
            frozenset({"ActionMode", "StackName"}),
            frozenset({"TemplatePath", "ParameterOverrides", "Capabilities", "RoleArn"}),
            (0, 10),
            (0, 0),
        ),
        Kind(
            "Deploy",
            "S3",
            frozenset({"BucketName", "Extract"}),
            frozenset({"ObjectKey", "CannedACL", "CacheControl"}),
            (1, 1),
            (0, 0),
        ),
    )
}


def check(declaration: Mapping[str, Any], trusts: Callable[[str], bool]) -> dict[str, Any]:
    """The declaration with AWS's defaults, if the sandbox can really run it.

    Parameters
    ----------
    declaration
        As CreatePipeline and UpdatePipeline take it.
    trusts
        Whether a role exists and lets CodePipeline assume it.

    Raises
    ------
    ApiError
        When AWS would refuse it, or the sandbox does not do what it asks for.
    """
    made: dict[str, Any] = copy.deepcopy(dict(declaration))
    if not _NAME.fullmatch(made["name"]):
        raise ApiError("ValidationException", f"The pipeline name {made['name']!r} is not valid")
    _refuse_what_only_aws_does(made)
    if not trusts(made["roleArn"]):
        raise _structure(f"CodePipeline is not authorized to perform AssumeRole on role {made['roleArn']}")
    store = made.get("artifactStore") or {}
    if store.get("type") != "S3":
        raise _structure("The pipeline needs an artifactStore of type S3")
    made.setdefault("pipelineType", "V1")
    made.setdefault("executionMode", "SUPERSEDED")
    _stages(made["stages"])
    return made


def _refuse_what_only_aws_does(made: Mapping[str, Any]) -> None:
    others = [key for key in ("artifactStores", "triggers", "variables") if made.get(key)]
    if made.get("executionMode", "SUPERSEDED") != "SUPERSEDED":
        others.append(f"executionMode {made['executionMode']}")
    if (made.get("artifactStore") or {}).get("encryptionKey"):
        others.append("artifactStore.encryptionKey")
    for stage in made["stages"]:
        for key in ("blockers", "onFailure", "onSuccess", "beforeEntry"):
            if stage.get(key):
                others.append(f"{key} of stage {stage['name']}")
    if others:
        raise _structure(f"The sandbox does not do pipelines with {', '.join(others)}; AWS itself does")


def _stages(stages: list[dict[str, Any]]) -> None:
    if len(stages) < 2:
        raise _structure("Pipeline has only 1 stage(s). There should be a minimum of 2 stages in a pipeline")
    names = [stage["name"] for stage in stages]
    if len(set(names)) != len(names):
        raise _structure("Pipeline has stages of the same name")
    known: set[str] = set()
    for number, stage in enumerate(stages):
        actions = stage["actions"]
        if not actions:
            raise _structure(f"Stage {stage['name']} has no actions")
        if len({action["name"] for action in actions}) != len(actions):
            raise _structure(f"Stage {stage['name']} has actions of the same name")
        for action in sorted(actions, key=lambda one: one.get("runOrder", 1)):
            _action(action, known, first=number == 0)


def _action(action: dict[str, Any], known: set[str], *, first: bool) -> None:
    name, kind = action["name"], _kind(action)
    if (kind.category == "Source") != first:
        where = "first stage" if first else "stages after the first"
        raise _structure(f"Action {name} of category {kind.category} cannot be in the {where}")
    for key in ("namespace", "region", "commands", "outputVariables"):
        if action.get(key):
            raise _declared(f"The sandbox does not do {key} of action '{name}'; AWS itself does")
    action.setdefault("runOrder", 1)
    _configuration(action, kind)
    for key, (least, most) in (("inputArtifacts", kind.inputs), ("outputArtifacts", kind.outputs)):
        action.setdefault(key, [])
        if not least <= len(action[key]) <= most:
            raise _declared(f"Action '{name}' has {len(action[key])} {key}; there must be {least} to {most}")
    for artifact in action["inputArtifacts"]:
        if artifact["name"] not in known:
            raise _structure(
                f"Input Artifact Bundle {artifact['name']} in action {name} is not declared as Output "
                "Artifact Bundle in any of the preceding actions"
            )
    for artifact in action["outputArtifacts"]:
        if artifact["name"] in known:
            raise _structure(f"Output Artifact Bundle name must be unique: {artifact['name']}")
        known.add(artifact["name"])


def _kind(action: Mapping[str, Any]) -> Kind:
    what = action["actionTypeId"]
    kind = KINDS.get((what["category"], what["provider"]))
    if kind is None or what["owner"] != "AWS" or what["version"] != "1":
        raise _declared(
            f"ActionType (Category: '{what['category']}', Provider: '{what['provider']}', "
            f"Owner: '{what['owner']}', Version: '{what['version']}') in action '{action['name']}' "
            "is not available: the sandbox does "
            + ", ".join(f"{k.category} {k.provider}" for k in KINDS.values())
        )
    return kind


def _configuration(action: dict[str, Any], kind: Kind) -> None:
    name = action["name"]
    settings: dict[str, str] = action.setdefault("configuration", {})
    missing = sorted(kind.required - set(settings))
    if missing:
        raise _declared(
            f"Action configuration for action '{name}' is missing required configuration '{missing[0]}'"
        )
    unknown = sorted(set(settings) - kind.required - kind.optional)
    if unknown:
        raise _declared(
            f"Action configuration for action '{name}' contains unknown configuration keys, or such "
            f"as the sandbox does not do: {', '.join(unknown)}"
        )
    variables = [key for key, value in settings.items() if "#{" in value]
    if variables:
        raise _declared(f"The sandbox does not do variables, as in {variables[0]} of action '{name}'")
    if settings.get("OutputArtifactFormat", "CODE_ZIP") != "CODE_ZIP":
        raise _declared(f"The sandbox gives action '{name}' a zip only: OutputArtifactFormat CODE_ZIP")
    if kind.provider == "CloudFormation":
        _stack_settings(action, settings)


def _stack_settings(action: Mapping[str, Any], settings: Mapping[str, str]) -> None:
    name, mode = action["name"], settings["ActionMode"]
    if mode not in _MODES:
        raise _declared(f"The sandbox does not do ActionMode {mode} of action '{name}': {', '.join(_MODES)}")
    if mode == "DELETE_ONLY":
        return
    if "TemplatePath" not in settings:
        raise _declared(
            f"Action configuration for action '{name}' is missing required configuration 'TemplatePath'"
        )
    artifact, separator, path = settings["TemplatePath"].partition("::")
    if not (separator and artifact and path):
        raise _declared(f"TemplatePath of action '{name}' must be of the form Artifact::file")
    if artifact not in {one["name"] for one in action.get("inputArtifacts", [])}:
        raise _declared(
            f"TemplatePath of action '{name}' names {artifact}, which is not one of its input artifacts"
        )
    parameters(settings.get("ParameterOverrides", ""), name)


def parameters(text: str, action: str) -> dict[str, str]:
    """The stack's parameters out of ``ParameterOverrides``.

    Raises
    ------
    ApiError
        When it is not a JSON object of plain values.
    """
    try:
        values = json.loads(text or "{}")
    except ValueError as error:
        raise _declared(f"ParameterOverrides of action '{action}' is not JSON: {error}") from None
    if not isinstance(values, dict):
        raise _declared(f"ParameterOverrides of action '{action}' is not a JSON object")
    nested = [key for key, value in values.items() if isinstance(value, dict)]
    if nested:
        raise _declared(
            f"The sandbox does not do functions in ParameterOverrides of action '{action}': {nested[0]}"
        )
    return {key: _plain(value) for key, value in values.items()}


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ",".join(_plain(one) for one in value)
    return str(value)


def polls(action: Mapping[str, Any]) -> bool:
    """Whether a source starts the pipeline by itself (the default)."""
    text: str = action["configuration"].get("PollForSourceChanges", "true")
    return text.lower() != "false"


def _structure(message: str) -> ApiError:
    return ApiError("InvalidStructureException", message)


def _declared(message: str) -> ApiError:
    return ApiError("InvalidActionDeclarationException", message)
