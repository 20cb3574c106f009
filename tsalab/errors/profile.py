"""The AWS profile."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Self

from tsalab.errors.base import TsalabError


class ProfileError(TsalabError):
    """The AWS profile is missing, or AWS refuses it."""

    @classmethod
    def unknown(cls, name: str, known: Iterable[str]) -> Self:
        """No AWS configuration and no sandbox has this name."""
        have = ", ".join(known) or "none yet"
        return cls(
            f"There is no profile {name}.",
            f"Neither the AWS configuration nor a sandbox has that name (known: {have}).",
            f"Check the spelling, or make a sandbox of that name: tsalab sandbox up --name {name}",
        )

    @classmethod
    def unreadable(cls, path: Path, cause: Exception) -> Self:
        """The AWS configuration file is not in its format."""
        return cls(
            f"The AWS configuration {path} cannot be read.",
            str(cause).splitlines()[0],
            "Mend the line named above; the file has [sections] with name = value lines.",
        )

    @classmethod
    def sandbox_down(cls, name: str) -> Self:
        """Looking does not start what is stopped."""
        return cls(
            f"The sandbox {name} is not running.",
            "Nothing answers at its address, and a look does not start it.",
            f"Start it; what data it has, it keeps: tsalab sandbox up --name {name}",
        )

    @classmethod
    def sandbox_not_started(cls, name: str, lines: Sequence[str]) -> Self:
        """``tsalab sandbox up`` failed; its last lines say why."""
        said = "\n        ".join(line for line in lines[-6:] if line) or "it said nothing"
        return cls(
            f"The sandbox {name} did not start.",
            said,
            f"Mend that, then try: tsalab sandbox up --name {name}",
        )

    @classmethod
    def no_region(cls, name: str) -> Self:
        """The profile names no region."""
        return cls(
            f"The profile {name} has no region.",
            "AWS needs to know where the lab's stacks are.",
            "Give one: the parameter region, or `region = …` in the profile.",
        )

    @classmethod
    def refused(cls, name: str, cause: str) -> Self:
        """AWS does not accept the profile's credentials."""
        return cls(
            f"AWS does not accept the credentials of profile {name}.",
            cause,
            "Log in again (for example `aws sso login`), or give the profile a valid key; "
            "then run the cell again: it continues where it stopped.",
        )
