"""What happens in a sandbox, told to whoever listens; the ledger does. One sandbox a process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Listener = Callable[[str, Mapping[str, Any]], None]
"""Called with a kind and the facts, on any thread; it raises nothing."""

_listeners: list[Listener] = []


def listen(listener: Listener) -> None:
    """Be told from now on."""
    _listeners.append(listener)


def forget(listener: Listener) -> None:
    """Be told no more."""
    _listeners.remove(listener)


def tell(kind: str, /, **facts: object) -> None:
    """Tell that something happened.

    Parameters
    ----------
    kind
        Of what happened.
    facts
        Names, counts and digests, as JSON has them; never a secret.
    """
    for listener in list(_listeners):
        listener(kind, facts)
