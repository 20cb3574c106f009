"""What of the starting state an account has already; reads and changes nothing."""

from __future__ import annotations

from dataclasses import dataclass

from tsalab.cloud.account import Account
from tsalab.cloud.inventory import Names, has_key_pair, repositories_there
from tsalab.cloud.stacks import Stack
from tsalab.messages import say
from tsalab.start_state.history import HISTORIES
from tsalab.start_state.run import BOOTSTRAP, CHILD, KEY_NAME


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


def survey(account: Account) -> list[Piece]:
    """Look at everything that `create` would create by name, in its order.

    Raises
    ------
    CloudError
        When AWS refuses to answer.
    """
    repositories = [history.repository for history in HISTORIES]
    names = Names(stacks=(CHILD, BOOTSTRAP), repositories=repositories, key_pair=KEY_NAME)
    there = repositories_there(account, names)
    kinds = {name: say(f"start_state.part.{name}") for name in ("repository", "key_pair", "stack")}
    return [
        *(Piece(kinds["repository"], name, name in there) for name in repositories),
        Piece(kinds["key_pair"], KEY_NAME, has_key_pair(account, names)),
        *(
            Piece(kinds["stack"], name, Stack(account, name).state() is not None)
            for name in (BOOTSTRAP, CHILD)
        ),
    ]
