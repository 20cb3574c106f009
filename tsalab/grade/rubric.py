"""The rubric: what each step is worth, and under which conditions. A file, validated."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tsalab.course import CLEANUP, LAB
from tsalab.errors import GradeError
from tsalab.grade.shipped import StepId
from tsalab.messages import say

DEFAULT = Path(__file__).with_name("rubric.yml")
TIERS = range(5)


@dataclass(frozen=True)
class Rubric:
    """What a submission is held against.

    Parameters
    ----------
    title, notebook
        Of what is graded.
    points
        Of each step, in order.
    required
        Steps without which the whole is worth nothing.
    evidence
        Least tier that gives points.
    hint
        Points that each hint costs.
    opens, due
        When it may be begun and must be done; None for no such moment.
    late
        Part of a step's points that each day, begun or whole, takes.
    canvas
        Number of the assignment in Canvas; None where it is found by its title.
    """

    title: str
    notebook: str
    points: Mapping[StepId, float]
    required: frozenset[StepId] = frozenset()
    evidence: int = 1
    hint: float = 0.0
    opens: datetime | None = None
    due: datetime | None = None
    late: float = 0.0
    canvas: int | None = None

    @property
    def total(self) -> float:
        """Points of everything."""
        return sum(self.points.values())


@cache
def default() -> Mapping[str, Any]:
    """The default rubric's entries."""
    found: Mapping[str, Any] = yaml.safe_load(DEFAULT.read_text(encoding="utf-8"))
    return found


def read(path: Path | None = None) -> Rubric:
    """Read a rubric; what it leaves out is as in the default.

    Parameters
    ----------
    path
        A YAML file; the default rubric when None.

    Raises
    ------
    GradeError
        Naming the entry that is wrong, and what it takes.
    """
    if path is None:
        return _made(default(), str(DEFAULT.name))
    try:
        given = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValueError, RecursionError) as error:
        raise GradeError.unreadable_rubric(path, str(error)) from error
    if not isinstance(given, dict):
        raise GradeError.unreadable_rubric(path, say("grade.rubric.no_mapping"))
    unknown = sorted(str(name) for name in given if name not in default())
    if unknown:
        known = say("grade.rubric.known", names=", ".join(default()))
        raise GradeError.wrong_rubric(path, ", ".join(unknown), known)
    return _made({**default(), **given}, str(path))


def _is_number(value: object) -> bool:
    return not isinstance(value, bool) and isinstance(value, int | float) and 0 <= value < 1e6


def _is_part(value: object) -> bool:
    return _is_number(value) and float(str(value)) <= 1


def _is_tier(value: object) -> bool:
    return not isinstance(value, bool) and isinstance(value, int) and value in TIERS


def _is_assignment(value: object) -> bool:
    return value is None or (not isinstance(value, bool) and isinstance(value, int) and 0 < value < 2**63)


def _is_moment(value: object) -> bool:
    return value is None or _moment(value) is not None


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_notebook(value: object) -> bool:
    return isinstance(value, str) and value in _COURSES


def _are_points(value: object) -> bool:
    return value is None or (isinstance(value, dict) and all(map(_is_number, value.values())))


def _is_list(value: object) -> bool:
    return value is None or isinstance(value, list)


_COURSES = {course.notebook: course for course in (LAB, CLEANUP)}
# What each entry may be.
_CHECKS: Mapping[str, Callable[[object], bool]] = {
    "title": _is_text,
    "notebook": _is_notebook,
    "points": _is_number,
    "steps": _are_points,
    "required": _is_list,
    "evidence": _is_tier,
    "hint": _is_number,
    "opens": _is_moment,
    "due": _is_moment,
    "late": _is_part,
    "canvas": _is_assignment,
}


def _made(given: Mapping[str, Any], source: str) -> Rubric:
    for name, allows in _CHECKS.items():
        if not allows(given[name]):
            raise GradeError.wrong_rubric(source, name, say(f"grade.rubric.expected.{name}"))
    steps = [step.id for step in _COURSES[given["notebook"]].steps]
    own = given["steps"] is not default()["steps"]
    single = given["steps"] or {}
    required = given["required"] or []
    # The default's single steps are the lab's: another notebook does not inherit them.
    for name, named in (("steps", list(single) if own else []), ("required", required)):
        if not all(not isinstance(step, bool) and step in steps for step in named):
            known = say("grade.rubric.known_steps", first=steps[0], last=steps[-1])
            raise GradeError.wrong_rubric(source, name, known)
    return Rubric(
        title=given["title"],
        notebook=given["notebook"],
        points={step: float(single.get(step, given["points"])) for step in steps},
        required=frozenset(required),
        evidence=given["evidence"],
        hint=float(given["hint"]),
        opens=_moment(given["opens"]),
        due=_moment(given["due"]),
        late=float(given["late"]),
        canvas=given["canvas"],
    )


def _moment(value: object) -> datetime | None:
    """A moment with a time zone, or None; YAML makes a datetime of it by itself."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    return value if isinstance(value, datetime) and value.tzinfo is not None else None
