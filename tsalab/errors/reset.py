"""Going back to before a step."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from tsalab.errors.base import TsalabError
from tsalab.messages import error


class ResetError(TsalabError):
    """The lab could not go back."""

    @classmethod
    def unknown_place(cls, to: object, known: Iterable[str]) -> Self:
        """Nothing of the lab has that number or name."""
        return cls(**error("reset.error.unknown_place", to=to, known="; ".join(known)))

    @classmethod
    def no_lab3(cls, place: str) -> Self:
        """No version of the upload is lab 3's template, and none can be made of one."""
        return cls(**error("reset.error.no_lab3", place=place))

    @classmethod
    def not_deployed(cls, stack: str, cause: str) -> Self:
        """The pipeline did not bring the stack back."""
        said = error(
            "reset.error.not_deployed" if cause else "reset.error.not_in_time", stack=stack, cause=cause
        )
        return cls(**said)

    @classmethod
    def no_old_commit(cls, repository: str, branch: str) -> Self:
        """No commit of the repository is without the lab's edits."""
        return cls(**error("reset.error.no_old_commit", repository=repository, branch=branch))

    @classmethod
    def no_old_code(cls, host: str, commit: str) -> Self:
        """The web server's copy of the code has no commit without the lab's edits."""
        return cls(**error("reset.error.no_old_code", host=host, commit=commit[:10]))

    @classmethod
    def app_silent(cls, host: str) -> Self:
        """The app was started on the old database and does not answer."""
        return cls(**error("reset.error.app_silent", host=host))

    @classmethod
    def not_as_before(cls, to: int, problems: Iterable[str]) -> Self:
        """The checks say that the lab is not just before the step."""
        return cls(**error("reset.error.not_as_before", to=to, problems="; ".join(problems)))
