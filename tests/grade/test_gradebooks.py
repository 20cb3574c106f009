"""Exports as gradebooks take them: each rule from the gradebook's own documentation, which the test names."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.grade import genuine
from tests.grade.genuine import cell, changed
from tsalab.commands.grade import grade as command

ROSTER = "learner,id,email,sis_id,login,section\n"
ADA = "Ada,17,ada@x.example,s1,ada,Lab A\n"
PROGRESS = {"Initialized", "Started", "InProgress", "Submitted", "Completed"}


class Class:
    """A class's folder, graded into one file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said = ""

    def hand_in(self, learner: str, *, lost: Sequence[int] = ()) -> Path:
        """A learner's whole work, but for some steps from the last one on."""
        number = sum(1 for _ in self.folder.rglob("*.ipynb"))
        book, _ = genuine.notebook(learner, f"{number:032x}")
        for step in lost:
            book = changed(book, lambda one, step=step: cell(one, f"step-{step}").update(outputs=[]))
        return genuine.written(self.folder / "in" / f"{number:03}", book)

    def export(self, kind: str, roster: str = "", rubric: str = "") -> Path:
        """Grade everything into a file of that kind."""
        out = self.folder / "out"
        words = [str(self.folder / "in"), f"--{kind}", str(out)]
        for name, text in (("roster", roster), ("rubric", rubric)):
            if text:
                (self.folder / name).write_text(text, encoding="utf-8")
                words += [f"--{name}", str(self.folder / name)]
        ended = CliRunner().invoke(command, words)
        assert ended.exit_code in (0, 1), ended.exception
        self.said = ended.output
        return out

    def rows(self, kind: str, roster: str = "", rubric: str = "") -> list[list[str]]:
        """What a reader of CSV finds in that file."""
        with self.export(kind, roster, rubric).open(encoding="utf-8", newline="") as file:
            return list(csv.reader(file))


@pytest.fixture
def room(tmp_path: Path) -> Class:
    """A class that has handed in nothing yet."""
    return Class(tmp_path)


@pytest.mark.parametrize("kind", ["canvas", "moodle", "ags"])
def test_who_is_not_known_there_is_left_out_and_said(room: Class, kind: str) -> None:
    room.hand_in("Ada")
    stranger = room.hand_in("Eve")
    (room.folder / "in" / "torn.ipynb").write_text('{"cells": ')
    text = room.export(kind, ROSTER + ADA).read_text(encoding="utf-8")
    assert "Ada" in text or '"17"' in text
    assert "Eve" not in text
    assert "2 submissions stand in no row of" in room.said
    assert str(stranger) in room.said
    assert "torn.ipynb" in room.said


@pytest.mark.parametrize("kind", ["canvas", "moodle", "ags"])
def test_of_several_submissions_the_best_counts(room: Class, kind: str) -> None:
    room.hand_in("Ada", lost=[30])
    room.hand_in("Ada")
    room.hand_in("Ada", lost=[29, 30])
    text = room.export(kind, ROSTER + ADA).read_text(encoding="utf-8")
    assert len(re.findall(r"(?<![\d.])38\.0", text.replace("Possible,,,,,38.0", ""))) == 1 + (kind == "ags")


def test_canvas_knows_the_student_by_these_columns(room: Class) -> None:
    """Canvas Instructor Guide, "How do I import grades in the Gradebook?"; its importer reads the same.

    The first column holds "Student", the second "ID", then SIS User ID, SIS Login ID, Section; the
    assignment follows.
    """
    room.hand_in("Ada")
    head, _, ada = room.rows("canvas", ROSTER + ADA)
    assert head[:5] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
    assert ada == ["Ada", "17", "s1", "ada", "Lab A", "38.0"]
    assert {len(head), len(ada)} == {6}


def test_canvas_finds_a_student_by_name_where_there_is_no_roster(room: Class) -> None:
    """Canvas's importer, `process_student`: by ID, SIS ID, login, and at last by the name."""
    room.hand_in("Ada")
    assert room.rows("canvas")[2] == ["Ada", "", "", "", "", "38.0"]


def test_canvas_takes_the_second_row_for_the_points_possible(room: Class) -> None:
    """Canvas Instructor Guide, "How do I import grades in the Gradebook?": "Points Possible" below the head.

    Its importer looks for these words in any row's first cell, so that nobody may be called so.
    """
    room.hand_in("Mr Points Possible")
    _, possible, who = room.rows("canvas", rubric="points: 1000.25\nsteps: {}\n")
    assert possible == ["    Points Possible", "", "", "", "", "30007.5"]
    assert "Points Possible" not in who[0]
    assert who[0] == "Mr Points\u00a0Possible"


@pytest.mark.parametrize(
    ("rubric", "title"),
    [
        ("title: Lab 4\ncanvas: 98765\n", "Lab 4 (98765)"),
        ("title: Lab 4\n", "Lab 4"),
        ("title: Lab 4 (2026)\n", "Lab 4 [2026]"),
        ("title: My Final Score\n", "My Final\u00a0Score"),
        ("title: =1+1\n", "'=1+1"),
    ],
)
def test_canvas_finds_the_assignment_by_its_head(room: Class, rubric: str, title: str) -> None:
    """Canvas's export and importer: "Title (ID)"; a number in brackets is an ID, "Final Score" its own."""
    room.hand_in("Ada")
    assert room.rows("canvas", rubric=rubric)[0][5] == title


