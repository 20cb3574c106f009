"""A sandbox that lives as long as a command does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tsalab.commands.progress import Progress
from tsalab.errors import TsalabError
from tsalab.messages import say

if TYPE_CHECKING:
    from tsalab.ledger import Commission


@contextmanager
def own_sandbox(
    name: str, *, keep: bool = False, commission: Commission | None = None, progress: Progress
) -> Iterator[None]:
    """Bring up a sandbox that ends with the block, whatever ends it.

    Parameters
    ----------
    name
        Of the sandbox, which is not there yet.
    keep
        Leave it running.
    commission
        Whom its ledger is for, and the key that signs it.
    progress
        Is told what happens.
    """
    from tsalab.sandbox import manager

    progress.say(say("commands.run.sandbox", name=name))
    manager.up(name, commission=commission, on_event=progress.say)
    try:
        yield
    finally:
        if not keep:
            manager.down(name, delete=True, on_event=progress.say)


def sealed(name: str, workdir: Path, out: Path) -> str:
    """Have a sandbox's ledger sealed; what it says is not worth a run that has ended well.

    Parameters
    ----------
    name
        The sandbox, which runs.
    workdir, out
        The learner's folder, and the file.

    Returns
    -------
    str
        What to tell: where the ledger is, or why there is none.
    """
    from tsalab.sandbox.ledger import desk

    try:
        desk.seal(name, workdir=workdir, out=out)
    except TsalabError as error:
        return say("commands.ledger.none", what=error.what, why=error.why)
    return say("commands.ledger.written", file=out)
