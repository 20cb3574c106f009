"""A submission's verdict: points a step, the tier of their evidence, and the reasons in words."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tsalab.errors import GradeError
from tsalab.grade.doubts import Doubt, about
from tsalab.grade.evidence import Evidence, Knowing, Witness
from tsalab.grade.examining import Examined
from tsalab.grade.rubric import Rubric
from tsalab.grade.shipped import StepId
from tsalab.messages import say
from tsalab.records import Record


@dataclass(frozen=True)
class Mark:
    """What one step got.

    Parameters
    ----------
    step
        Its number.
    points, possible
        What it got, and what it could.
    tier
        Of the evidence it rests on, 0 to 4.
    reasons
        In words; at least one.
    """

    step: StepId
    points: float
    possible: float
    tier: int
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Verdict:
    """What one submission got.

    Parameters
    ----------
    name
        Where it was found.
    learner
        Who did it, by its records.
    run
        Nonce of the run.
    marks
        Of each step, in order.
    doubts
        What speaks against it, in words.
    unreadable
        Why it could not be read; empty when it could.
    finished
        When its last step ended, as the records say; empty when none did.
    """

    name: str
    learner: str
    run: str
    marks: tuple[Mark, ...] = field(repr=False)
    doubts: tuple[str, ...] = ()
    unreadable: str = ""
    finished: str = ""

    @property
    def points(self) -> float:
        """Points of all steps."""
        return round(sum(mark.points for mark in self.marks), 4)

    @property
    def possible(self) -> float:
        """Points that there were."""
        return round(sum(mark.possible for mark in self.marks), 4)

    @property
    def tier(self) -> int:
        """The least tier among the steps that got points; 0 when none did."""
        return min((mark.tier for mark in self.marks if mark.points), default=0)


def judge(examined: Examined, rubric: Rubric, witnesses: Iterable[Witness] = ()) -> Verdict:
    """Judge one submission.

    Parameters
    ----------
    examined
        What it says, and what speaks against it.
    rubric
        What it is held against.
    witnesses
        Evidence from elsewhere; the highest tier decides.
    """
    heard = [one for one in witnesses if isinstance(one, Knowing)] if examined.unreadable else witnesses
    told, silent, refusals = _testimony(examined, heard)
    if examined.unreadable and not told:
        reason = say("grade.reason.unreadable", why=examined.unreadable)
        marks = [Mark(step, 0.0, possible, 0, (reason,)) for step, possible in rubric.points.items()]
        return Verdict(
            examined.name, examined.learner, "", tuple(marks), tuple(refusals), examined.unreadable
        )
    marks = [_mark(step, examined, rubric, told.get(step), silent.get(step, ())) for step in rubric.points]
    missing = [mark.step for mark in marks if mark.step in rubric.required and not mark.points]
    if missing:
        reason = say("grade.reason.required", steps=", ".join(map(str, missing)))
        marks = [Mark(one.step, 0.0, one.possible, one.tier, (*one.reasons, reason)) for one in marks]
    unreadable = [say("grade.reason.unreadable", why=examined.unreadable)] if examined.unreadable else []
    words = (*unreadable, *refusals, *_told(examined.doubts))
    return Verdict(
        examined.name, examined.learner, examined.run, tuple(marks), words, "", _finished(examined, told)
    )


def _finished(examined: Examined, told: Mapping[StepId, Evidence]) -> str:
    """When the last step was done: as a witness knows it, else as the records say."""
    known = [one.at for one in told.values() if one.at and one.passed]
    if known:
        return max(known).astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return max((record.ended for record in examined.outcomes.values()), default="")


def _told(doubts: Iterable[Doubt]) -> Iterator[str]:
    """Doubts in words, each once: with all steps that it is about."""
    steps: dict[str, list[StepId]] = {}
    for doubt in doubts:
        steps.setdefault(doubt.words, [])
        if doubt.step is not None and doubt.step not in steps[doubt.words]:
            steps[doubt.words].append(doubt.step)
    for words, about_ in steps.items():
        if not about_:
            yield words
        elif len(about_) == 1:
            yield say("grade.doubt_of_step", step=about_[0], doubt=words)
        else:
            yield say("grade.doubt_of_steps", steps=_ranges(about_), doubt=words)


def _ranges(steps: Sequence[StepId]) -> str:
    """Steps as a reader counts them: those that follow each other by the first and the last."""
    runs: list[list[StepId]] = []
    for step in steps:
        last = runs[-1][-1] if runs else None
        if isinstance(step, int) and isinstance(last, int) and step == last + 1:
            runs[-1].append(step)
        else:
            runs.append([step])
    return ", ".join(f"{run[0]}–{run[-1]}" if len(run) > 2 else ", ".join(map(str, run)) for run in runs)


def _testimony(
    examined: Examined, witnesses: Iterable[Witness]
) -> tuple[Mapping[StepId, Evidence], Mapping[StepId, list[str]], Sequence[str]]:
    """The highest evidence on each step, why a witness cannot tell, and why one was not heard."""
    told: dict[StepId, Evidence] = {}
    silent: dict[StepId, list[str]] = {}
    refusals: list[str] = []
    for witness in witnesses:
        try:
            found = witness.of(examined)
        except GradeError as error:
            refusals.append(f"{error.what} {error.why}")
            continue
        for step, evidence in found.items():
            if evidence.passed is None:
                silent.setdefault(step, []).append(evidence.reason)
            elif step not in told or evidence.tier >= told[step].tier:
                told[step] = evidence
    return told, silent, refusals


def _mark(
    step: StepId, examined: Examined, rubric: Rubric, evidence: Evidence | None, silent: Sequence[str]
) -> Mark:
    possible = rubric.points[step]
    record = examined.outcomes.get(step)
    if evidence is not None and evidence.passed is not None:
        # It knows without the notebook, so nothing in there counts for or against.
        tier, passed, reasons = evidence.tier, evidence.passed, [evidence.reason]
        if passed and rubric.opens and evidence.at and evidence.at < rubric.opens:
            passed = False
            reasons.append(Doubt("too_early", step, evidence.at.isoformat()).words)
    else:
        tier, passed, reasons = _by_record(step, record, examined, rubric)
    reasons += silent
    if not passed:
        return Mark(step, 0.0, possible, tier, tuple(reasons))
    if tier < rubric.evidence:
        reasons.append(say("grade.reason.capped", tier=tier, least=rubric.evidence))
        return Mark(step, 0.0, possible, tier, tuple(reasons))
    points = possible
    if hints := _hints(step, examined):
        taken = min(points, hints * rubric.hint)
        reasons.append(say("grade.reason.hints", count=hints, points=taken))
        points -= taken
    done = evidence.at if evidence and evidence.at else _ended(record)
    if done and rubric.due and (days := _days_late(done, rubric.due)):
        taken = min(points, possible * rubric.late * days)
        reasons.append(say("grade.reason.late", count=days, points=taken))
        points -= taken
    return Mark(step, round(points, 4), possible, tier, tuple(reasons))


def _by_record(
    step: StepId, record: Record | None, examined: Examined, rubric: Rubric
) -> tuple[int, bool, list[str]]:
    doubts = about(examined.doubts, step)
    tier = 0 if doubts else 1
    words = [doubt.words for doubt in doubts]
    if record is None or any(doubt.reach == "worthless" for doubt in doubts):
        return 0, False, words or [say("grade.doubt.no_record", detail="")]
    if rubric.opens and datetime.fromisoformat(record.started) < rubric.opens:
        return tier, False, [*words, Doubt("too_early", step, record.started).words]
    if not record.passed:
        return tier, False, [*words, say("grade.reason.not_passed", saw=record.saw)]
    return tier, True, [say("grade.reason.passed", saw=record.saw), *words]


def _hints(step: StepId, examined: Examined) -> int:
    return sum(record.kind == "hint" and record.step == step for record in examined.others)


def _ended(record: Record | None) -> datetime | None:
    return datetime.fromisoformat(record.ended) if record else None


def _days_late(done: datetime, due: datetime) -> int:
    over = (done - due).total_seconds()
    return math.ceil(over / 86_400) if over > 0 else 0
