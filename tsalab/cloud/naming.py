"""What labs 1 to 3 called their things in this account: the bootstrap stack's parameters say it."""

from __future__ import annotations

from dataclasses import replace

from tsalab.cloud.account import Account
from tsalab.cloud.inventory import Names
from tsalab.cloud.pipeline import spellings_of
from tsalab.cloud.stacks import Stack


def names_in(account: Account, asked: Names) -> Names:
    """Names of the lab's things.

    Parameters
    ----------
    account
        Where to look.
    asked
        With the name of the bootstrap stack. The other names count where it does not say
        them, and where it is gone, as late in the clean-up.

    Raises
    ------
    CloudError
        When AWS refuses to answer.
    """
    for bootstrap in spellings_of(asked.bootstrap):
        state = Stack(account, bootstrap).state()
        if state is not None:
            given = state.parameters
            return replace(
                asked,
                stacks=(given.get("ChildStackName") or asked.gallery, bootstrap),
                key_pair=given.get("KeyName") or asked.key_pair,
                bucket=given.get("DataBucketName") or asked.bucket,
            )
    return asked
