"""A learner's work done again in a clean sandbox: the template deployed, the app pushed, the site visited.

It proves that the work works, and not whose it is. So it takes points where the work does
not work, and gives none: what works stays at the tier of its other evidence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tsalab import migrate
from tsalab.course import LAB
from tsalab.course.course import StepId
from tsalab.errors import GradeError, TsalabError
from tsalab.grade import Evidence
from tsalab.grade.examining import Examined
from tsalab.grade.reading import work_beside
from tsalab.handin import Work, WorkError, read
from tsalab.lab import Lab
from tsalab.messages import say
from tsalab.resources import AS_WRITTEN, VARIANTS
from tsalab.steps import World
from tsalab.steps.template import lacking
from tsalab.template import Template
from tsalab.witness.app import push

TIER = 1  # anybody could have handed it in
_COMMIT, _IMPORT = 24, 14
_TEMPLATE, _DEPLOY, _CODE, _SERVER = range(1, 6), range(6, 15), range(15, 25), range(25, 31)


@dataclass(frozen=True)
class Seen:
    """What a replay saw of a step: whether it works, and the state in words."""

    step: StepId
    passed: bool
    saw: str

    def to_json(self) -> dict[str, Any]:
        """As plain JSON."""
        return {"step": self.step, "passed": self.passed, "saw": self.saw}


Run = Callable[[bytes], Sequence[Seen]]
"""Replays an archive on a sandbox of its own, in a process of its own."""


@dataclass(frozen=True)
class Replay:
    """A witness that does the work again.

    Parameters
    ----------
    run
        Does it.
    """

    run: Run

    def of(self, examined: Examined) -> dict[StepId, Evidence]:
        """What became of each step.

        Raises
        ------
        GradeError
            When there is no work, it cannot be used, or it is another run's.
        """
        try:
            data = work_beside(examined.source) if examined.source else None
            work = read(data) if data is not None else None
        except ValueError as error:  # which a WorkError is
            raise GradeError.bad_work(examined.name, str(error)) from error
        if data is None or work is None:
            raise GradeError.no_work(examined.name)
        _refuse_other(work, examined)
        return evidence(self.run(data))


def evidence(seen: Sequence[Seen]) -> dict[StepId, Evidence]:
    """What a replay says of each step of the lab."""
    told = {
        one.step: Evidence(
            TIER,
            None if one.passed else False,
            say(f"witness.replay.saw.{'passed' if one.passed else 'not_passed'}", saw=one.saw),
        )
        for one in seen
    }
    last = seen[-1].step if seen else 1
    for step in LAB.steps:
        if step.id not in told:
            told[step.id] = Evidence(TIER, False, say("witness.replay.not_reached", step=last))
    return told


def _refuse_other(work: Work, examined: Examined) -> None:
    """Refuse work that is not the one that the records are about, as far as they say it."""
    if examined.run and work.run != examined.run:
        wanted, found = (say("witness.replay.run", run=run) for run in (examined.run, work.run))
        raise GradeError.other_work(examined.name, wanted, found)
    record = examined.outcomes.get(_COMMIT)
    commit = str(record.facts.get("commit", "")) if record and record.passed else ""
    if commit and work.commit != commit:
        wanted, found = (say("witness.replay.commit", commit=one) for one in (commit, work.commit))
        raise GradeError.other_work(examined.name, wanted, found)


def replay(data: bytes, profile: str, workdir: Path) -> Iterator[Seen]:
    """Replay an archive on a sandbox where nothing is done yet.

    Parameters
    ----------
    data
        The archive.
    profile
        The sandbox's.
    workdir
        An empty folder.

    Yields
    ------
    Seen
        A step at a time; it ends after the first that does not work.
    """
    work = read(data)
    if not work.template:
        yield Seen(1, False, say("witness.replay.no_template"))
        return
    lab = Lab.open(profile, workdir=str(workdir), method="copy", variant=_variant(work.template))
    try:
        for seen in _all(lab, work):
            yield seen
            if not seen.passed:
                return
    finally:
        lab.close()


def _variant(template: str) -> str:
    """The variant of the lab that a template is finished in."""
    fitting = [name for name in VARIANTS if not lacking(Template(template, variant=name))]
    return fitting[0] if fitting else AS_WRITTEN


def _all(lab: Lab, work: Work) -> Iterator[Seen]:
    Template(work.template).write(lab.place.workdir / "infra.yml")
    yield from _checked(lab, _TEMPLATE)  # only looked at: a do would mend what is not right
    for step in _DEPLOY:
        yield _performed(lab, step)
    yield _compared(lab, work)
    yield _pushed(lab, work)
    yield from _checked(lab, _CODE)
    for step in _SERVER:
        yield _performed(lab, step)


def _checked(lab: Lab, steps: Sequence[StepId]) -> Iterator[Seen]:
    yield from (Seen(found.number, found.passed, found.saw) for found in lab.check(steps))


def _performed(lab: Lab, step: StepId) -> Seen:
    try:
        lab.perform(step)
    except TsalabError as error:
        return Seen(step, False, f"{error.what} {error.why}")
    record = lab.journal.last(step)
    return Seen(step, True, record.saw if record else "")


def _compared(lab: Lab, work: Work) -> Seen:
    """Hold the moved tables against what the work says of them."""
    world = World(lab.place)
    held = {
        row.table: (row.target_rows, row.digest) for row in migrate.compare(world.source, world.target).rows
    }
    wrong = [name for name, one in work.tables.items() if held.get(name) != (one.rows, one.digest)]
    if wrong:
        saw = say("witness.replay.other_tables", tables=", ".join(sorted(wrong)))
    elif work.tables:
        saw = say("witness.replay.same_tables", count=len(work.tables))
    else:
        saw = say("witness.replay.no_tables")
    return Seen(_IMPORT, not wrong, saw)


def _pushed(lab: Lab, work: Work) -> Seen:
    try:
        commit = push(work, lab.place)
    except (WorkError, TsalabError) as error:
        return Seen(_COMMIT, False, str(error))
    return Seen(_COMMIT, True, say("witness.replay.commit", commit=commit))
