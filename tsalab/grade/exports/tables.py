"""Verdicts as CSV: for anyone, and as Canvas's and Moodle's grade imports want them."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tsalab.grade.exports.people import Person
from tsalab.grade.rubric import Rubric
from tsalab.grade.verdict import Verdict
from tsalab.messages import say
from tsalab.spreadsheets import neutral


class _Csv:
    """A CSV file that grows by a row a verdict. A context manager."""

    def __init__(self, path: Path, rubric: Rubric, people: Mapping[str, Person] | None = None) -> None:
        self._rubric = rubric
        self._people = people or {}
        self._file = path.open("w", encoding="utf-8", newline="")
        self._writer = csv.writer(self._file)

    def __enter__(self) -> Self:
        for row in self.head():
            self._writer.writerow(row)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, verdict: Verdict) -> None:
        """Write a verdict's row."""
        self._writer.writerow([neutral(value) for value in self.row(verdict)])

    def head(self) -> list[list[str]]:
        """The rows before the first learner's."""
        raise NotImplementedError

    def row(self, verdict: Verdict) -> Sequence[Any]:
        """One learner's."""
        raise NotImplementedError

    def person(self, verdict: Verdict) -> Person:
        """Who that is to the gradebook."""
        return self._people.get(verdict.learner, Person(verdict.learner))


class Table(_Csv):
    """Everything, a row a submission."""

    def head(self) -> list[list[str]]:
        """Names of the columns."""
        steps = [say("grade.step", step=step) for step in self._rubric.points]
        names = ("submission", "learner", "points", "possible", "tier", "finished", "doubts")
        return [[*(say(f"grade.column.{name}") for name in names), *steps]]

    def row(self, verdict: Verdict) -> Sequence[Any]:
        """Points of each step behind those of the whole."""
        told = verdict.unreadable or " ".join(verdict.doubts)
        whole = [verdict.name, verdict.learner, verdict.points, verdict.possible, verdict.tier]
        return [*whole, verdict.finished, told, *(mark.points for mark in verdict.marks)]


class Canvas(_Csv):
    """Canvas's gradebook import: five columns that name the student, then the assignment's.

    The second row holds the points possible, as in Canvas's own export.
    """

    def head(self) -> list[list[str]]:
        """The columns that Canvas asks for, by its names."""
        title = str(neutral(self._rubric.title))
        who = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
        return [[*who, title], ["    Points Possible", "", "", "", "", f"{self._rubric.total:g}"]]

    def row(self, verdict: Verdict) -> Sequence[Any]:
        """One student's."""
        who = self.person(verdict)
        return [who.learner, who.id, who.sis_id, who.login, who.section, verdict.points]


class Moodle(_Csv):
    """Moodle's grade import: mapped by id number or e-mail address, with a feedback column."""

    def head(self) -> list[list[str]]:
        """Names that Moodle's import maps by itself."""
        title = str(neutral(self._rubric.title))
        return [["Full name", "ID number", "Email address", title, f"Feedback: {title}"]]

    def row(self, verdict: Verdict) -> Sequence[Any]:
        """One student's."""
        who = self.person(verdict)
        lost = [
            f"{mark.step}: {' '.join(mark.reasons)}" for mark in verdict.marks if mark.points < mark.possible
        ]
        return [who.learner, who.id, who.email, verdict.points, " ".join(lost)]
