"""Verdicts as scores of LTI Assignment and Grade Services (IMS, version 2.0): a JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tsalab.grade.exports.people import Person
from tsalab.grade.verdict import Verdict


class Scores:
    """A file of scores, each as its service takes it by POST. A context manager.

    Parameters
    ----------
    path
        The file to write, JSON Lines.
    people
        Their platform's user ids; the name in the records where there is none.
    """

    def __init__(self, path: Path, people: Mapping[str, Person] | None = None) -> None:
        self._people = people or {}
        self._file = path.open("w", encoding="utf-8")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, verdict: Verdict) -> None:
        """Write one score."""
        self._file.write(json.dumps(score(verdict, self._people), ensure_ascii=True) + "\n")


def score(verdict: Verdict, people: Mapping[str, Person]) -> dict[str, Any]:
    """One verdict as a score (section 3.4 of the specification).

    Parameters
    ----------
    verdict
        Of one submission.
    people
        By their names in the records.
    """
    done = "NotReady" if verdict.unreadable else "FullyGraded"
    return {
        "userId": people.get(verdict.learner, Person(verdict.learner)).id or verdict.learner,
        "scoreGiven": verdict.points,
        "scoreMaximum": verdict.possible,
        "activityProgress": "Submitted",
        "gradingProgress": done,
        "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "comment": verdict.unreadable or " ".join(verdict.doubts),
    }
