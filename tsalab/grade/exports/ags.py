"""Verdicts as scores of LTI Assignment and Grade Services (IMS, version 2.0): a JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tsalab.files import plain
from tsalab.grade.exports.gradebooks import Gradebook
from tsalab.grade.exports.people import Person
from tsalab.grade.verdict import Verdict


class Scores(Gradebook):
    """A file of scores, each as its service takes it by POST. A context manager.

    Parameters
    ----------
    path
        The file to write, JSON Lines.
    people
        Their platform's user ids; without a roster the names in the records.
    """

    def __init__(self, path: Path, people: Mapping[str, Person] | None = None) -> None:
        super().__init__(path, people)

    def finds(self, who: Person) -> bool:
        """By the platform's id."""
        return self._people is None or bool(who.id)

    def row(self, who: Person, verdict: Verdict) -> dict[str, Any]:
        """One learner's score."""
        return score(who.id or who.learner, verdict)

    def write(self, rows: Sequence[Any]) -> None:
        """One a line."""
        self._file.writelines(json.dumps(row, ensure_ascii=True) + "\n" for row in rows)


def score(user: str, verdict: Verdict) -> dict[str, Any]:
    """One verdict as a score (section 3.4 of the specification).

    Parameters
    ----------
    user
        Id of whose it is.
    verdict
        Of one submission.
    """
    told: dict[str, Any] = {
        "userId": plain(user),
        "activityProgress": "Submitted",
        "gradingProgress": "FullyGraded",
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "comment": plain(" ".join(verdict.doubts)),
    }
    if verdict.possible:  # a maximum of 0 is no maximum, and a score without one is refused
        told |= {"scoreGiven": verdict.points, "scoreMaximum": verdict.possible}
    return told