@pytest.mark.parametrize("kind", ["canvas", "moodle"])
def test_the_file_begins_with_its_head_in_plain_utf_8(room: Class, kind: str) -> None:
    """Canvas and Moodle ("Grade import", MoodleDocs) take UTF-8 with commas unless told otherwise."""
    room.hand_in("Zoë Ångström")
    data = room.export(kind).read_bytes()
    assert data.startswith((b"Student,", b"Full name,"))
    assert "Zoë Ångström".encode() in data


def test_moodle_finds_the_user_by_what_the_roster_has_of_everybody(room: Class) -> None:
    """MoodleDocs, "Grade import": a column is mapped to the user's id number, e-mail address or user name."""
    room.hand_in("Ada")
    room.hand_in("Bob", lost=[30])
    bob = "Bob,18,,,bob,\n"
    head, ada, lost = room.rows("moodle", ROSTER + ADA + bob)
    assert head[:3] == ["Full name", "ID number", "Username"]
    assert head[4] == f"Feedback: {head[3]}"
    assert ada == ["Ada", "17", "ada", "38.0", ""]
    assert lost[:4] == ["Bob", "18", "bob", "35.0"]
    assert "30: There is no record" in lost[4]


def test_moodle_has_no_row_without_a_user(room: Class) -> None:
    """Moodle's importer, `prepare_import_grade_data`: such a grade goes to the user of the row before."""
    room.hand_in("Ada")
    room.hand_in("Bob")
    rows = room.rows("moodle", ROSTER + ADA + "Bob,,,,,\nCy,19,,,,\n")
    assert [row[1] for row in rows] == ["ID number", "17"]
    assert "1 submission stands in no row" in room.said


def test_moodle_without_a_roster_goes_by_the_user_name(room: Class) -> None:
    """MoodleDocs, "Grade import": without any match it stops, and says which user it did not find."""
    room.hand_in("ada")
    head, ada = room.rows("moodle")
    assert (head[1], ada[1]) == ("Username", "ada")


def as_php(line: str) -> list[str]:
    """Cells of a line as PHP's `fgetcsv` finds them: what follows a backslash ends no cell."""
    cells, at = [], 0
    while at <= len(line):
        if line[at : at + 1] != '"':
            end = line.find(",", at)
            end = len(line) if end < 0 else end
            cells.append(line[at:end])
            at = end + 1
            continue
        at, text = at + 1, ""
        while at < len(line):
            two = line[at : at + 2]
            if two == '\\"' or two == '""':
                text, at = text + (two if two[0] == "\\" else '"'), at + 2
            elif line[at] == '"':
                break
            else:
                text, at = text + line[at], at + 1
        cells.append(text)
        at += 2
    return cells


@pytest.mark.parametrize("name", ["a,b\\", 'say \\"hi\\", now', "C:\\x,", "plain\\"])
def test_moodle_reads_its_cells_with_php(room: Class, name: str) -> None:
    """PHP manual, `fgetcsv`: a backslash takes a quotation mark's meaning away, and would join two cells."""
    room.hand_in(name)
    line = room.export("moodle").read_text(encoding="utf-8").splitlines()[1]
    assert len(as_php(line)) == 4
    assert as_php(line)[2] == "38.0"
    assert len(as_php('"a,b\\",x')) == 1  # what it would be otherwise


def test_a_score_has_the_members_of_the_specification(room: Class) -> None:
    """LTI Assignment and Grade Services 2.0, 3.4, and Canvas's "Score" API: no member but these."""
    room.hand_in("Ada")
    room.hand_in("Bob", lost=[9])
    scores = [json.loads(line) for line in room.export("ags").read_text().splitlines()]
    assert [one["userId"] for one in scores] == ["Ada", "Bob"]
    for one in scores:
        progress = {"activityProgress", "gradingProgress"}
        assert set(one) == progress | {"userId", "scoreGiven", "scoreMaximum", "comment", "timestamp"}
        assert one["activityProgress"] in PROGRESS
        assert one["gradingProgress"] == "FullyGraded"  # else its points are not taken
        assert 0 <= one["scoreGiven"] <= one["scoreMaximum"] == 38
        assert isinstance(one["comment"], str)
    assert "The chain of records has gaps" in scores[1]["comment"]


def test_a_score_s_moment_has_a_zone_and_parts_of_a_second(room: Class) -> None:
    """LTI Assignment and Grade Services 2.0, "timestamp": ISO 8601 with sub-second precision."""
    room.hand_in("Ada")
    (stamp,) = re.findall(r'"timestamp": "([^"]+)"', room.export("ags").read_text())
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", stamp)
    assert datetime.fromisoformat(stamp).utcoffset() is not None


def test_a_score_is_its_platforms_user_s(room: Class) -> None:
    """LTI Assignment and Grade Services 2.0, "userId": the user as the platform names them."""
    room.hand_in("Ada")
    assert json.loads(room.export("ags", ROSTER + ADA).read_text())["userId"] == "17"


def test_no_maximum_of_nothing(room: Class) -> None:
    """LTI Assignment and Grade Services 2.0, "scoreMaximum": positive, and there when points are given."""
    room.hand_in("Ada")
    score = json.loads(room.export("ags", rubric="points: 0\nsteps: {}\n").read_text())
    assert "scoreGiven" not in score
    assert "scoreMaximum" not in score
