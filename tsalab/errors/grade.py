"""Grading."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from tsalab.errors.base import TsalabError
from tsalab.messages import error


class GradeError(TsalabError):
    """Something that grading goes by cannot be used."""

    @classmethod
    def unreadable_rubric(cls, path: Path, cause: str) -> Self:
        """The rubric cannot be read."""
        return cls(**error("grade.unreadable_rubric", path=path, cause=" ".join(cause.split())))

    @classmethod
    def wrong_rubric(cls, path: Path | str, name: str, expected: str) -> Self:
        """An entry of the rubric is not one, or cannot have that value."""
        return cls(**error("grade.wrong_rubric", path=path, name=name, expected=expected))

    @classmethod
    def unreadable_roster(cls, path: Path, cause: str) -> Self:
        """The roster cannot be read."""
        return cls(**error("grade.unreadable_roster", path=path, cause=cause))

    @classmethod
    def nothing_found(cls, paths: str) -> Self:
        """There is no notebook where they should be."""
        return cls(**error("grade.nothing_found", paths=paths))
