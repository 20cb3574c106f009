"""The parts of the lab, as a notebook names them: each method performs one step."""

from __future__ import annotations

from typing import Any, Protocol

from tsalab.course.course import StepId
from tsalab.errors import StepError
from tsalab.messages import say
from tsalab.show import StepView
from tsalab.steps import Place, both_ways, deletion
from tsalab.steps.code import EDIT_STEPS, SAVE_STEPS
from tsalab.steps.template import FRAGMENTS


class Performer(Protocol):
    """What performs a step: the lab."""

    place: Place

    def perform(self, step_id: StepId, **options: Any) -> None:
        """Do a step and leave its record."""


class _Room:
    """A part of the lab; each method performs one step."""

    def __init__(self, lab: Performer) -> None:
        self._lab = lab


class Infra(_Room):
    """The template: steps 1 to 6."""

    def open(self) -> None:
        """Step 1: fetch ``infra.yml`` into the working folder."""
        self._lab.perform(1)

    def add(self, fragment: str) -> None:
        """Steps 2 to 5: insert a fragment where the lab says."""
        steps = {name: step for step, name in FRAGMENTS.items()}
        if fragment not in steps:
            raise StepError.unknown_edit(fragment, steps)
        self._lab.perform(steps[fragment])

    def zip(self) -> None:
        """Step 6: zip the finished template."""
        self._lab.perform(6)


class Bucket(_Room):
    """The data bucket: steps 7 and 8."""

    def find(self) -> None:
        """Step 7: find the bucket that the pipeline reads."""
        self._lab.perform(7)

    def upload(self) -> None:
        """Step 8: upload the zip to the pipeline's source."""
        self._lab.perform(8)


class Pipeline(_Room):
    """The pipeline: step 9."""

    def wait(self) -> None:
        """Step 9: watch the pipeline and the stack until they are done."""
        self._lab.perform(9)

    def start(self) -> None:
        """Start the pipeline by hand, on what is uploaded."""
        self._lab.place.pipeline.start()


class Secret(_Room):
    """The secret: steps 10 and 11."""

    def find(self) -> None:
        """Step 10: find the secret by the stack that made it."""
        self._lab.perform(10)

    def retrieve(self) -> None:
        """Step 11: read its value, which is not shown."""
        self._lab.perform(11)


class WebServer(_Room):
    """The web server: steps 12 and 25 to 29."""

    def connect(self) -> None:
        """Step 12: log in, and reach Aurora from there."""
        self._lab.perform(12)

    def reconnect(self) -> None:
        """Step 25: log in again, for the new code."""
        self._lab.perform(25)

    def become_root(self) -> None:
        """Step 26: ``sudo su -``."""
        self._lab.perform(26)

    def pull(self) -> None:
        """Step 27: ``forever stopall`` and ``git pull``."""
        self._lab.perform(27)

    def restart(self) -> None:
        """Step 28: ``forever start ./bin/www.js`` and ``forever list``."""
        self._lab.perform(28)

    def stop_database(self) -> None:
        """Step 29: stop and disable MariaDB, once nothing reads it."""
        self._lab.perform(29)


class Data(_Room):
    """The data: steps 13 and 14."""

    def export(self) -> None:
        """Step 13: dump the old database, or prepare the tables in Aurora."""
        self._lab.perform(13)

    def load(self) -> None:
        """Step 14: load the dump into Aurora, or copy the rows."""
        self._lab.perform(14)

    def compare_methods(self, rounds: int = both_ways.ROUNDS) -> None:
        """Measure both ways to move the data, into a scratch database that goes again."""
        both_ways.show(self._lab.place, rounds)


class Code(_Room):
    """The app's code: steps 15 to 24."""

    def open(self) -> None:
        """Step 15: clone the repository."""
        self._lab.perform(15)

    def edit(self, name: str) -> None:
        """Steps 16 to 18, 21 and 22: one edit, found by content."""
        steps = {edit: step for step, edit in EDIT_STEPS.items()}
        if name not in steps:
            raise StepError.unknown_edit(name, steps)
        self._lab.perform(steps[name])

    def save(self, file: str) -> None:
        """Steps 19 and 23: see that a file is finished and sound."""
        steps = {path: step for step, path in SAVE_STEPS.items()}
        if file not in steps:
            raise StepError.unknown_edit(file, steps)
        self._lab.perform(steps[file])

    def look(self, file: str) -> None:
        """Step 20: open app.js."""
        if file != "app.js":
            raise StepError.unknown_edit(file, ["app.js"])
        self._lab.perform(20)

    def commit(self, message: str) -> None:
        """Step 24: commit and push."""
        self._lab.perform(24, message=message)


class Site(_Room):
    """The site: step 30."""

    def verify(self) -> None:
        """Step 30: see it through the distribution, with the old database stopped."""
        self._lab.perform(30)


class Cleanup(_Room):
    """The clean-up: its eight steps."""

    def list(self) -> None:
        """Show what the clean-up deletes and what it leaves alone; changes nothing."""
        with StepView("cleanup", say("deletion.title"), redactor=self._lab.place.redactor) as view:
            view.end(deletion.listed(self._lab.place))

    def empty_buckets(self) -> None:
        """Clean-up step 1."""
        self._lab.perform("cleanup-1")

    def delete_environment(self) -> None:
        """Clean-up step 2."""
        self._lab.perform("cleanup-2")

    def look_at_stacks(self) -> None:
        """Clean-up step 3."""
        self._lab.perform("cleanup-3")

    def choose_stack(self) -> None:
        """Clean-up step 4."""
        self._lab.perform("cleanup-4")

    def delete_stack(self) -> None:
        """Clean-up step 5."""
        self._lab.perform("cleanup-5")

    def wait_until_deleted(self) -> None:
        """Clean-up step 6."""
        self._lab.perform("cleanup-6")

    def delete_bootstrap(self) -> None:
        """Clean-up step 7."""
        self._lab.perform("cleanup-7")

    def delete_snapshots(self) -> None:
        """Clean-up step 8: snapshots, and a scan that nothing is left."""
        self._lab.perform("cleanup-8")
