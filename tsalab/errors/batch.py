"""Rosters and batches."""

from __future__ import annotations

from pathlib import Path
from typing import Self

from tsalab.errors.base import TsalabError
from tsalab.messages import error


class BatchError(TsalabError):
    """A roster cannot be read, or a batch not be run."""

    @classmethod
    def roster_unreadable(cls, path: Path, reason: str) -> Self:
        """A file that cannot be read."""
        return cls(**error("batch.roster_unreadable", path=path, reason=reason))

    @classmethod
    def roster_too_large(cls, path: Path, most: int) -> Self:
        """A file larger than any class."""
        return cls(**error("batch.roster_too_large", path=path, megabytes=most // 2**20))

    @classmethod
    def roster_empty(cls, path: Path) -> Self:
        """No learner in it."""
        return cls(**error("batch.roster_empty", path=path))

    @classmethod
    def roster_workbook(cls, path: Path) -> Self:
        """A spreadsheet's own format."""
        return cls(**error("batch.roster_workbook", path=path))

    @classmethod
    def roster_binary(cls, path: Path, line: int) -> Self:
        """Something that is no text."""
        return cls(**error("batch.roster_binary", path=path, line=line))

    @classmethod
    def roster_encoding(cls, path: Path, line: int) -> Self:
        """Characters in another encoding."""
        return cls(**error("batch.roster_encoding", path=path, line=line))

    @classmethod
    def roster_no_learner(cls, path: Path, line: int, columns: str) -> Self:
        """A header without the column of names."""
        return cls(**error("batch.roster_no_learner", path=path, line=line, columns=columns))

    @classmethod
    def roster_line(cls, path: Path, line: int, reason: str) -> Self:
        """A line that is not as it should be."""
        return cls(**error("batch.roster_line", path=path, line=line, reason=reason))

    @classmethod
    def roster_value(cls, path: Path, line: int, column: str, value: str, expected: str) -> Self:
        """A value that the parameter cannot take."""
        return cls(
            **error("batch.roster_value", path=path, line=line, column=column, value=value, expected=expected)
        )

    @classmethod
    def roster_twice(cls, path: Path, line: int, column: str, value: str, before: int) -> Self:
        """Two lines that would meet."""
        return cls(
            **error("batch.roster_twice", path=path, line=line, column=column, value=value, before=before)
        )

    @classmethod
    def begun(cls, folder: Path) -> Self:
        """A folder in which a batch was begun already."""
        return cls(**error("batch.begun", folder=folder))

    @classmethod
    def busy(cls, folder: Path) -> Self:
        """A folder in which a batch is at work now."""
        return cls(**error("batch.busy", folder=folder))

    @classmethod
    def not_ours(cls, folder: Path) -> Self:
        """A folder with other things in it."""
        return cls(**error("batch.not_ours", folder=folder))

    @classmethod
    def no_notebook(cls, path: Path, reason: str) -> Self:
        """A notebook that cannot be read."""
        return cls(**error("batch.no_notebook", path=path, reason=reason))

    @classmethod
    def no_dask(cls) -> Self:
        """The engine is not installed."""
        return cls(**error("batch.no_dask"))

    @classmethod
    def no_scheduler(cls, address: str, reason: str) -> Self:
        """No scheduler answers there."""
        return cls(**error("batch.no_scheduler", address=address, reason=reason))
