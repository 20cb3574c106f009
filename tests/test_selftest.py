"""The author's self-test: it must find each way in which a step can be wrong."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

import pytest
from click.testing import CliRunner

from tsalab.commands.course import course
from tsalab.errors import StepError
from tsalab.selftest import Proof, selftest


class Toy:
    """Four steps over a list of things done: 1 and 3 change something, 2 and 4 look at what they did.

    Parameters
    ----------
    wrong
        Which steps are made wrong, and how.
    """

    steps = (1, 2, 3, 4)
    cleanup = ("cleanup-1",)
    changing = frozenset({1, 3})

    def __init__(self, **wrong: int | str) -> None:
        self.wrong = wrong
        self.done: set[int] = set()
        self.forgotten: set[int] = set()  # taken back by the undo alone, not by the check

    def passes(self, step: int | str) -> bool:
        if step in (self.wrong.get("always"), "cleanup-1"):
            return True
        if step == self.wrong.get("early"):
            return bool(self.done)
        mine = {2: 1, 4: 3}.get(int(step), int(step))
        sticky = step == self.wrong.get("sticky") and mine in self.forgotten
        return mine in self.done or sticky

    def check(self, steps: Iterable[int | str]) -> Iterator[tuple[int | str, bool, str]]:
        for step in steps:
            yield step, self.passes(step), f"{sorted(self.done)}"

    def do(self, step: int | str) -> None:
        if step == self.wrong.get("refuses"):
            raise StepError.not_passed(step, "a step", "saw", "expected", "next")
        if step == "cleanup-1":
            self.done = set()
        elif step in self.changing and step != self.wrong.get("idle"):
            self.done.add(int(step))

    def undo_to(self, step: int | str) -> None:
        if step == self.wrong.get("stuck"):
            raise StepError.not_passed(step, "a step", "saw", "expected", "next")
        self.forgotten |= {each for each in self.done if each >= int(step)}
        self.done = {each for each in self.done if each < int(step)}

    def left(self) -> list[str]:
        return ["bucket toys"] if self.wrong.get("leaves") else []


def broken(toy: Toy) -> list[tuple[int | str | None, str]]:
    heard: list[Proof] = []
    proofs = selftest(toy, heard.append)
    assert heard == proofs
    return [(proof.step, proof.claim) for proof in proofs if not proof.held]


def test_a_course_that_is_right() -> None:
    toy = Toy()
    assert broken(toy) == []
    claims = [(proof.step, proof.claim) for proof in selftest(Toy(), lambda _: None)]
    assert [step for step, claim in claims if claim == "untouched"] == [1, 2, 3, 4]
    assert [step for step, claim in claims if claim == "before"] == [1, 3]
    assert [step for step, claim in claims if claim == "undone"] == [3, 4, 1, 2]
    assert claims[-1] == (None, "clean")


@pytest.mark.parametrize(
    ("wrong", "found"),
    [
        ({"always": 3}, [(3, "untouched"), (3, "before"), (3, "undone")]),
        ({"always": 4}, [(4, "untouched"), (4, "undone")]),
        ({"early": 3}, [(3, "before"), (3, "undone")]),
        ({"idle": 3}, [(3, "done")]),
        ({"refuses": 2}, [(2, "done")]),
        ({"refuses": "cleanup-1"}, [("cleanup-1", "done")]),
        ({"sticky": 1}, [(1, "undone")]),
        ({"sticky": 4}, [(4, "undone")]),
        ({"stuck": 1}, [(1, "undone")]),
        ({"leaves": 1}, [(None, "clean")]),
    ],
    ids=str,
)
def test_each_wrong_is_found(wrong: dict[str, int | str], found: list[tuple[int | str | None, str]]) -> None:
    assert broken(Toy(**wrong)) == found


def test_nothing_is_claimed_after_a_step_that_cannot_be_done() -> None:
    proofs = selftest(Toy(refuses=2), lambda _: None)
    assert (proofs[-1].step, proofs[-1].claim, proofs[-1].held) == (2, "done", False)


@pytest.mark.slow
@pytest.mark.parametrize(("method", "variant"), [("dump", "as-written"), ("copy", "current")])
def test_the_lab_keeps_what_it_claims(method: str, variant: str) -> None:
    ended = CliRunner().invoke(course, ["test", "--json", "--method", method, "--variant", variant])
    assert ended.exit_code == 0, ended.output
    claims = json.loads(ended.stdout)
    assert {row["step"] for row in claims if row["claim"] == "done"} >= set(range(1, 31))
    assert all(row["held"] for row in claims)
