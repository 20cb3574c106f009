"""Verdicts as CSV for anyone: everything, a row a submission."""

from __future__ import annotations

import csv
from pathlib import Path
from types import TracebackType
from typing import Self

from tsalab.grade.exports.writing import opened
from tsalab.grade.rubric import Rubric
from tsalab.grade.verdict import Verdict
from tsalab.messages import say
from tsalab.spreadsheets import neutral


class Table:
    """A CSV file that grows by a row a verdict. A context manager.

    Parameters
    ----------
    path
        The file to write.
    rubric
        Whose steps are the columns.
    """

    def __init__(self, path: Path, rubric: Rubric) -> None:
        self.path = path
        self._rubric = rubric

    def __enter__(self) -> Self:
        self._file = opened(self.path)
        self._writer = csv.writer(self._file)
        steps = [say("grade.step", step=step) for step in self._rubric.points]
        names = ("submission", "learner", "points", "possible", "tier", "finished", "doubts")
        self._writer.writerow([*(say(f"grade.column.{name}") for name in names), *steps])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, verdict: Verdict) -> None:
        """Write a verdict's row: points of each step behind those of the whole."""
        told = verdict.unreadable or " ".join(verdict.doubts)
        whole = [verdict.name, verdict.learner, verdict.points, verdict.possible, verdict.tier]
        row = [*whole, verdict.finished, told, *(mark.points for mark in verdict.marks)]
        self._writer.writerow([neutral(value) for value in row])
