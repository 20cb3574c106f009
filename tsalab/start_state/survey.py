"""What of the starting state an account has already; reads and changes nothing."""

from __future__ import annotations

from dataclasses import dataclass

from tsalab.cloud.account import Account
from tsalab.cloud.inventory import Names, has_key_pair, repositories_there
from tsalab.cloud.stacks import Stack
from tsalab.messages import say
from tsalab.start_state.history import HISTORIES


@dataclass(frozen=True)
class Piece:
    """One thing that the starting state consists of.

    Attributes
    ----------
    kind
        In words.
    name
        What it is called in the account.
    there
        Whether the account has it.
    """

    kind: str
    name: str
    there: bool


def survey(account: Account, names: Names | None = None) -> list[Piece]:
    """Look at everything that `create` would create by name, in its order.

    Parameters
    ----------
    account
        Where.
    names
        What the things are to be called.

    Raises
    ------
    CloudError
        When AWS refuses to answer.
    """
    repositories = [history.repository for history in HISTORIES]
    names = names or Names()
    there = repositories_there(account, names)
    kinds = {name: say(f"start_state.part.{name}") for name in ("repository", "key_pair", "stack")}
    return [
        *(Piece(kinds["repository"], name, name in there) for name in repositories),
        Piece(kinds["key_pair"], names.key_pair, has_key_pair(account, names)),
        *(
            Piece(kinds["stack"], name, Stack(account, name).state() is not None)
            for name in (names.bootstrap, names.gallery)
        ),
    ]
