"""Every call of the API, in the manner of CloudTrail: who, what, on what, from which program, with what end.

No body and no value of a parameter is written down. What the sandbox itself asks for a
service's sake (a pipeline that deploys) is told by the service.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tsalab.sandbox import news

if TYPE_CHECKING:
    from tsalab.sandbox.control.context import Context

TOUCHES = (
    "app._dispatch_service_request",
    "app._routing_params",
    "core.iam_actions.extract_iam_action",
    "core.iam_actions.extract_resource_arn",
    "core.iam_evaluator.resolve_credential",
    "core.router.detect_service",
    "core.router.extract_access_key_id",
)
_LONGEST = 400  # characters of a program's name or a resource's
_CODE = re.compile(rb'<Code>([\w.]{1,80})</Code>|"__type"\s*:\s*"(?:[^"]*#)?([\w.]{1,80})"')


def install(context: Context) -> None:
    """Write down every call from now on; after every plug-in that answers one itself."""
    from ministack import app

    inner = app._dispatch_service_request

    @functools.wraps(inner)
    async def dispatch(
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        query_params: dict[str, Any],
        request_id: str,
    ) -> Any:
        answer = await inner(method, path, headers, body, query_params, request_id)
        key = app.extract_access_key_id(headers, query_params)
        if key != context.root_key[0] and not path.startswith("/_"):
            facts = _facts(context, key, method, path, headers, body, query_params)
            news.tell("call", id=request_id, **facts, **_end(*answer))
        return answer

    app._dispatch_service_request = dispatch


def _facts(
    context: Context,
    key: str,
    method: str,
    path: str,
    headers: Mapping[str, str],
    body: bytes,
    query_params: dict[str, Any],
) -> dict[str, str]:
    from ministack import app
    from ministack.core import iam_actions

    params = app._routing_params(method, path, headers, body, query_params)
    service = app.detect_service(method, path, headers, params)
    request = (service, method, path, headers, body, params)
    action = iam_actions.extract_iam_action(*request) or f"{service}:{method}"
    resource = iam_actions.extract_resource_arn(*request, context.region, context.account_id)
    return {
        "action": _short(action),
        "who": _who(context, key),
        "agent": _short(headers.get("user-agent", "")),
        "on": _short(resource),
    }


def _who(context: Context, key: str) -> str:
    """ARN of a caller; empty for one that nobody knows."""
    from ministack.core import iam_evaluator

    found = iam_evaluator.resolve_credential(key, context.account_id) if key else None
    return str(getattr(found, "principal_arn", ""))


def _end(status: int, _headers: object, body: object) -> dict[str, Any]:
    if status < 400:
        return {"status": status}
    found = _CODE.search(body[:4096]) if isinstance(body, bytes) else None
    code = (found[1] or found[2]).decode() if found else ""
    return {"status": status, "refused": code}


def _short(text: str) -> str:
    """A text that a record can hold: printable, and not without end."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text[:_LONGEST])
