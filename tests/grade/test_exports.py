"""The forms in which verdicts are handed on, read back as their readers do."""

from __future__ import annotations

import csv
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.grade import genuine
from tests.grade.exported import hold_exports
from tests.grade.genuine import cell, changed
from tsalab.cli import app
from tsalab.commands.grade import grade as command
from tsalab.errors import GradeError
from tsalab.grade import Mark, Verdict, read_rubric
from tsalab.spreadsheets import neutral

EVIL = '=HYPERLINK("http://x")<script>alert(1)</script>'


@pytest.fixture(scope="module")
def handed_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ada's whole work, one of somebody with an evil name, and one that cannot be read."""
    folder = tmp_path_factory.mktemp("in")
    ada, _ = genuine.notebook("Ada", "a" * 32)
    evil, _ = genuine.notebook(EVIL, "b" * 32)
    gone = changed(evil, lambda one: cell(one, "step-30").update(outputs=[]))
    genuine.written(folder / "ada", ada)
    genuine.written(folder / "evil", gone)
    (folder / "torn.ipynb").write_text('{"cells": ')
    return folder


def run(folder: Path, *words: str) -> str:
    ended = CliRunner().invoke(command, [str(folder), *words])
    assert ended.exit_code == 1, ended.output  # not everybody has all points
    return ended.output


def rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_the_terminal_gets_a_line_each_and_the_doubts(handed_in: Path) -> None:
    said = run(handed_in)
    assert re.search(r"38 of 38  tier 1  Ada", said)
    assert "1 of 3 submissions have all their points." in said
    assert "Expecting value" in said
    assert "\x1b" not in said


def test_a_table(handed_in: Path, tmp_path: Path) -> None:
    run(handed_in, "--csv", str(tmp_path / "out.csv"))
    head, ada, evil, torn = rows(tmp_path / "out.csv")
    assert head[:3] == ["Submission", "Learner", "Points"]
    assert (ada[1], float(ada[2]), float(ada[3])) == ("Ada", 38, 38)
    assert evil[1] == "'" + EVIL
    assert len(ada) == len(head) == 7 + 30
    assert "Expecting value" in torn[6]


def test_junit(handed_in: Path, tmp_path: Path) -> None:
    run(handed_in, "--junit", str(tmp_path / "out.xml"))
    suites = ET.parse(tmp_path / "out.xml").getroot()  # noqa: S314 - our own file
    assert suites.tag == "testsuites"
    ada, evil, torn = suites
    assert (ada.get("name"), ada.get("tests"), ada.get("failures")) == ("Ada", "30", "0")
    assert evil.get("name") == EVIL
    assert len(torn.findall("testcase/failure")) == 30


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]


def test_pages_run_nothing_and_name_everything(handed_in: Path, tmp_path: Path) -> None:
    run(handed_in, "--html", str(tmp_path / "out"))
    pages = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert len(pages) == 4
    assert {"ada.html", "index.html"} <= set(pages)
    for name in pages:
        text = (tmp_path / "out" / name).read_text(encoding="utf-8")
        found = Tags()
        found.feed(text)
        assert "script" not in found.tags
        assert not any(name.startswith("on") for name in found.attributes)
        assert "default-src 'none'" in text
        assert '<html lang="en">' in text
    index = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert "&lt;script&gt;" in index
    assert index.count("<tr>") == 4


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\nx", "＝1"])
def test_a_formula_is_text(text: str) -> None:
    assert neutral(text) == f"'{text}"


@pytest.mark.parametrize("text", [" =1", "\u200b=1", "\ufeff@SUM(A1)", "\u00a0+1", "－1", "＠x", "＋1"])
def test_nor_does_it_begin_behind_what_is_not_seen(text: str) -> None:
    assert neutral(text) == f"'{text}"


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("Ada;=1+1", "Ada;'=1+1"),
        ('Ada,"=1+1', "Ada,\"'=1+1"),
        ("Ada\n=1", "Ada\n'=1"),
        ("Ada; @SUM(A1)", "Ada; '@SUM(A1)"),
        ("Ada;-1", "Ada;'-1"),
    ],
)
def test_nor_where_another_sign_parts_the_cells(text: str, safe: str) -> None:
    """OWASP, "CSV Injection": a field's own separators and quotation marks may begin a cell."""
    assert neutral(text) == safe
    assert neutral(safe) == safe


