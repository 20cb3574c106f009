"""The author's self-test: the course held against itself, on an account that is lab 3's end.

A step can be wrong in ways that no learner reports: a check that passes on an untouched
lab, a do that leaves its own check unhappy, a check that still passes when its step is
taken back. Each would give points for nothing, or take them from somebody. So every step
makes its claims here, and each is tried on the real thing.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal, Protocol

from tsalab.cloud.inventory import leftovers
from tsalab.course import CLEANUP, LAB
from tsalab.course.course import StepId
from tsalab.errors import TsalabError
from tsalab.messages import say
from tsalab.reset import reset
from tsalab.steps import STEPS

if TYPE_CHECKING:
    from tsalab.lab import Lab

Claim = Literal["untouched", "before", "done", "undone", "clean"]
CLAIMS: tuple[Claim, ...] = ("untouched", "before", "done", "undone", "clean")
"""In the order in which they are tried."""


@dataclass(frozen=True)
class Proof:
    """One claim about one step, and what was seen.

    Parameters
    ----------
    step
        Its number; None for what the clean-up as a whole claims.
    claim
        ``untouched``: its check does not pass before anything is done. ``before``: nor with
        all the steps before it done. ``done``: its do makes it pass. ``undone``: it no
        longer passes once the step is taken back. ``clean``: the clean-up leaves nothing.
    held
        Whether that is so.
    saw
        What the check said, or the error.
    """

    step: StepId | None
    claim: Claim
    held: bool
    saw: str


class Rehearsed(Protocol):
    """A course on an account of its own, as the self-test drives it.

    Attributes
    ----------
    steps, cleanup
        Numbers, in order.
    changing
        Of ``steps`` those that change something: the others only look at what they did.
    """

    @property
    def steps(self) -> Sequence[StepId]:
        """Numbers of the lab's steps."""

    @property
    def cleanup(self) -> Sequence[StepId]:
        """Numbers of the clean-up's steps."""

    @property
    def changing(self) -> frozenset[StepId]:
        """Steps that change something."""

    def check(self, steps: Iterable[StepId]) -> Iterator[tuple[StepId, bool, str]]:
        """Number, whether it passes, and what was seen, of each."""

    def do(self, step: StepId) -> None:
        """Perform a step; raises TsalabError when its check does not pass afterwards."""

    def undo_to(self, step: StepId) -> None:
        """Go back to just before a step; raises TsalabError when that fails."""

    def left(self) -> list[str]:
        """What the account still holds of the lab, each thing in words."""


def selftest(course: Rehearsed, told: Callable[[Proof], None]) -> list[Proof]:
    """Try every claim; stops where a step cannot be done, since what follows rests on it.

    Parameters
    ----------
    course
        On an account where nothing of it is done.
    told
        Called with each claim as it is tried.
    """
    proofs: list[Proof] = []
    for proof in _all(course):
        proofs.append(proof)
        told(proof)
    return proofs


def _all(course: Rehearsed) -> Iterator[Proof]:
    yield from _failing(course, course.steps, "untouched")
    broken = yield from _forward(course, prove_before=True)
    if broken:
        return
    broken = yield from _backward(course)
    if broken:
        return
    # What was taken back can be done again; and a clean-up is of a lab at its end.
    broken = yield from _forward(course, prove_before=False)
    if not broken:
        yield from _clean_up(course)


def _failing(course: Rehearsed, steps: Iterable[StepId], claim: Claim) -> Iterator[Proof]:
    for step, passed, saw in course.check(steps):
        yield Proof(step, claim, not passed, saw)


def _forward(course: Rehearsed, *, prove_before: bool) -> Generator[Proof, None, bool]:
    """Do every step; returns whether one could not be done."""
    for step in course.steps:
        if prove_before and step in course.changing:
            yield from _failing(course, [step], "before")
        proof = _attempt(step, "done", partial(course.do, step))
        if proof.held:
            # Not by what the do remembers: by a new look.
            ((_, passed, saw),) = course.check([step])
            proof = Proof(step, "done", passed, saw)
        yield proof
        if not proof.held:
            return True
    return False


def _backward(course: Rehearsed) -> Generator[Proof, None, bool]:
    """Take the changes back from the last to the first; returns whether one could not be."""
    followers: list[StepId] = []  # steps that only look at what the change before them left
    for step in reversed(course.steps):
        followers.insert(0, step)
        if step not in course.changing:
            continue
        proof = _attempt(step, "undone", partial(course.undo_to, step))
        if not proof.held:
            yield proof
            return True
        yield from _failing(course, followers, "undone")
        followers = []
    return False


def _clean_up(course: Rehearsed) -> Iterator[Proof]:
    for step in course.cleanup:
        proof = _attempt(step, "done", partial(course.do, step))
        yield proof
        if not proof.held:
            return
    left = course.left()
    yield Proof(None, "clean", not left, "; ".join(left) or say("selftest.nothing_left"))


def _attempt(step: StepId, claim: Claim, act: Callable[[], None]) -> Proof:
    try:
        act()
    except TsalabError as error:
        return Proof(step, claim, False, f"{error.what} {error.why}")
    return Proof(step, claim, True, "")


class Rehearsal:
    """The lab as a self-test drives it: through what a notebook's cells call.

    Parameters
    ----------
    lab
        On an account that is its own, where it may delete everything of the lab.
    """

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self.steps: Sequence[StepId] = [step.id for step in LAB.steps]
        self.cleanup: Sequence[StepId] = [step.id for step in CLEANUP.steps]
        self.changing = frozenset(step for step in self.steps if STEPS[step].undo is not None)

    def check(self, steps: Iterable[StepId]) -> Iterator[tuple[StepId, bool, str]]:
        """As `Rehearsed`."""
        for found in self._lab.check(steps):
            yield found.number, found.passed, found.saw

    def do(self, step: StepId) -> None:
        """As `Rehearsed`."""
        self._lab.perform(step)

    def undo_to(self, step: StepId) -> None:
        """As `Rehearsed`."""
        reset(self._lab, step, yes=True)

    def left(self) -> list[str]:
        """As `Rehearsed`."""
        place = self._lab.place
        return [f"{thing.kind} {thing.name}" for thing in leftovers(place.account, place.names)]
