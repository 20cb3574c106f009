"""A step and its check."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Self

from tsalab.errors.base import TsalabError
from tsalab.messages import error


class StepError(TsalabError):
    """A step's check did not pass."""

    @classmethod
    def not_passed(cls, step: int | str, title: str, saw: str, expected: str, next_step: str) -> Self:
        """The state after a step is not what it should be."""
        return cls(
            **error("step.not_passed", step=step, title=title, saw=saw, expected=expected, next=next_step)
        )

    @classmethod
    def block_missing(cls, file: str, what: str) -> Self:
        """A file of the app does not hold the lines that the lab edits."""
        return cls(**error("step.block_missing", file=file, block=what))

    @classmethod
    def other_variant(cls, cluster: str, there: str, wanted: str) -> Self:
        """The stack's cluster is of the lab's other variant."""
        return cls(**error("step.other_variant", cluster=cluster, there=there, wanted=wanted))

    @classmethod
    def not_confirmed(cls, account: str, region: str, count: int) -> Self:
        """Nobody said that the clean-up is wanted, and nobody could be asked."""
        return cls(**error("step.not_confirmed", account=account, region=region, count=count))

    @classmethod
    def declined(cls, account: str, region: str, count: int) -> Self:
        """The clean-up's question was not answered with yes."""
        return cls(**error("step.declined", account=account, region=region, count=count))

    @classmethod
    def unknown_edit(cls, name: str, known: Iterable[str]) -> Self:
        """No edit has that name."""
        return cls(**error("step.unknown_edit", name=name, known=", ".join(known)))

    @classmethod
    def unknown_step(cls, step: int | str) -> Self:
        """No step has that number."""
        return cls(**error("step.unknown_step", step=step))

    @classmethod
    def unknown_level(cls, level: int, levels: int) -> Self:
        """No hint has that level."""
        return cls(**error("step.unknown_level", level=level, levels=levels))

    @classmethod
    def file_missing(cls, path: Path, next_step: str) -> Self:
        """A file that an earlier step makes is not there."""
        return cls(**error("step.file_missing", name=path.name, path=path, next=next_step))

    @classmethod
    def still_used(cls, users: int, host: str) -> Self:
        """Somebody reads the old database, though the app runs on Aurora."""
        return cls(**error("step.still_used", users=users, host=host))

    @classmethod
    def nonce_missing(cls, table: str) -> Self:
        """What was written to Aurora did not appear on the site."""
        return cls(**error("step.nonce_missing", table=table))
