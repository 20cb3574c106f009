"""A class's grades in a notebook: the shipped one, as it is, in a kernel; and what it shows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.grade import genuine
from tests.grade.genuine import cell, changed
from tests.ledger import genuine as ledgers
from tests.show.sanitizer import sanitized
from tsalab import resources, runner
from tsalab.errors import GradeError
from tsalab.gradebook import FILES, Gradebook
from tsalab.ledger import keys

EVIL = "<script>alert(1)</script>\ud800"


@pytest.fixture(scope="module")
def handed_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ada's whole work, Eve's without a step, and a file that cannot be read."""
    folder = tmp_path_factory.mktemp("in")
    genuine.written(folder / "ada", genuine.notebook("Ada", "a" * 32)[0])
    eve, _ = genuine.notebook("<b>Eve</b>", "b" * 32)
    genuine.written(folder / "eve", changed(eve, lambda one: cell(one, "step-30").update(outputs=[])))
    (folder / "torn.ipynb").write_text("{", encoding="utf-8")
    return folder


def test_the_class_and_its_reasons_live_through_the_sanitizer(handed_in: Path) -> None:
    book = Gradebook.of(handed_in)
    for shown, said in (
        (book, "1 of 3 submissions have all their points."),
        (book.why(), "There is no record"),
        (book.why("Ada"), "Passed: what step 9 is about is there"),
        (book.why("Zoe"), "There is no submission of Zoe."),
    ):
        bundle = shown._repr_mimebundle_()
        assert said in sanitized(bundle["text/html"])
        assert said in bundle["text/plain"]
    assert "<b>Eve" not in book._repr_mimebundle_()["text/html"]


def test_halves_of_characters_can_be_saved(tmp_path: Path) -> None:
    """A record takes none, but a notebook's other cells may hold anything."""
    book = genuine.of_records([])
    cell(book, "parameters")["source"] = f'learner = "{EVIL}"'
    genuine.written(tmp_path, book)
    grades = Gradebook.of(tmp_path)
    assert grades.verdicts[0].learner == EVIL
    for shown in (grades, grades.why(), grades.export(tmp_path / "out")):
        bundle = shown._repr_mimebundle_()
        assert "\n".join(bundle.values()).encode("utf-8")
        assert "<script" not in bundle["text/html"]


def test_every_form_is_written(handed_in: Path, tmp_path: Path) -> None:
    shown = Gradebook.of(handed_in).export(tmp_path / "new" / "folder")
    for name in FILES.values():
        assert (tmp_path / "new" / "folder" / name).exists()
        assert name in shown._repr_mimebundle_()["text/plain"]
    assert (tmp_path / "new" / "folder" / "pages" / "ada.html").exists()


def test_ledgers_among_the_submissions_are_heard(tmp_path: Path) -> None:
    issuer = keys.new()
    place = genuine.written(tmp_path / "in" / "ada", genuine.notebook("Ada", "a" * 32)[0]).parent
    (place / "ledger.jsonl").write_bytes(ledgers.ledger(tmp_path, issuer))
    book = Gradebook.of(tmp_path / "in", trust=keys.public_of(issuer))
    assert [(one.learner, one.tier) for one in book.verdicts] == [("Ada", 2)]
    assert Gradebook.of(tmp_path / "in").verdicts[0].tier == 1


def test_a_look_needs_a_profile_for_each(handed_in: Path) -> None:
    with pytest.raises(GradeError, match="cannot look for 3 submissions"):
        Gradebook.of(handed_in, profile="grader")


def test_the_graders_notebook(handed_in: Path, tmp_path: Path) -> None:
    """`grader.ipynb`, as it is, in a kernel."""
    given = {"submissions": str(handed_in), "out": str(tmp_path / "out"), "learner": "Ada"}
    source = resources.notebooks() / "grader.ipynb"
    with runner.WarmKernel(tmp_path) as kernel:
        done = runner.run(source, tmp_path / "executed.ipynb", given, kernel)
    assert done.error == ""
    text = (tmp_path / "executed.ipynb").read_text(encoding="utf-8")
    for said in ("1 of 3 submissions", "Passed: what step 9 is about is there", "moodle.csv"):
        assert said in text
    assert (tmp_path / "out" / "grades.csv").exists()
    assert json.loads((tmp_path / "out" / "scores.jsonl").read_text().splitlines()[0])["scoreGiven"] == 38
