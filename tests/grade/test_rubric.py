"""The rubric: a default, what a file changes, and what is wrong with one."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.grade import genuine
from tests.grade.genuine import cell, changed
from tests.mutations import mutated
from tsalab.course import LAB
from tsalab.errors import GradeError
from tsalab.grade import read_rubric
from tsalab.grade.rubric import DEFAULT
from tsalab.records.notebook import MIMETYPE

from .test_forgeries import Judge


def test_the_default_is_for_the_whole_lab() -> None:
    rubric = read_rubric()
    assert list(rubric.points) == [step.id for step in LAB.steps]
    assert rubric.total == 38
    assert rubric.evidence == 1


def test_the_default_is_a_rubric_like_any_other(tmp_path: Path) -> None:
    file = tmp_path / "rubric.yml"
    file.write_text(DEFAULT.read_text())
    assert read_rubric(file) == read_rubric()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("point: 2", "point"),
        ("points: -1", "points"),
        ("points: yes", "points"),
        ("notebook: other.ipynb", "lab4.ipynb or lab4-cleanup.ipynb"),
        ("steps: {31: 1}", "steps are 1 to 30"),
        ("steps: [1]", "by the step's number"),
        ("required: [true]", "steps are 1 to 30"),
        ("required: 5", "list of steps"),
        ("evidence: 5", "0 to 4"),
        ("hint: many", "costs"),
        ("due: 2026-12-24T18:00:00", "time zone"),
        ("due: soon", "time zone"),
        ("late: 1.5", "0 to 1"),
        ("title: [x]", "text"),
        ("- a\n- b", "no list of entries"),
        ("a: [", "expected"),
        ("points: .nan", "points"),
    ],
)
def test_a_wrong_entry_is_named(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "rubric.yml"
    file.write_text(text)
    with pytest.raises(GradeError) as caught:
        read_rubric(file)
    assert told in f"{caught.value.what} {caught.value.why}"
    assert caught.value.next_step


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(GradeError, match="cannot be read"):
        read_rubric(tmp_path / "none.yml")


def fail(book: genuine.Notebook, step: int) -> None:
    """A step that was tried and did not pass, with the chain as it would be."""
    whole, _ = genuine.notebook()
    data = genuine.record(whole, step)
    failed = genuine.rehashed(data, status="failed", next="Do it.")
    cell(book, f"step-{step}")["outputs"][0]["data"][MIMETYPE] = failed
    cell(book, f"step-{step}")["outputs"] = cell(book, f"step-{step}")["outputs"][:1]
    if step < len(LAB.steps):  # later records follow it
        raise AssertionError("the chain after it would have to be made anew")


def test_points_required_steps_and_lateness(book: genuine.Notebook, judged: Judge) -> None:
    last_failed = changed(book, lambda one: fail(one, 30))
    assert judged(last_failed).points == 29
    assert judged(last_failed, "points: 2\nsteps: {30: 10}\n").points == 58
    needed = judged(last_failed, "required: [30]\n")
    assert needed.points == 0
    assert "Nothing counts without the required steps" in needed.marks[0].reasons[-1]
    # Ada began at 9:00 UTC and took a minute a step: half of the steps are after 9:14:30.
    late = judged(book, "points: 1\nsteps: {}\ndue: 2026-11-25T09:14:30Z\nlate: 0.5\n")
    assert late.points == 15 + 15 * 0.5
    assert "1 day late: 0.5 points less." in late.marks[-1].reasons


TEXTS = st.text(max_size=400).map(lambda text: text.encode("utf-8", "replace"))
# What means something in YAML, or in this file.
TOKENS = (
    *(
        b":",
        b": ",
        b"- ",
        b"[",
        b"]",
        b"{",
        b"}",
        b"&a ",
        b"*a",
        b"<<: *a",
        b"!!python/object:x ",
        b"!!set ",
        b"? ",
    ),
    *(
        b"|\n",
        b">\n",
        b"#",
        b"'",
        b'"',
        b"\n",
        b"\t",
        b"---\n",
        b"...\n",
        b"%YAML 9\n",
        b"\xff",
        b"\x00",
        b"null",
    ),
    *(
        b".nan",
        b".inf",
        b"-1",
        b"1e400",
        b"9" * 30,
        b"0x10",
        b"yes",
        b"2026-01-01",
        b"2026-01-01T00:00:00Z",
        b"1:2:3",
    ),
    *(
        b"title",
        b"steps",
        b"required",
        b"due",
        b"late",
        b"canvas: 7\n",
        b"notebook: lab4-cleanup.ipynb\n",
        b"cleanup-1",
    ),
)
QUIET = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


def hold_any_rubric(folder: Path, data: bytes) -> None:
    file = folder / "any.yml"
    file.write_bytes(data)
    try:
        made = read_rubric(file)
    except GradeError:
        return
    assert 0 <= made.total < math.inf
    assert set(made.required) <= set(made.points)
    assert all(moment is None or moment.tzinfo for moment in (made.opens, made.due))


@settings(max_examples=300, deadline=None, suppress_health_check=QUIET)
@given(data=st.one_of(st.binary(max_size=400), TEXTS, mutated(DEFAULT.read_bytes(), TOKENS)))
def test_any_bytes_are_a_rubric_or_a_named_error(tmp_path: Path, data: bytes) -> None:
    hold_any_rubric(tmp_path, data)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@settings(max_examples=10_000, deadline=None, suppress_health_check=QUIET)
@given(data=st.one_of(st.binary(max_size=400), TEXTS, mutated(DEFAULT.read_bytes(), TOKENS)))
def test_ten_thousand_rubrics(tmp_path: Path, data: bytes) -> None:
    hold_any_rubric(tmp_path, data)
