"""Parameters and settings."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from tsalab.errors.base import TsalabError
from tsalab.messages import error


class SettingError(TsalabError):
    """A parameter or setting is unknown or malformed."""

    @classmethod
    def unknown(cls, names: Iterable[str], known: Iterable[str]) -> Self:
        """Names that no parameter has."""
        return cls(
            **error("settings.unknown", names=", ".join(sorted(names)), known=", ".join(sorted(known)))
        )

    @classmethod
    def malformed(cls, name: str, value: object, expected: str) -> Self:
        """A value that the parameter cannot take."""
        return cls(**error("settings.malformed", name=name, value=value, expected=expected))

    @classmethod
    def no_language(cls, name: str, known: Iterable[str]) -> Self:
        """A language that has no file."""
        return cls(**error("settings.no_language", name=name, known=", ".join(known)))
