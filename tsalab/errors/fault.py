"""Faults made on purpose."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from tsalab.errors.base import TsalabError
from tsalab.messages import error


class FaultError(TsalabError):
    """A fault cannot be made here, or now."""

    @classmethod
    def unknown(cls, name: str, known: Iterable[str]) -> Self:
        """No fault has that name."""
        return cls(**error("faults.unknown", name=name, known=", ".join(known)))

    @classmethod
    def not_allowed(cls, name: str, profile: str) -> Self:
        """The profile does not say that things may be broken on its account."""
        return cls(**error("faults.not_allowed", name=name, profile=profile))

    @classmethod
    def not_here(cls, name: str, why: str) -> Self:
        """No lab of this kind can have the fault."""
        return cls(**error("faults.not_here", name=name, reason=why))

    @classmethod
    def not_now(cls, name: str, why: str) -> Self:
        """The lab does not have yet, or no longer, what the fault breaks."""
        return cls(**error("faults.not_now", name=name, reason=why))
