"""Who the learners are to a gradebook: a roster with its ids, or their names alone."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tsalab.errors import GradeError
from tsalab.messages import say

COLUMNS = ("learner", "id", "email", "sis_id", "login", "section", "profile", "account")


@dataclass(frozen=True)
class Person:
    """One learner, as a gradebook knows them.

    Parameters
    ----------
    learner
        Name in the records.
    id, email, sis_id, login, section
        What gradebooks ask for; empty where the roster does not say.
    profile
        With which their account may be looked at.
    account
        Which it is, 12 digits.
    """

    learner: str
    id: str = ""
    email: str = ""
    sis_id: str = ""
    login: str = ""
    section: str = ""
    profile: str = ""
    account: str = ""


def read_people(path: Path) -> Mapping[str, Person]:
    """Read a roster: CSV with a column ``learner``, and any of the others.

    Parameters
    ----------
    path
        The file; further columns are for others.

    Raises
    ------
    GradeError
        When it cannot be read, has no such column, or names somebody twice.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if "learner" not in (reader.fieldnames or ()):
                raise GradeError.unreadable_roster(path, say("grade.roster.no_column"))
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise GradeError.unreadable_roster(path, str(error)) from error
    found: dict[str, Person] = {}
    for row in rows:
        person = Person(**{name: (row.get(name) or "").strip() for name in COLUMNS})
        if person.learner in found:
            raise GradeError.unreadable_roster(path, say("grade.roster.twice", learner=person.learner))
        found[person.learner] = person
    return found
