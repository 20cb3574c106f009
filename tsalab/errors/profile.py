"""The AWS profile."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Self

from tsalab.errors.base import TsalabError
from tsalab.messages import error, say


class ProfileError(TsalabError):
    """The AWS profile is missing, or AWS refuses it."""

    @classmethod
    def unknown(cls, name: str, known: Iterable[str]) -> Self:
        """No AWS configuration and no sandbox has this name."""
        return cls(
            **error("profile.unknown", name=name, known=", ".join(known) or say("profile.unknown.none"))
        )

    @classmethod
    def unreadable(cls, path: Path, cause: Exception) -> Self:
        """The AWS configuration file is not in its format."""
        return cls(**error("profile.unreadable", path=path, cause=str(cause).splitlines()[0]))

    @classmethod
    def sandbox_down(cls, name: str) -> Self:
        """Looking does not start what is stopped."""
        return cls(**error("profile.sandbox_down", name=name))

    @classmethod
    def sandbox_not_started(cls, name: str, lines: Sequence[str]) -> Self:
        """``tsalab sandbox up`` failed; its last lines say why."""
        said = "\n        ".join(line for line in lines[-6:] if line)
        return cls(
            **error(
                "profile.sandbox_not_started",
                name=name,
                said=said or say("profile.sandbox_not_started.silent"),
            )
        )

    @classmethod
    def not_listed(cls, name: str, account: str, listed: Iterable[str]) -> Self:
        """The account is not one of those that the setting ``accounts`` allows."""
        return cls(**error("profile.not_listed", name=name, account=account, listed=", ".join(listed)))

    @classmethod
    def no_region(cls, name: str) -> Self:
        """The profile names no region."""
        return cls(**error("profile.no_region", name=name))

    @classmethod
    def mfa(cls, name: str, device: str) -> Self:
        """The profile's role wants a code that somebody has to type."""
        return cls(**error("profile.mfa", name=name, device=device))

    @classmethod
    def refused(cls, name: str, cause: str) -> Self:
        """AWS does not accept the profile's credentials."""
        return cls(**error("profile.refused", name=name, cause=cause))
