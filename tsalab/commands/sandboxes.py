"""A sandbox that lives as long as a command does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tsalab.commands.progress import Progress
from tsalab.messages import say


@contextmanager
def own_sandbox(name: str, *, keep: bool = False, progress: Progress) -> Iterator[None]:
    """Bring up a sandbox that ends with the block, whatever ends it.

    Parameters
    ----------
    name
        Of the sandbox, which is not there yet.
    keep
        Leave it running.
    progress
        Is told what happens.
    """
    from tsalab.sandbox import manager

    progress.say(say("commands.run.sandbox", name=name))
    manager.up(name, on_event=progress.say)
    try:
        yield
    finally:
        if not keep:
            manager.down(name, delete=True, on_event=progress.say)
