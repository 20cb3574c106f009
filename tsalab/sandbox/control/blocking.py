"""Run what takes long (servers, databases) on threads, so that every other request goes on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol
from urllib.parse import parse_qs

TOUCHES = (
    "app.SERVICE_HANDLERS",
    "core.concurrency.run_reentrant",
    "services.cloudformation.provisioners._RESOURCE_HANDLERS",
    "services.cloudformation.stacks._runs_on_worker_thread",
)

Response = tuple[int, dict[str, str], bytes]
Action = Callable[[dict[str, Any]], Response]
Refuse = Callable[[str], Response | None]


Made = tuple[str, dict[str, str]]
"""A resource's physical id and attributes."""


class Resource(Protocol):
    """What CloudFormation calls for the resources of one type."""

    def create(self, logical_id: str, props: dict[str, Any], stack_name: str) -> Made:
        """Make one."""

    def update(
        self,
        physical_id: str,
        old: dict[str, Any],
        new: dict[str, Any],
        stack_name: str,
        logical_id: str | None = None,
    ) -> Made:
        """Change it; another physical id means that it was replaced."""

    def delete(self, physical_id: str, _props: dict[str, Any]) -> None:
        """Remove it."""


def resource_type(name: str, resource: Resource, **more: Callable[..., Any]) -> None:
    """Let stacks hold a resource type, handled on worker threads.

    Parameters
    ----------
    name
        The type, such as ``AWS::EC2::Instance``.
    resource
        What handles it.
    more
        Other handlers that MiniStack knows, such as ``snapshot``.
    """
    from ministack.services.cloudformation import provisioners, stacks

    provisioners._RESOURCE_HANDLERS[name] = {
        "create": resource.create,
        "update": resource.update,
        "update_with_logical_id": True,
        "delete": resource.delete,
        **more,
    }
    original = stacks._runs_on_worker_thread
    stacks._runs_on_worker_thread = lambda asked: asked == name or original(asked)


def differing(old: Mapping[str, Any], new: Mapping[str, Any]) -> set[str]:
    """Names of the properties in which two versions of a resource differ."""
    return {name for name in {*old, *new} if old.get(name) != new.get(name)}


def query_actions(
    service: str,
    actions: Mapping[str, Action],
    *,
    prepare: Callable[[], None] | None = None,
    refuse: Refuse | None = None,
) -> None:
    """Answer some actions of a Query-protocol service on worker threads, others as before.

    Parameters
    ----------
    service
        MiniStack's name of it.
    actions
        Functions of the request's parameters, by action.
    prepare
        Called before each of them, on the event loop.
    refuse
        Called with an action's name before anything else; a response refuses the action.
    """
    from ministack import app
    from ministack.core.concurrency import run_reentrant

    original = app.SERVICE_HANDLERS[service]

    async def handle(method: str, path: str, headers: Any, body: Any, query: dict[str, Any]) -> Any:
        params = dict(query)
        if method == "POST" and body:
            text = body if isinstance(body, str) else body.decode("utf-8", errors="replace")
            params |= parse_qs(text)
        name = (params.get("Action") or [""])[0]
        if refuse is not None and (refused := refuse(name)) is not None:
            return refused
        action = actions.get(name)
        if action is None:
            return await original(method, path, headers, body, query)
        if prepare is not None:
            prepare()
        return await run_reentrant(action, params)

    app.SERVICE_HANDLERS[service] = handle
