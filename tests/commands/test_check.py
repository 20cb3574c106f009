"""``tsalab check``: its arguments, its table, its JSON, its exit codes. The checks are the library's."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from tests.commands.conftest import Tsalab
from tsalab.lab import Checked, Lab

DONE = Checked(1, "Open the template", True, "infra.yml", "infra.yml", "")
OPEN = Checked(4, "Add the cluster", False, "no [cluster]", "DatabaseCluster", "Add it.")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What was asked of the library, which finds step 1 done and every other not."""
    calls: list[Any] = []

    class Known:
        def check(self, steps: Sequence[int | str]) -> list[Checked]:
            calls.append(list(steps))
            return [DONE] if list(steps) == [1] else [DONE, OPEN]

    def inspect(profile: str, *, workdir: str, bootstrap: str) -> Known:
        calls.append((profile, workdir, bootstrap))
        return Known()

    monkeypatch.setattr(Lab, "inspect", inspect)
    return calls


def test_all_steps_with_what_to_do_next(tsalab: Tsalab, asked: list[Any]) -> None:
    done = tsalab("check")
    assert asked == [("sandbox", "", ""), []]
    assert done.exit_code == 1
    for text in ("Add the cluster", "saw:      no [cluster]", "next:     Add it.", "1 of 2 steps passed"):
        assert text in done.output


def test_named_steps_and_ranges(tsalab: Tsalab, asked: list[Any]) -> None:
    tsalab(
        "check", "9", "2-4", "cleanup-8", "--profile", "class3", "--workdir", "here", "--bootstrap", "Lab1"
    )
    assert asked == [("class3", "here", "Lab1"), [9, 2, 3, 4, "cleanup-8"]]


def test_exit_zero_when_all_passed(tsalab: Tsalab, asked: list[Any]) -> None:
    assert tsalab("check", "1").exit_code == 0


def test_json(tsalab: Tsalab, asked: list[Any]) -> None:
    done = tsalab("check", "--json")
    assert json.loads(done.output)[1] == {
        "number": 4,
        "title": "Add the cluster",
        "passed": False,
        "saw": "no [cluster]",
        "expected": "DatabaseCluster",
        "next": "Add it.",
    }


@pytest.mark.parametrize("word", ["0", "31", "4-2", "cleanup-9", "x", "1-x", "-"])
def test_what_is_no_step_is_refused(tsalab: Tsalab, word: str) -> None:
    done = tsalab("check", word)
    assert done.exit_code == 2
    assert "is no step: use 1 to 30" in done.output
