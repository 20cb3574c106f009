"""An instructor's key on the command line, and what is made of it for a sandbox."""

from __future__ import annotations

import json
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from tsalab.errors import LedgerError

if TYPE_CHECKING:
    from tsalab.ledger import Commission

KEY = click.Path(path_type=Path, dir_okay=False)
"""Of an option that takes a private key's file; a pipe will do."""


def made(ledger_key: Path | None, learner: str, sandbox: str) -> Commission | None:
    """A commission for a sandbox that is to start; None where nothing was given to make one of.

    Parameters
    ----------
    ledger_key
        The instructor's key; without one the sandbox vouches for itself.
    learner, sandbox
        Whose ledger, and of what.

    Raises
    ------
    LedgerError
        When there is no such key in the file, or a key and no learner.
    """
    if not ledger_key and not learner:
        return None
    from tsalab.ledger import Commission, keys

    if ledger_key and not learner:
        raise LedgerError.nobodys()
    return Commission.issue(keys.read_private(ledger_key) if ledger_key else None, learner, sandbox)


def read(file: IO[str]) -> Commission:
    """A commission that another process made.

    Raises
    ------
    LedgerError
        When it is none.
    """
    from tsalab.ledger import Commission

    try:
        return Commission.from_json(json.loads(file.readline()))
    except ValueError as error:
        raise LedgerError.no_commission() from error
