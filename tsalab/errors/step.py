"""A step and its check."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Self

from tsalab.errors.base import TsalabError


class StepError(TsalabError):
    """A step's check did not pass."""

    @classmethod
    def not_passed(cls, step: int | str, title: str, saw: str, expected: str, next_step: str) -> Self:
        """The state after a step is not what it should be."""
        return cls(f"Step {step} ({title}) is not done.", f"Saw: {saw}. Expected: {expected}.", next_step)

    @classmethod
    def block_missing(cls, file: str, what: str) -> Self:
        """A file of the app does not hold the lines that the lab edits."""
        return cls(
            f"{file} does not hold {what}.",
            "The file differs from what lab 3 left, so the lines to edit were not found by their content.",
            f"Edit {file} by hand as the step says, or restore it (git checkout {file}); then run the cell.",
        )

    @classmethod
    def unknown_edit(cls, name: str, known: Iterable[str]) -> Self:
        """No edit has that name."""
        return cls(
            f"There is no edit {name}.", "The lab does not know it.", f"Use one of: {', '.join(known)}."
        )

    @classmethod
    def file_missing(cls, path: Path, next_step: str) -> Self:
        """A file that an earlier step makes is not there."""
        return cls(f"There is no {path.name}.", f"{path} does not exist.", next_step)

    @classmethod
    def still_used(cls, users: int, host: str) -> Self:
        """Somebody reads the old database, though the app runs on Aurora."""
        return cls(
            "The old database was not stopped.",
            f"Somebody still has {users} connection(s) to it as the app's user, though the site says its "
            f"database is {host}.",
            "Close them (a second copy of the app shows in `forever list`, a mysql session ends with "
            "`exit`), then run this cell again.",
        )

    @classmethod
    def nonce_missing(cls, table: str) -> Self:
        """What was written to Aurora did not appear on the site."""
        return cls(
            "The site does not show what was just written to Aurora.",
            f"A mark written to the table {table} was not found through the distribution.",
            "Check that the app was restarted on the new code (step 28) and that the API is not cached.",
        )
