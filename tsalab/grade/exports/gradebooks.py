"""Verdicts as gradebooks take them: a row a learner, who has to be known there.

A gradebook looks up whose row it is. A row without a name in it is worse than none: Moodle's
import gives such a row to the learner of the row before. So a submission in which nobody is
named, or somebody whom the roster does not have, is left out, counted and said. Of several
submissions of one learner the best one counts, since a file that somebody else hands in under
that name is not to take anything away.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tsalab.grade.exports.people import Person
from tsalab.grade.exports.writing import opened
from tsalab.grade.rubric import Rubric
from tsalab.grade.verdict import Verdict
from tsalab.spreadsheets import neutral

_NBSP = "\N{NO-BREAK SPACE}"
# Columns that Canvas computes, and passes over when it finds their names anywhere in a title.
_COMPUTED = re.compile(r"(Current|Final|Override) (Score|Points|Grade|Status)")
# Moodle's words for what finds a user, by ours.
_FINDS = {"id": "ID number", "email": "Email address", "login": "Username"}
# Moodle reads CSV with PHP, for which a backslash before a quotation mark does away with the mark.
_ESCAPES = re.compile(r'\\(?="|\Z)')


class Gradebook:
    """A file with a row a learner, written at the end. A context manager.

    Parameters
    ----------
    path
        The file to write.
    people
        By their names in the records; without a roster the names are all that is known.
    """

    def __init__(self, path: Path, people: Mapping[str, Person] | None) -> None:
        self.path = path
        self._people = people or None
        self._best: dict[str, tuple[float, Any]] = {}
        self.left_out: list[str] = []
        """Names of the submissions that stand in no row."""

    def __enter__(self) -> Self:
        self._file = opened(self.path)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._file:
            if error is None:
                self.write([row for _, row in self._best.values()])

    def add(self, verdict: Verdict) -> None:
        """Keep a verdict's row, if it is its learner's best."""
        who = self._known(verdict.learner)
        if who is None:
            self.left_out.append(verdict.name)
            return
        before = self._best.get(who.learner)
        if before is None or verdict.points > before[0]:
            self._best[who.learner] = verdict.points, self.row(who, verdict)

    def _known(self, learner: str) -> Person | None:
        if not learner:
            return None
        who = Person(learner) if self._people is None else self._people.get(learner)
        return who if who and self.finds(who) else None

    def finds(self, who: Person) -> bool:
        """Whether the gradebook can find somebody by what is known of them."""
        raise NotImplementedError

    def row(self, who: Person, verdict: Verdict) -> Any:
        """One learner's."""
        raise NotImplementedError

    def write(self, rows: Sequence[Any]) -> None:
        """Write the file."""
        raise NotImplementedError

    def save(self, head: Sequence[Sequence[Any]], rows: Sequence[Sequence[Any]]) -> None:
        """Write a CSV: comma, UTF-8 without a byte order mark, quoted where RFC 4180 asks for it."""
        writer = csv.writer(self._file)
        writer.writerows([*head, *([neutral(value) for value in row] for row in rows)])


class Canvas(Gradebook):
    """Canvas's gradebook import: five columns that name the student, then the assignment's.

    The second row holds the points possible, as in Canvas's own export.

    Parameters
    ----------
    path, people
        As of `Gradebook`.
    rubric
        Its title is the assignment's, unless it has the assignment's number in Canvas.
    """

    def __init__(self, path: Path, rubric: Rubric, people: Mapping[str, Person] | None = None) -> None:
        super().__init__(path, people)
        self._rubric = rubric

    def finds(self, who: Person) -> bool:
        """By an id, else by the name as Canvas has it."""
        return bool(who.learner)

    def row(self, who: Person, verdict: Verdict) -> Sequence[Any]:
        """One student's. A row whose first cell says "Points Possible" would be taken for the second one."""
        name = who.learner.replace("Points Possible", f"Points{_NBSP}Possible")
        return [name, who.id, who.sis_id, who.login, who.section, verdict.points]

    def write(self, rows: Sequence[Any]) -> None:
        """The columns that Canvas asks for, by its names."""
        who = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
        possible = ["    Points Possible", "", "", "", "", round(self._rubric.total, 4)]
        self.save([[*who, self._title()], possible], rows)

    def _title(self) -> str:
        """The assignment's, as Canvas finds it: a number in brackets at its end is the assignment's own."""
        title = " ".join(str(neutral(self._rubric.title)).split())
        title = _COMPUTED.sub(rf"\1{_NBSP}\2", title)
        if self._rubric.canvas is not None:
            return f"{title} ({self._rubric.canvas})"
        return re.sub(r"\((\d+)\)$", r"[\1]", title)


class Moodle(Gradebook):
    """Moodle's grade import: columns that find the user, the grade, and a feedback.

    Which column finds the user is chosen in the import, one for all rows; so only what the roster
    has of everybody is a column here, or else what it has of most. Where it has nothing, and without
    a roster, the learners' names are their user names. Of grades above 100 Moodle refuses the
    whole file, unless its administrator has set `unlimitedgrades`.

    Parameters
    ----------
    path, people
        As of `Gradebook`.
    rubric
        Its title is the grade item's.
    """

    def __init__(self, path: Path, rubric: Rubric, people: Mapping[str, Person] | None = None) -> None:
        super().__init__(path, people)
        self._rubric = rubric
        known = list((people or {}).values())
        counts = {name: sum(bool(getattr(one, name)) for one in known) for name in _FINDS}
        most = max(counts.values())
        best = [name for name, count in counts.items() if count == most and most]
        self._columns = best if most == len(known) else best[:1]

    def finds(self, who: Person) -> bool:
        """By what the columns are."""
        return all(getattr(who, name) for name in self._columns)

    def row(self, who: Person, verdict: Verdict) -> Sequence[Any]:
        """One student's."""
        lost = [
            f"{mark.step}: {' '.join(mark.reasons)}" for mark in verdict.marks if mark.points < mark.possible
        ]
        found = [getattr(who, name) for name in self._columns] or [who.learner]
        return [who.learner, *found, verdict.points, " ".join(lost)]

    def write(self, rows: Sequence[Any]) -> None:
        """Columns by the names that Moodle's own export gives them."""
        title = " ".join(str(neutral(self._rubric.title)).split())
        found = [_FINDS[name] for name in self._columns] or [_FINDS["login"]]
        self.save(
            [["Full name", *found, title, f"Feedback: {title}"]],
            [[self._unescaped(value) for value in row] for row in rows],
        )

    def _unescaped(self, value: object) -> object:
        return _ESCAPES.sub(r"\\ ", value) if isinstance(value, str) else value
