"""Tier 3: the learner's account as it is now, looked at by the lab's own checks.

The checks only read, and the profile is to have no more than the shipped policy for
graders. What cannot be seen gives no evidence, neither for nor against: a learner's
folder, a web server without a key for it, a lab that was cleaned up. The lower tiers
decide there.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tsalab import parameters, workplace
from tsalab.cloud.stacks import Stack
from tsalab.course.course import StepId
from tsalab.errors import (
    AuroraAsleepError,
    GradeError,
    PortClosedError,
    ProfileError,
    ServerError,
    TemplateError,
    TsalabError,
    UnseenError,
)
from tsalab.grade import Evidence
from tsalab.grade.examining import Examined
from tsalab.messages import say
from tsalab.profiles import locate
from tsalab.resources import VARIANTS
from tsalab.steps import STEPS, Finding, Place, World
from tsalab.steps.template import lacking
from tsalab.template import Template, read_package
from tsalab.witness.whose import Whose

TIER = 3
_IN_FOLDER = range(1, 8)  # steps that are about the learner's own files; the upload shows what became of them
# What says that the grader cannot see, rather than that the learner has not done.
_UNSEEN = (AuroraAsleepError, PortClosedError, ProfileError, ServerError, UnseenError)


@dataclass
class Live:
    """A witness that looks at each learner's account; it writes nothing there.

    Parameters
    ----------
    whose
        The learners' profiles.
    steps
        What is graded.
    bootstrap
        Name of lab 1's stack, where it is not the usual one.
    """

    whose: Whose
    steps: Sequence[StepId]
    bootstrap: str = ""
    _looked: dict[str, str] = field(default_factory=dict, repr=False)  # account and region: whose they are

    def of(self, examined: Examined) -> dict[StepId, Evidence]:
        """What the account shows of each step.

        Raises
        ------
        GradeError
            When the learner has no profile, the account is not the one that the records
            name, or was somebody else's before, or AWS does not let us look.
        """
        profile = self.whose.of(examined.learner)
        claimed = examined.accounts
        try:
            with tempfile.TemporaryDirectory(prefix="tsalab-live-") as folder:
                place = self._place(profile, Path(folder), claimed)
                self._refuse_other(place, profile, examined)
                try:
                    return dict(look(place, self.steps))
                finally:
                    place.disconnect()
        except GradeError:
            raise
        except TsalabError as error:
            raise GradeError.not_looked(examined.learner, profile, f"{error.what} {error.why}") from error

    def _place(self, profile: str, folder: Path, claimed: frozenset[tuple[str, str]]) -> Place:
        regions = {region for _, region in claimed}
        region = regions.pop() if len(regions) == 1 else ""
        parameters.check({"profile": profile, "region": region, "bootstrap": self.bootstrap})
        found = locate(profile, start=False)
        return workplace.place_at(found, str(folder), region=region, bootstrap=self.bootstrap)

    def _refuse_other(self, place: Place, profile: str, examined: Examined) -> None:
        account = place.account.identity["account"]
        wrong = sorted({name for name, _ in examined.accounts} - {account})
        if wrong:
            raise GradeError.other_account(profile, account, ", ".join(wrong))
        where = f"{account} {place.account.region}"
        # One account is one lab: it cannot be the work of two people.
        first = self._looked.setdefault(where, examined.learner)
        if first != examined.learner:
            raise GradeError.account_of_another(profile, where, first)


def look(place: Place, steps: Sequence[StepId]) -> Iterator[tuple[StepId, Evidence]]:
    """Look at an account, at every step that can be seen there.

    Parameters
    ----------
    place
        The account. Its folder is empty, and gets the template as it was uploaded.
    steps
        Which ones.

    Yields
    ------
    tuple
        The step and what was seen; of what could not be seen, why.
    """
    lab = any(isinstance(step, int) for step in steps)
    if lab and (gone := _gone(place)):
        yield from ((step, _silent(gone)) for step in steps)
        return
    finished = _unpack(place) if lab else True
    world = World(place, hurried=True, opening=False)
    for step in steps:
        if step in _IN_FOLDER and not finished:
            yield step, _silent(say("witness.live.folder"))
        else:
            yield step, _seen(step, world)


def _seen(step: StepId, world: World) -> Evidence:
    try:
        found = STEPS[step].check(world)
    except _UNSEEN as error:
        return _silent(say("witness.live.unseen", why=f"{error.what} {error.why}"))
    except TsalabError as error:
        found = Finding.of_error(error)
    kind = "passed" if found.passed else "not_passed"
    saw = world.place.redactor.mask(found.saw)
    return Evidence(TIER, found.passed, say(f"witness.live.saw.{kind}", saw=saw))


def _silent(why: str) -> Evidence:
    return Evidence(TIER, None, why)


def _gone(place: Place) -> str:
    """Why the lab cannot be seen any more; empty when it is there."""
    for name in (place.stack, place.bootstrap):
        state = Stack(place.account, name).state()
        if state is None or state.status == "DELETE_IN_PROGRESS":
            return say("witness.live.gone", stack=name)
    return ""


def _unpack(place: Place) -> bool:
    """Put the template that was uploaded where a learner has it; whether it is the finished one."""
    world = World(place)
    if world.uploaded is None:
        return False
    try:
        text = read_package(world.uploaded.body)
        fitting = [name for name in VARIANTS if not lacking(Template(text, variant=name))]
    except TemplateError:
        return False
    if not fitting:
        return False
    if place.variant not in fitting:  # the profile is the grader's, and knows nothing of the learner's choice
        place.variant = fitting[0]
    world.package_path.write_bytes(world.uploaded.body)
    Template(text).write(world.template_path)
    return True
