"""The JUnit report: valid against a schema of what its readers ask for, and read by another program."""

from __future__ import annotations

from pathlib import Path

import pytest
from junitparser import JUnitXml

from tests.grade import a_class
from tests.grade.exported import hold_junit
from tsalab.grade import Mark, Verdict, exports, grade, read_rubric

R = "\ufffd"  # what stands for a character that XML cannot hold
HOSTILE = [
    ("\x00\x1b\x7f", f"{R}{R}\x7f"),
    ("\ud800", R),
    ("]]>", "]]>"),
    ("<!-- --><![CDATA[", "<!-- --><![CDATA["),
    ("&lol;\"'", "&lol;\"'"),
    ("\ufffe", R),
    ("a\nb\tc\rd", "a\nb\tc\rd"),
    ("\x0b", R),
    ("\u0085x", "\u0085x"),
]


def report(path: Path, *verdicts: Verdict) -> Path:
    with exports.JUnit(path) as junit:
        for verdict in verdicts:
            junit.add(verdict)
    return path


def test_a_class(tmp_path: Path) -> None:
    verdicts = list(grade([a_class.handed_in(tmp_path / "in")], read_rubric()))
    suites = hold_junit(report(tmp_path / "out.xml", *verdicts))
    assert [suite.get("name") for suite in suites][:10] == list(a_class.NAMES)
    assert suites[-1].get("name") == str(tmp_path / "in" / "torn.ipynb")
    assert int(suites[-1].get("failures")) == 30
    assert suites[0].get("timestamp") == "2026-11-25T09:29:05"


def test_another_program_reads_the_same(tmp_path: Path) -> None:
    verdicts = list(grade([a_class.handed_in(tmp_path / "in")], read_rubric()))
    found = list(JUnitXml.fromfile(str(report(tmp_path / "out.xml", *verdicts))))
    for verdict, suite in zip(verdicts, found, strict=True):
        lost = [str(mark.step) for mark in verdict.marks if mark.points < mark.possible]
        assert [case.name for case in suite if case.result] == lost
        assert suite.tests == len(list(suite)) == 30


def test_nobody(tmp_path: Path) -> None:
    assert len(hold_junit(report(tmp_path / "out.xml"))) == 0


@pytest.mark.parametrize(("text", "shown"), HOSTILE, ids=ascii)
def test_hostile_names_and_reasons(tmp_path: Path, text: str, shown: str) -> None:
    marks = (Mark(1, 0.0, 1.0, 0, (text, text)), Mark("cleanup-1", 1e6, 1e6, 4, (text,)))
    named = Verdict("in/lab4.ipynb", f"({text})", "", marks, (text,))
    unnamed = Verdict(f"in/{text}.ipynb", " ", "", marks, (text,))
    one, other = hold_junit(report(tmp_path / "out.xml", named, unnamed))
    assert (one.get("name"), other.get("name")) == (f"({shown})", f"in/{shown}.ipynb")
    failure = one.find("testcase/failure")
    assert failure.text == f"{shown} {shown}".replace("\r", "\n")  # as XML reads a line's end in a text