def test_other_texts_stay_as_they_are() -> None:
    for text in ("Zoë Ångström", "a = b", "1, 2 - 3", "x@y.example; z", "", "saw 3; 4 - 1 were wanted"):
        assert neutral(text) == text
    assert str(neutral("half \ud800 a pair")).encode("utf-8")
    assert neutral(-1.5) == -1.5


def test_a_roster_that_names_somebody_twice(handed_in: Path, tmp_path: Path) -> None:
    roster = tmp_path / "roster.csv"
    roster.write_text("learner,id\nAda,1\nAda,2\n")
    ended = CliRunner().invoke(
        command, [str(handed_in), "--canvas", str(tmp_path / "o"), "--roster", str(roster)]
    )
    assert "stands in it twice" in str(ended.exception)


def test_the_default_rubric_is_shown() -> None:
    assert "evidence: 1" in CliRunner().invoke(command, ["--show-rubric"]).output


def test_nothing_to_grade(tmp_path: Path) -> None:
    ended = CliRunner().invoke(command, [str(tmp_path)])
    assert "There is no notebook to grade" in str(ended.exception)


def test_many_on_all_processors(tmp_path: Path) -> None:
    for number in range(50):
        book, _ = genuine.notebook(f"Learner {number}", f"{number:032x}")
        genuine.written(tmp_path / f"{number:03}", book)
    ended = CliRunner().invoke(command, [str(tmp_path), "--workers", "2"])
    assert ended.exit_code == 0, ended.output
    lines = ended.output.splitlines()
    assert [line.split("  ")[-1] for line in lines[:-1]] == [f"Learner {number}" for number in range(50)]
    assert lines[-1] == "50 of 50 submissions have all their points."


# Whatever learners, files and checks are called; surrogates too, as names of files may hold them.
TEXTS = st.text(st.characters(), max_size=30) | st.sampled_from(
    [EVIL, "]]>", "\\", '"', "Points Possible", "=1"]
)
STEPS = list(read_rubric().points.items())


@st.composite
def verdicts(draw: st.DrawFn) -> Verdict:
    """A verdict on anything, with any texts in it."""
    marks = []
    for step, possible in STEPS:
        points = draw(st.sampled_from([0.0, possible, round(possible / 3, 4)]))
        marks.append(Mark(step, points, possible, draw(st.integers(0, 4)), (draw(TEXTS),)))
    finished = draw(st.sampled_from(["", "2026-11-25T09:00:00.000Z"]))
    told = tuple(draw(st.lists(TEXTS, max_size=2)))
    return Verdict(f"in/{draw(TEXTS)}", draw(TEXTS), "a" * 32, tuple(marks), told, "", finished)


def hold_any_verdicts(folder: Path, examples: int) -> None:
    quiet = [HealthCheck.too_slow, HealthCheck.data_too_large]

    @settings(max_examples=examples, deadline=None, suppress_health_check=quiet)
    @given(st.lists(verdicts(), max_size=3))
    def held(found: list[Verdict]) -> None:
        hold_exports(found, folder)

    held()


def test_every_export_takes_any_text(tmp_path: Path) -> None:
    hold_any_verdicts(tmp_path, 40)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_every_export_takes_ten_thousand_texts(tmp_path: Path) -> None:
    hold_any_verdicts(tmp_path, 10_000)


@pytest.mark.parametrize("option", ["--csv", "--canvas", "--moodle", "--ags", "--junit", "--html"])
def test_where_nothing_can_be_written(handed_in: Path, tmp_path: Path, option: str) -> None:
    (tmp_path / "file").write_text("")
    ended = CliRunner().invoke(command, [str(handed_in), option, str(tmp_path / "file" / "out")])
    assert isinstance(ended.exception, GradeError)
    assert "cannot be written" in ended.exception.what


def test_a_new_folder_is_made(handed_in: Path, tmp_path: Path) -> None:
    run(handed_in, "--csv", str(tmp_path / "new" / "out.csv"))
    assert len(rows(tmp_path / "new" / "out.csv")) == 4


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full is Linux's")
@pytest.mark.parametrize("form", ["csv", "canvas", "moodle", "ags", "junit", "html"])
def test_a_disk_that_is_full_is_told(handed_in: Path, tmp_path: Path, form: str) -> None:
    full = tmp_path / "index.html"
    full.symlink_to("/dev/full")
    ended = CliRunner().invoke(
        app, ["grade", str(handed_in), f"--{form}", str(tmp_path if form == "html" else full)]
    )
    assert isinstance(ended.exception, GradeError), ended.exception
    assert f"{full} cannot be written." in str(ended.exception)
    assert "No space left on device" in str(ended.exception)
