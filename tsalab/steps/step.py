"""What a step is made of: a finding, an outcome, and the table of what does and checks each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from tsalab.errors import DiagnosisError, TsalabError
from tsalab.messages import say

if TYPE_CHECKING:
    from tsalab.course.course import StepId
    from tsalab.show import Part
    from tsalab.steps.undo.move import Back, Move
    from tsalab.steps.world import World


@dataclass(frozen=True)
class Finding:
    """What a check saw.

    Parameters
    ----------
    passed
        Whether the step is done.
    saw, expected
        The state, and what it should be, as parts of a sentence.
    next
        What to do next; a finding that passed has none, whatever it is given.
    facts
        Names, counts and digests for the record. Never a secret.
    final
        Whether waiting longer cannot change it.
    coming
        What is already on its way, in a few words: waiting is enough, nobody has to act.
    evidence
        What the answer rests on, for the page: lines of a file, a difference.
    """

    passed: bool
    saw: str
    expected: str
    next: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    final: bool = False
    coming: str = ""
    evidence: tuple[Part, ...] = ()

    def __post_init__(self) -> None:
        if self.passed:
            object.__setattr__(self, "next", "")

    @classmethod
    def of_error(cls, error: TsalabError) -> Finding:
        """A check that could not read the state: the error says why."""
        lasting = isinstance(error, DiagnosisError) and error.lasting
        saw = f"{error.what} {error.why}"
        return cls(False, saw, say("check.readable"), error.next_step, final=lasting)


@dataclass
class Outcome:
    """What a do leaves for the record and the page."""

    facts: dict[str, Any] = field(default_factory=dict)
    parts: list[Part] = field(default_factory=list)


Check = Callable[["World"], Finding]
Do = Callable[..., Outcome]
"""Called with the world, the view, and what the notebook cell gave by name."""


Undo = Callable[["Back"], "list[Move]"]
"""Looks at the real state, and plans how to bring a part of it back to before a step."""


@dataclass(frozen=True)
class StepCode:
    """A step's check, and its do and undo where it changes something.

    Parameters
    ----------
    check
        Reads the state.
    do
        Brings it about; None for a step that only looks.
    always
        Whether the do runs even when the check passes already, because it shows or proves
        something and takes no work from the learner: a challenge runs it too, once the
        check has passed.
    undo
        Brings the lab back to before the step; None for a step that only looks.
    """

    check: Check
    do: Do | None = None
    always: bool = False
    undo: Undo | None = None


class Registry(dict["StepId", StepCode]):
    """The code of each step, by its id."""

    def check(self, step_id: StepId) -> Callable[[Check], Check]:
        """Register a function as a step's check."""

        def register(function: Check) -> Check:
            self[step_id] = StepCode(function)
            return function

        return register

    def do(self, step_id: StepId, *, always: bool = False) -> Callable[[Do], Do]:
        """Register a function as the do of a step whose check is registered."""

        def register(function: Do) -> Do:
            self[step_id] = StepCode(self[step_id].check, function, always)
            return function

        return register

    def undo(self, *step_ids: StepId) -> Callable[[Undo], Undo]:
        """Register a function as the undo of steps that change the same part of the world."""

        def register(function: Undo) -> Undo:
            for step_id in step_ids:
                self[step_id] = replace(self[step_id], undo=function)
            return function

        return register


STEPS = Registry()
