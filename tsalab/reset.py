"""Time travel: list what goes, bring every part back to before a step, and check that it is.

Nothing is changed before `yes`, and nothing before every undo has planned its move: what
cannot be done is refused first. An interrupted reset is run again and goes on.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from tsalab import standing
from tsalab.cloud.waiting import poll
from tsalab.course import LAB
from tsalab.errors import ResetError, TsalabError
from tsalab.messages import say
from tsalab.records import Journal, Mode, Record, utc_now
from tsalab.show import Part, StepView, details, note, table
from tsalab.steps import STEPS, Finding, Place, World
from tsalab.steps.undo import Back, Checkpoints, Loss, Move, plan, run

_UPLOAD, _WAIT, _RESTART = 8, 9, 28

# CloudFront keeps an error for ten seconds; somebody may have looked while the app was down.
_PATIENCE = 15.0


class Resettable(Protocol):
    """What is reset: the lab."""

    place: Place
    journal: Journal
    learner: str
    mode: Mode

    @property
    def run(self) -> str:
        """Nonce of the run."""


@dataclass(frozen=True)
class Went:
    """What a reset took back, or would.

    Parameters
    ----------
    to
        The step that the lab is now before, or would be.
    losses
        What was removed or changed, or would be.
    done
        Whether it was.
    aside
        Where the learner's own work was kept.
    text
        The same for a terminal.
    """

    to: int
    losses: tuple[Loss, ...]
    done: bool
    aside: tuple[str, ...]
    text: str


def place_of(to: int | str) -> int:
    """The step that a place of the lab begins with.

    Parameters
    ----------
    to
        A step's number; a section's title, or a slug of it as its cell in the notebook has;
        or ``"start"``.

    Raises
    ------
    ResetError
        When the lab has no such place.
    """
    firsts = {_slug(step.section): int(step.id) for step in reversed(LAB.steps)}
    word = str(to).strip().lower()
    if word == "start":
        return int(LAB.steps[0].id)
    if word.isdecimal() and 1 <= int(word) <= len(LAB.steps):
        return int(word)
    slug = _slug(word.removeprefix("section-"))
    found = [number for name, number in firsts.items() if slug and name.startswith(slug)]
    if len(found) != 1:
        raise ResetError.unknown_place(to, LAB.sections)
    return found[0]


def _slug(title: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


def reset(lab: Resettable, to: int | str, *, yes: bool) -> Went:
    """Go back to just before a step, or say what that would take back.

    Raises
    ------
    TsalabError
        When the lab cannot go back, before anything is changed; or when a part of it failed,
        or the checks see another state than there should be.
    """
    asked = place_of(to)
    number = _UPLOAD if asked == _WAIT else asked
    started = utc_now()
    with StepView("reset", say("reset.title", to=number), redactor=lab.place.redactor) as view:
        back = Back(World(lab.place), number, Checkpoints(lab.place.workdir))
        moves, before = _look(back, checks=yes)
        losses = tuple(loss for move in moves for loss in move.losses)
        parts = _listed(losses, number, asked)
        # One that died when all was done had not yet said so: it is checked and noted now.
        unfinished = standing.unfinished_reset(lab.journal.path.parent) is not None
        if not yes or not (moves or unfinished):
            view.end([*parts, *([note(say("reset.confirm", to=number))] if moves else [])])
            return Went(number, losses, False, (), _text(parts))
        standing.begin_reset(lab.journal.path.parent, number)
        _go(moves, view, back)
        problems = _problems(lab.place, number, before)
        record = lab.journal.append(_record(lab, number, losses, back.aside, problems, started))
        kept = [note(say("reset.kept", name=name)) for name in back.aside]
        parts = [details(say("reset.summary", count=len(losses)), *parts), *kept]
        view.finish(record, parts)
    if problems:
        raise ResetError.not_as_before(number, problems)
    standing.end_reset(lab.journal.path.parent)
    return Went(number, losses, True, tuple(back.aside), _text([note(record.saw), *parts]))


def _go(moves: Sequence[Move], view: StepView, back: Back) -> None:
    try:
        run(moves, view)
    finally:
        back.checkpoints.forget(back.to)
        for name in back.aside:
            view.line(say("reset.kept", name=name))


def _listed(losses: Sequence[Loss], to: int, asked: int) -> list[Part]:
    if not losses:
        return [note(say("reset.nothing", to=to))]
    headings = (say("reset.headings.what"), say("reset.headings.where"), say("reset.headings.lost"))
    shown = [table([(loss.what, loss.where, loss.lost) for loss in losses], headings)]
    return shown + ([note(say("reset.wait_step"))] if asked == _WAIT else [])


def _text(parts: Sequence[Part]) -> str:
    return "\n".join(part.text for part in parts)


def _look(back: Back, *, checks: bool) -> tuple[list[Move], dict[int, Finding]]:
    """The moves, and what the checks of the steps before say now; both look at the same time."""
    if not checks:
        return plan(back), {}
    place = back.world.place
    place.server(back.world.server_host, witness=back.world.witness)  # once, before two threads ask for it
    with ThreadPoolExecutor(1, thread_name_prefix="tsalab-checks") as pool:
        before = pool.submit(_findings, World(place), back.to)
        return plan(back), before.result()


def _findings(world: World, end: int) -> dict[int, Finding]:
    """What the checks of the steps before one say."""
    found = {}
    for step in LAB.steps[: end - 1]:
        try:
            found[int(step.id)] = STEPS[step.id].check(world)
        except TsalabError as error:
            found[int(step.id)] = Finding.of_error(error)
    return found


def _problems(place: Place, to: int, before: dict[int, Finding]) -> list[str]:
    """How the real state differs from just before the step; nothing when it does not."""
    world = World(place)
    now = _findings(world, len(LAB.steps) + 1)
    problems = [
        say("reset.problem.broken", step=step, saw=now[step].saw)
        for step, finding in before.items()
        if finding.passed and not now[step].passed
    ]
    # Steps that only look pass as soon as there is something to look at.
    problems += [
        say("reset.problem.done", step=step, saw=finding.saw)
        for step, finding in now.items()
        if step >= to and STEPS[step].undo is not None and finding.passed
    ]
    if to != _RESTART and (saw := _site(world)):
        problems.append(say("reset.problem.site", saw=saw))
    return problems


def _site(world: World) -> str:
    """What is wrong with the site; empty when a visitor sees the page and the API answers."""

    def look() -> str:
        try:
            failed = [probe for probe in (world.site.page(), world.site.api_answers()) if not probe.ok]
        except TsalabError as error:
            return error.what
        return "; ".join(f"{probe.name}: {probe.saw}" for probe in failed)

    said, _ = poll(look, lambda wrong: not wrong, seconds=_PATIENCE)
    return said


def _record(
    lab: Resettable,
    to: int,
    losses: Sequence[Loss],
    aside: Sequence[str],
    problems: Sequence[str],
    started: datetime,
) -> Record:
    mask = lab.place.redactor.mask
    return Record.new(
        run=lab.run,
        learner=lab.learner or next((each.learner for each in reversed(lab.journal.records)), ""),
        mode=lab.mode,
        step=to,
        section=LAB.step(to).section,
        title=say("reset.title", to=to),
        status="failed" if problems else "passed",
        saw=mask("; ".join(problems) or say("reset.done", to=to)),
        expected=say("reset.expected", to=to),
        next=mask(ResetError.not_as_before(to, problems).next_step) if problems else "",
        facts={
            "to": to,
            "removed": [[mask(loss.what), mask(loss.where), mask(loss.lost)] for loss in losses],
            "kept": [mask(name) for name in aside],
        },
        kind="reset",
        started=started,
        ended=utc_now(),
    )
