"""Parameters: what papermill was given is held against the table."""

from __future__ import annotations

import json

import pytest

from tsalab import parameters, resources
from tsalab.errors import SettingError

GIVEN = '# Parameters\nprofile = "class3"\nproflie = "x"\n'


def test_names_that_papermill_assigned_are_found() -> None:
    assert parameters.injected(["x = 1", GIVEN, "y = 2"]) == {"profile", "proflie"}


def test_an_unknown_parameter_is_refused_by_name() -> None:
    with pytest.raises(SettingError, match="proflie"):
        parameters.refuse_unknown(parameters.injected([GIVEN]))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("profile", ""),
        ("profile", "a b"),
        ("learner", "x" * 101),
        ("learner", "line\nbreak"),
        ("method", "teleport"),
        ("region", "Mars"),
        ("workdir", "a\0b"),
        ("workdir", 7),
        ("mode", "cheat"),
        ("bootstrap", "1st"),
        ("bootstrap", "a stack"),
        ("confirm", "no"),
    ],
)
def test_a_malformed_value_is_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(SettingError, match=name):
        parameters.check({name: value})


def test_good_values_pass() -> None:
    parameters.check(
        {
            "profile": "sandbox",
            "learner": "Zoë Ångström",
            "workdir": "",
            "method": "copy",
            "region": "eu-west-1",
            "mode": "challenge",
        }
    )


@pytest.mark.parametrize("name", ["lab4.ipynb", "lab4-cleanup.ipynb"])
def test_each_notebook_declares_exactly_the_table(name: str) -> None:
    book = json.loads((resources.notebooks() / name).read_text(encoding="utf-8"))
    cell = next(c for c in book["cells"] if "parameters" in c["metadata"].get("tags", []))
    assigned = {}
    exec("".join(cell["source"]), assigned)  # noqa: S102 - our own cell
    assert {p.name: p.default for p in parameters.PARAMETERS} == {n: assigned[n] for n in parameters.NAMES}
    assert set(assigned) - {"__builtins__"} == set(parameters.NAMES)


def test_outside_a_kernel_no_cell_was_run() -> None:
    assert parameters.cells_so_far() == []
