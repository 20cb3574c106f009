"""A sandbox's ledger, and the keys that sign it."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from tsalab.errors.base import TsalabError
from tsalab.messages import error


class LedgerError(TsalabError):
    """A ledger, or a key for one, cannot be used."""

    @classmethod
    def key_unreadable(cls, path: Path, cause: str) -> Self:
        """A private key that cannot be read, or is none."""
        return cls(**error("ledger.key_unreadable", path=path, cause=_sentence(cause)))

    @classmethod
    def key_open(cls, path: Path, mode: str) -> Self:
        """A private key that others can read."""
        return cls(**error("ledger.key_open", path=path, mode=mode))

    @classmethod
    def no_public_key(cls, given: str, cause: str) -> Self:
        """Something that is no public key."""
        return cls(**error("ledger.no_public_key", given=given, cause=_sentence(cause)))

    @classmethod
    def nobodys(cls) -> Self:
        """An instructor's key, and no learner whom it is for."""
        return cls(**error("ledger.nobodys"))

    @classmethod
    def no_commission(cls) -> Self:
        """What was handed to a sandbox is no warrant with its key."""
        return cls(**error("ledger.no_commission"))

    @classmethod
    def too_late(cls, name: str) -> Self:
        """A sandbox that runs already, with another ledger's key."""
        return cls(**error("ledger.too_late", name=name))

    @classmethod
    def changed(cls, path: Path) -> Self:
        """The file of a running ledger is not what was written to it."""
        return cls(**error("ledger.changed", path=path))

    @classmethod
    def not_looked(cls, name: str, cause: str) -> Self:
        """The steps' checks could not be run."""
        return cls(**error("ledger.not_looked", name=name, cause=_sentence(cause)))

    @classmethod
    def unreadable(cls, name: str, cause: str) -> Self:
        """A file that is no sealed ledger."""
        return cls(**error("ledger.unreadable", name=name, cause=_sentence(cause)))

    @classmethod
    def forged(cls, name: str, cause: str) -> Self:
        """A sealed ledger that does not hold."""
        return cls(**error("ledger.forged", name=name, cause=_sentence(cause)))


def _sentence(cause: str) -> str:
    """A cause in another's words, with a capital and a full stop."""
    text = " ".join(cause.split()).removesuffix(".")
    return f"{text[:1].upper()}{text[1:]}."
