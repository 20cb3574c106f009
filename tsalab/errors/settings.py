"""Parameters and settings."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from tsalab.errors.base import TsalabError


class SettingError(TsalabError):
    """A parameter or setting is unknown or malformed."""

    @classmethod
    def unknown(cls, names: Iterable[str], known: Iterable[str]) -> Self:
        """Names that no parameter has."""
        wrong = ", ".join(sorted(names))
        return cls(
            f"Unknown parameter: {wrong}.",
            "The notebook does not have it, so it would have been ignored.",
            f"Use one of: {', '.join(sorted(known))}.",
        )

    @classmethod
    def malformed(cls, name: str, value: object, expected: str) -> Self:
        """A value that the parameter cannot take."""
        return cls(
            f"Parameter {name} cannot be {value!r}.",
            f"It takes {expected}.",
            f"Give {name} such a value and run the cell again.",
        )
