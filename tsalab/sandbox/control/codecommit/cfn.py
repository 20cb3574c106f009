"""The resource type ``AWS::CodeCommit::Repository``."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from tsalab.sandbox.control.codecommit.service import CodeCommit
from tsalab.sandbox.control.json_service import ApiError

TYPE = "AWS::CodeCommit::Repository"
_DONE = frozenset({"RepositoryName", "RepositoryDescription", "Tags"})
_Made = tuple[str, dict[str, str]]


def install(service: CodeCommit) -> None:
    """Let stacks hold repositories."""
    from ministack.services.cloudformation import provisioners

    repositories = service.repositories

    def named(physical_id: str) -> str:
        name = next((n for n in repositories.names() if repositories.facts(n)["id"] == physical_id), None)
        if name is None:
            raise ValueError(f"The repository {physical_id} does not exist")
        return name

    def attributes(name: str) -> _Made:
        facts = service.metadata(name)
        shown = {
            "Arn": "Arn",
            "Name": "repositoryName",
            "CloneUrlHttp": "cloneUrlHttp",
            "CloneUrlSsh": "cloneUrlSsh",
        }
        return facts["repositoryId"], {out: facts[key] for out, key in shown.items()}

    def create(logical_id: str, props: Mapping[str, Any], stack_name: str) -> _Made:
        _check(props)
        name = props.get("RepositoryName") or f"{stack_name}-{logical_id}-{uuid.uuid4().hex[:12].upper()}"
        try:
            repositories.create(name, props.get("RepositoryDescription", ""), _tags(props))
        except ApiError as error:
            raise ValueError(error.message) from error
        return attributes(name)

    def update(
        physical_id: str, old_props: Mapping[str, Any], new_props: Mapping[str, Any], stack_name: str
    ) -> _Made:
        del old_props, stack_name
        _check(new_props)
        name = named(physical_id)
        wanted = new_props.get("RepositoryName", name)
        if wanted != name:
            repositories.rename(name, wanted)
        repositories.update(
            wanted, description=new_props.get("RepositoryDescription", ""), tags=_tags(new_props)
        )
        return attributes(wanted)

    def delete(physical_id: str, props: Mapping[str, Any]) -> None:
        del props
        gone = [n for n in repositories.names() if repositories.facts(n)["id"] == physical_id]
        for name in gone:
            repositories.delete(name)

    provisioners._RESOURCE_HANDLERS[TYPE] = {"create": create, "update": update, "delete": delete}


def _check(props: Mapping[str, Any]) -> None:
    unknown = sorted(set(props) - _DONE)
    if unknown:
        raise ValueError(f"The sandbox does not do {TYPE} with {', '.join(unknown)}; AWS itself does.")


def _tags(props: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in props.get("Tags", [])}
