"""The dashboard as a notebook holds it: shown by `lab`, replaced in place as steps end.

A look at the account is taken when it is asked for, when a step failed, and when the last
one has grown old; what a step does to the architecture it tells itself
(`tsalab.steps.place.Place.saw`). So thirty quick steps in a row cost one look or two.
Where no dashboard was ever shown, nothing is read and nothing is drawn.
"""

from __future__ import annotations

import contextvars
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Timer
from typing import Any, Protocol

from tsalab import cost, standing
from tsalab.architecture import Overview
from tsalab.course import CLEANUP, LAB, Step
from tsalab.course.course import Course
from tsalab.files import replace_bytes
from tsalab.messages import say
from tsalab.records import Journal
from tsalab.show import bundle as bundles
from tsalab.show import dashboard, frontend
from tsalab.steps import Place, World, overview

DISPLAY_ID = "tsalab-dashboard"
INTERVAL = 0.5
"""Seconds between two replacements while a step runs: each redraws it all."""
OLD = 10.0
"""Seconds after which a look is taken again when a step ends."""
MOMENT = 0.3
"""Seconds that a look may take before the dashboard says that it is at work."""


class Shown(Protocol):
    """What the panel shows: the lab."""

    place: Place
    learner: str
    journal: Journal

    @property
    def run(self) -> str:
        """Nonce of the run that the working folder belongs to."""


class Panel:
    """The dashboard of one lab.

    Parameters
    ----------
    lab
        What it shows.
    screen
        Where; found out when None.
    clock
        Seconds that only grow.
    """

    def __init__(
        self,
        lab: Shown,
        *,
        screen: frontend.Screen | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._lab = lab
        self._given = screen
        self._clock = clock
        self._screen: frontend.Screen | None = None
        self._drawn = 0.0
        self._looked = 0.0

    @property
    def shown(self) -> bool:
        """Whether a dashboard was displayed, so that there is something to replace."""
        return self._screen is not None

    def show(self) -> None:
        """Display it in the cell that runs, with a fresh look at the account."""
        first = self._screen is None
        self._screen = self._given or frontend.screen()
        self._publish(at_work=True, update=False)
        self._lab.place.on_overview = self._changed
        self.refresh()
        if first:
            self._keep_before()

    def refresh(self) -> None:
        """Look again and replace what is shown, if anything is."""
        if not self.shown:
            return
        with self._says_it_works():
            overview.look(World(self._lab.place))
            self._looked = self._clock()
        self._publish()

    def after_step(self, *, passed: bool) -> None:
        """Replace what is shown, if anything is, by what holds after a step."""
        if not self.shown:
            return
        if not passed or self._clock() - self._looked > OLD:
            self.refresh()
        else:
            self._publish()

    def _changed(self, _seen: Overview) -> None:
        """A running step told how the architecture is now; not each word is drawn."""
        self._looked = self._clock()
        if self._looked - self._drawn >= INTERVAL:
            self._publish()

    @contextmanager
    def _says_it_works(self) -> Iterator[None]:
        # The timer's thread publishes as the cell would: ipykernel keeps the cell in a context variable.
        context = contextvars.copy_context()
        timer = Timer(MOMENT, lambda: context.run(self._publish, at_work=True))
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()

    def _publish(self, *, at_work: bool = False, update: bool = True) -> None:
        if self._screen is None:
            return
        place = self._lab.place
        seen = place.overview
        estimate = cost.estimate(seen.parts.values(), datetime.now(UTC)) if seen else None
        shown = dashboard.bundle(
            where(self._lab.journal), seen, estimate, before=self._before(), at_work=at_work
        )
        mask = place.redactor.mask
        self._screen.publish({kind: mask(text) for kind, text in shown.items()}, DISPLAY_ID, update=update)
        self._drawn = self._clock()

    # --- how it was before -------------------------------------------------------------

    @property
    def _before_file(self) -> Path:
        return self._lab.place.workdir / ".tsalab" / "before.json"

    def _keep_before(self) -> None:
        """Keep the first look of this run, for "before and after"."""
        seen, path = self._lab.place.overview, self._before_file
        if seen is None or path.exists() or not self._lab.learner:  # who only inspects writes nothing
            return
        data = {
            "run": self._lab.run,
            **seen.to_json(),
        }  # the run's file comes first: it says whose folder this is
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_bytes(path, json.dumps(data).encode())

    def _before(self) -> Overview | None:
        try:
            return Overview.from_json(json.loads(self._before_file.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError, KeyError):
            return None  # not ours, or half of it: a picture less, and no reason to fail


def where(journal: Journal) -> dashboard.Standing:
    """Where a learner stands, by the journal.

    Parameters
    ----------
    journal
        Of the run.
    """
    outcomes = journal.of_kind("step")
    last = outcomes[-1] if outcomes else None
    course, done = LAB, set[Any](standing.done(journal))
    if last and isinstance(last.step, str):  # the clean-up's own notebook
        latest = {record.step: record.passed for record in outcomes}
        course, done = CLEANUP, {step for step, passed in latest.items() if passed}
    ahead = next((step for step in course.steps if step.id not in done), None)
    said = ""
    if last:
        word = say("dashboard.passed" if last.passed else "dashboard.failed")
        said = f"{bundles.name_of(last.step, last.title)} · {word}"
    return dashboard.Standing(
        course=course.title,
        sections=[_section(course, title, done) for title in course.sections],
        here=ahead.section if ahead else "",
        next_step=bundles.name_of(ahead.id, ahead.title) if ahead else "",
        next_call=ahead.call if ahead else "",
        last=said,
    )


def _section(course: Course, title: str, done: set[Any]) -> dashboard.Section:
    steps: list[Step] = [step for step in course.steps if step.section == title]
    return dashboard.Section(title, sum(step.id in done for step in steps), len(steps))
