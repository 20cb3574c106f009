"""Every call of the API, in the manner of CloudTrail: who, what, on what, from which program, with what end.

The ledger gets no body and no value of a parameter; `trail` makes CloudTrail's events of the
same calls. What the sandbox itself asks for a
service's sake (a pipeline that deploys) is told by the service.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Call:
    """One call that was answered, as it came over the wire.

    Attributes
    ----------
    id
        Of the request.
    service, action
        MiniStack's name of the service, and the permission that the call takes.
    on
        ARN of what it is about, as far as that can be told.
    key
        The caller's access key id.
    headers, body, params
        As they were sent; ``params`` of the query protocol, its body included.
    status, sent, answer
        Status, headers and body that came back.
    method, path
        Of HTTP.
    """

    id: str
    service: str
    action: str
    on: str
    key: str
    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    params: Mapping[str, Any]
    status: int
    sent: Mapping[str, str]
    answer: bytes


observers: list[Callable[[Call], None]] = []
"""Are shown every call, those that the sandbox itself makes too; one sandbox a process."""
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
        if not path.startswith("/_"):
            call = _call(context, key, (method, path, headers, body, query_params), answer, request_id)
            if key != context.root_key[0]:
                _tell(context, call)
            for observer in observers:
                observer(call)
        return answer

    app._dispatch_service_request = dispatch


def _tell(context: Context, call: Call) -> None:
    news.tell(
        "call",
        id=call.id,
        action=_short(call.action),
        who=_who(context, call.key),
        agent=_short(call.headers.get("user-agent", "")),
        on=_short(call.on),
        **_end(call.status, call.answer),
    )


def _call(
    context: Context,
    key: str,
    request: tuple[str, str, dict[str, str], bytes, dict[str, Any]],
    answer: tuple[int, dict[str, str], Any],
    request_id: str,
) -> Call:
    from ministack import app
    from ministack.core import iam_actions

    method, path, headers, body, query_params = request
    params = app._routing_params(method, path, headers, body, query_params)
    service = app.detect_service(method, path, headers, params)
    known = (service, method, path, headers, body, params)
    action = iam_actions.extract_iam_action(*known) or f"{service}:{method}"
    on = iam_actions.extract_resource_arn(*known, context.region, context.account_id)
    status, sent, content = answer
    told = content if isinstance(content, bytes) else b""
    return Call(request_id, service, action, on, key, method, path, headers, body, params, status, sent, told)


def _who(context: Context, key: str) -> str:
    """ARN of a caller; empty for one that nobody knows."""
    from ministack.core import iam_evaluator

    found = iam_evaluator.resolve_credential(key, context.account_id) if key else None
    return str(getattr(found, "principal_arn", ""))


def _end(status: int, body: bytes) -> dict[str, Any]:
    if status < 400:
        return {"status": status}
    found = _CODE.search(body[:4096])
    code = (found[1] or found[2]).decode() if found else ""
    return {"status": status, "refused": code}


def _short(text: str) -> str:
    """A text that a record can hold: printable, and not without end."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text[:_LONGEST])
