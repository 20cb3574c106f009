"""The course and the notebooks say the same."""

from __future__ import annotations

import json

import pytest

from tsalab import resources
from tsalab.course import CLEANUP, LAB, Course
from tsalab.steps import STEPS


def cells(course: Course) -> dict[str, str]:
    book = json.loads((resources.notebooks() / course.notebook).read_text(encoding="utf-8"))
    return {cell["id"]: "".join(cell["source"]) for cell in book["cells"]}


def test_there_are_thirty_steps_in_the_sections_of_the_original() -> None:
    assert [step.id for step in LAB.steps] == list(range(1, 31))
    assert LAB.sections == (
        "Add Aurora Serverless to CloudFormation",
        "Move the existing data",
        "Update the application to use the Aurora database",
        "Updating the server",
    )
    assert [step.id for step in CLEANUP.steps] == [f"cleanup-{n}" for n in range(1, 9)]


@pytest.mark.parametrize("course", [LAB, CLEANUP], ids=["lab", "cleanup"])
def test_each_step_is_one_cell_that_reads_as_the_course_says(course: Course) -> None:
    found = cells(course)
    for step in course.steps:
        cell = f"step-{step.id}" if isinstance(step.id, int) else step.id
        assert found[cell] == step.call
        assert step.title in found[f"about-{cell}"]
        assert len(step.call.splitlines()) <= 5


@pytest.mark.parametrize("course", [LAB, CLEANUP], ids=["lab", "cleanup"])
def test_each_step_has_a_check_and_says_how_to_do_it_by_hand(course: Course) -> None:
    for step in course.steps:
        assert STEPS[step.id].check.__doc__ or step.id in (2, 3, 4, 5, 16, 17, 18, 19, 21, 22, 23)
        assert step.by_hand


def test_a_step_that_is_not_there_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        LAB.step(31)
