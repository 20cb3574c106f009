"""Every call that a lab makes, in order: what was read before something was destroyed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

DESTROYS = ("Delete", "Terminate", "Remove", "Revoke", "Disable")
SERVICES = ("cloud9", "cloudformation", "codecommit", "ec2", "rds", "s3", "secretsmanager")


class Reads:
    """Listens to an account's clients.

    Parameters
    ----------
    account
        The lab's; its clients are made here if they are not there yet.
    """

    def __init__(self, account: Any) -> None:
        self._seen = ""  # all answers so far, as text
        self.destroyed: list[tuple[str, dict[str, Any], bool]] = []
        for service in SERVICES:
            events = account.client(service).meta.events
            events.register(f"provide-client-params.{service}", self._asked)
            events.register(f"after-call.{service}", self._answered)

    def _asked(self, params: dict[str, Any], model: Any, **_: Any) -> None:
        if model.name.startswith(DESTROYS):
            known = all(value in self._seen for value in _targets(params))
            self.destroyed.append((model.name, dict(params), known))

    def _answered(self, parsed: dict[str, Any], model: Any, **_: Any) -> None:
        if not model.name.startswith(DESTROYS):
            self._seen += json.dumps(parsed, default=str)


def _targets(params: Any) -> Iterator[str]:
    """Names and ids in a request."""
    if isinstance(params, dict):
        for value in params.values():
            yield from _targets(value)
    elif isinstance(params, list):
        for value in params:
            yield from _targets(value)
    elif isinstance(params, str):
        yield params
