"""Who the learners are to a gradebook: a roster with its ids, or their names alone."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tsalab.errors import GradeError
from tsalab.messages import say

_SAYS_SEPARATOR = re.compile(r'"?sep=([,;\t])"?\s*')  # Excel's own first line
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

    It comes out of a spreadsheet: commas, semicolons and tabs are taken, with or without a byte
    order mark, and names in whatever form of Unicode.

    Parameters
    ----------
    path
        The file; further columns are for others.

    Raises
    ------
    GradeError
        When it cannot be read, has no such column, or names nobody or somebody twice in a line.
    """
    try:
        head, *rows = _rows(_text(path.read_bytes())) or [[]]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise GradeError.unreadable_roster(path, str(error)) from error
    names = [name.lower() for name in head]
    if "learner" not in names:
        raise GradeError.unreadable_roster(path, say("grade.roster.no_column"))
    found: dict[str, Person] = {}
    for row in rows:
        values = dict(zip(names, row, strict=False))
        person = Person(**{name: values.get(name, "") for name in COLUMNS})
        if not person.learner:
            raise GradeError.unreadable_roster(path, say("grade.roster.nobody", row=", ".join(row)))
        if person.learner in found:
            raise GradeError.unreadable_roster(path, say("grade.roster.twice", learner=person.learner))
        found[person.learner] = person
    return found


def _text(content: bytes) -> str:
    wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    return content.decode("utf-16" if wide else "utf-8-sig").replace("\0", "")


def _rows(text: str) -> list[list[str]]:
    """Rows that hold something."""
    lines = io.StringIO(text, newline="").readlines()
    separator = ""
    if lines and (said := _SAYS_SEPARATOR.fullmatch(lines[0])):
        separator = said[1]
        del lines[0]
    if not separator:
        head = next((line for line in lines if line.strip()), "")
        separator = max(",;\t", key=head.count)
    rows = csv.reader(lines, delimiter=separator, strict=True)
    cells = ([unicodedata.normalize("NFC", cell).strip() for cell in row] for row in rows)
    return [row for row in cells if any(row)]
