"""Hints in three levels; the journal knows which were given, so a new kernel goes on with the next."""

from __future__ import annotations

from datetime import datetime

from tsalab.course import LEVELS, Step, guide
from tsalab.course.course import StepId
from tsalab.errors import StepError
from tsalab.guidance.names import Names
from tsalab.guidance.pages import exact_parts
from tsalab.guidance.place import Guided, asked, step_of
from tsalab.messages import say
from tsalab.records import Record, utc_now
from tsalab.show import StepView, note
from tsalab.steps import Finding, World

TOP = len(LEVELS)


def hint(lab: Guided, step_id: StepId | None = None, level: int | None = None) -> None:
    """Show the next hint for a step, and record it.

    Parameters
    ----------
    lab
        Who asks.
    step_id
        The step; the one where the learner is when None.
    level
        1 to 3; one more than the highest that was given for the step when None.

    Raises
    ------
    StepError
        When there is no such step or level.
    """
    if level is not None and level not in range(1, TOP + 1):
        raise StepError.unknown_level(level, TOP)
    if step_id is not None:
        step_of(step_id)
    started = utc_now()
    with StepView("hint", say("guidance.word.hint"), redactor=lab.place.redactor) as view:
        world = World(lab.place)
        found = asked(lab, step_id, world)
        if found is None:
            view.end([note(say("guidance.all_done"))])
            return
        step, finding = found
        if finding.passed and level is None:
            said = {"step": step.id, "title": step.title, "saw": finding.saw, "call": repr(step.id)}
            view.end([note(say("guidance.step_done", **said))])
            return
        given = level or min(highest(lab, step) + 1, TOP)
        names = Names(world)
        text = names.text(guide(step.id).hints[given - 1])
        parts = exact_parts(step, names) if given == TOP else [note(line) for line in names.lacking]
        if given > 1:
            parts = [*finding.evidence, *parts]
        parts.append(note(say("guidance.last_level" if given == TOP else "guidance.more")))
        record = lab.journal.append(_record(lab, step, finding, given, text, started))
        name = say(f"guidance.levels.{LEVELS[given - 1]}")
        word = say("guidance.level", level=given, levels=TOP, name=name)
        view.finish(record, parts, word=word)


def highest(lab: Guided, step: Step) -> int:
    """The highest level of hint that was given for a step; 0 for none."""
    lab.journal.refresh()  # another kernel may have asked since
    given = [record.facts["level"] for record in lab.journal.of_kind("hint") if record.step == step.id]
    return max((level for level in given if isinstance(level, int)), default=0)


def _record(lab: Guided, step: Step, finding: Finding, level: int, text: str, started: datetime) -> Record:
    mask = lab.place.redactor.mask
    return Record.new(
        run=lab.run,
        learner=lab.learner,
        step=step.id,
        section=step.section,
        title=step.title,
        status="passed" if finding.passed else "failed",
        saw=mask(finding.saw),
        expected=mask(finding.expected),
        next=mask(text),
        facts={"level": level, "levels": TOP, "name": LEVELS[level - 1]},
        kind="hint",
        mode=lab.mode,
        started=started,
        ended=utc_now(),
    )
