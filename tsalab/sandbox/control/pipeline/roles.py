"""Whether a role lets a service of AWS assume it.

MiniStack's own evaluation of trust policies knows users and roles; it never matches a
service by name.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any


def trusts(document: str | dict[str, Any], service: str) -> bool:
    """Whether a trust policy allows a service, such as ``codepipeline.amazonaws.com``.

    Parameters
    ----------
    document
        The policy. Its conditions do not count: the sandbox's services always ask for this
        account.
    service
        The service's principal.
    """
    policy = json.loads(document) if isinstance(document, str) else document
    allowed = False
    for statement in _many(policy.get("Statement", [])):
        if not any(
            word.lower() in {"sts:assumerole", "sts:*", "*"} for word in _many(statement.get("Action", []))
        ):
            continue
        if not _names(statement.get("Principal", {}), service):
            continue
        if statement.get("Effect") == "Deny":
            return False
        allowed = True
    return allowed


def _names(principal: Any, service: str) -> bool:
    if isinstance(principal, dict):
        return service in _many(principal.get("Service", []))
    return bool(principal == "*")


def _many(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list) else [value]
