"""The ledger of a running sandbox: its chain, and the key that signs it, which lies in no file."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tsalab.ledger import Chain, Commission, Looked, Warrant, keys, sealed
from tsalab.records import canonical
from tsalab.sandbox import news
from tsalab.sandbox.folder import Folder, read_json, write_json

_PURPOSE = "closed"

logger = logging.getLogger("tsalab.sandbox.ledger")


class Ledger:
    """The ledger, from the supervisor's start to its end.

    What an earlier supervisor wrote is gone on with only where that one signed its end, by
    the same issuer: anybody who may write the sandbox's folder could have changed it since.
    Else it is set aside, and the ledger begins anew.

    Parameters
    ----------
    folder
        The sandbox.
    commission
        Whom the ledger is for, and the key that signs it.
    account, region
        Of the sandbox.
    """

    def __init__(self, folder: Folder, commission: Commission, account: str, region: str) -> None:
        self._folder, self._commission = folder, commission
        self._account, self._region = account, region
        self._closed = folder.path("ledger", "closed.json")
        path = folder.path("ledger", "ledger.jsonl")
        aside = "" if _goes_on(path, self._closed, commission.warrant) else _set_aside(path)
        self._closed.unlink(missing_ok=True)  # a later start must not believe it again
        self._chain = Chain(path)
        self.add("began", {"sandbox": folder.name, "learner": commission.warrant.learner, "aside": aside})
        news.listen(self.add)

    def add(self, what: str, facts: Mapping[str, Any]) -> None:
        """Write an entry. What the disk does not take is missing, and so the chain never seals."""
        try:
            self._chain.add(what, facts)
        except OSError:
            logger.exception("the ledger cannot be written")

    def seal(self, steps: list[Looked], run: str) -> bytes:
        """The ledger as it is now, signed.

        Parameters
        ----------
        steps
            What the checks saw just now.
        run
            Nonce of the run that the learner's folder belongs to.

        Raises
        ------
        LedgerError
            When its file is not what was written to it.
        """
        lines, head = self._chain.lines()
        where = {"account": self._account, "region": self._region}
        return sealed(lines, head, self._commission, **where, run=run, steps=steps)

    def close(self) -> None:
        """End it, with a signature for the next start."""
        news.forget(self.add)
        self.add("ended", {})
        self._chain.close()
        said = {"head": self._chain.head, "warrant": self._commission.warrant.to_json()}
        signature = self._commission.sign(_PURPOSE, canonical(said))
        write_json(self._closed, {"said": said, "signature": signature})


def _goes_on(path: Path, closed: Path, ours: Warrant) -> bool:
    """Whether a chain ends where somebody signed its end whom our issuer vouches for."""
    if not path.exists():
        return True
    try:
        known = read_json(closed)
        said, warrant = known["said"], Warrant.from_json(known["said"]["warrant"])
        chain = Chain(path)
    except (ValueError, KeyError, TypeError):
        return False
    chain.close()
    same = (warrant.sandbox, warrant.learner) == (ours.sandbox, ours.learner)
    vouched = warrant.issuer == ours.issuer or (warrant.own and ours.own)
    signed = keys.verifies(warrant.key, str(known["signature"]), _PURPOSE, canonical(said))
    return same and vouched and warrant.holds and signed and said["head"] == chain.head


def _set_aside(path: Path) -> str:
    number = 1
    while (aside := path.with_name(f"{path.stem}.before-{number}{path.suffix}")).exists():
        number += 1
    path.rename(aside)
    return aside.name
