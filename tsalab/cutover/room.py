"""The cut-over as a notebook names it: go, confirm, or go back; and measure it beside the lab's way."""

from __future__ import annotations

import time
from typing import Any, Protocol

from tsalab import migrate
from tsalab.cutover import trials
from tsalab.cutover.backward import Backward
from tsalab.cutover.looking import served
from tsalab.cutover.state import RESTING, Phase, Store
from tsalab.edge import RATE
from tsalab.errors import CutoverError
from tsalab.messages import say
from tsalab.server import followers, mariadb
from tsalab.show import StepView, note
from tsalab.steps import STEPS, Place, World

_CODE = range(15, 25)
_COMMIT, _STOP = 24, 29
_MESSAGE = "Use Aurora RDS"  # of the commit, as the lab's text has it


class Cutting(Protocol):
    """What is cut over: the lab."""

    place: Place

    def perform(self, step_id: int, **options: Any) -> None:
        """Do a step and leave its record."""


class Cutover:
    """The near-zero-downtime way, in place of the order of steps 13 to 29.

    Parameters
    ----------
    lab
        The lab.
    """

    def __init__(self, lab: Cutting) -> None:
        self._lab = lab

    def __call__(self, *, load: float = 0.0) -> None:
        """Move the gallery to Aurora while it is used; called again after a crash, go on.

        The code of steps 15 to 24 is made and committed first, where it is not yet. The data is
        copied and followed, the new version of the app stands by, and takes over within a
        second. Then `confirm` stops the old database, as step 29 does, and `back` takes
        everything back, what was written meanwhile too.

        Parameters
        ----------
        load
            Writes a second that visitors of ours make meanwhile, to see what becomes of them; they
            are removed afterwards. Without, ours only look.

        Raises
        ------
        TsalabError
            When something is not as it must be; the old version serves on then.
        """
        if self._store.read().phase in RESTING:
            self._make_code()
        with self._view("go") as view:
            trial = trials.cut_over(self._world(), self._store, view, load)
            view.end([*trials.parts([trial]), note(say("cutover.confirm_or_back"))])

    def confirm(self) -> None:
        """Stop the old database, as step 29 does: from here on there is no quick way back.

        Raises
        ------
        CutoverError
            When nothing waits for it.
        """
        if self._store.read().phase is not Phase.WATCH:
            raise CutoverError.nothing_to_confirm()
        world = self._world()
        served(world, world.credentials.host)
        if mariadb.service_state(world.server).active:
            followers.dismiss(world.server, followers.BESIDE)
        self._lab.perform(_STOP)
        migrate.drop_notes(world.target)
        self._store.enter(Phase.CONFIRMED, time.time())

    def back(self) -> None:
        """Take it back, from wherever it is: nothing that was written is lost.

        Raises
        ------
        TsalabError
            When there is nothing to take back, or something is not as it must be.
        """
        with self._view("back") as view:
            Backward(self._world(), self._store, view).run()
            view.end([note(say("cutover.is_back"))])

    def compare(self, rounds: int = trials.ROUNDS, load: float = RATE) -> None:
        """Measure it beside the lab's own way on the same load, and leave everything as it was found.

        Parameters
        ----------
        rounds
            How often, each way.
        load
            Writes a second.
        """
        self._make_code()
        with self._view("compare") as view:
            found = trials.measure(self._world(), self._store, view, rounds, load)
            view.end([*trials.parts(found), note(say("cutover.worth_knowing"))], instead=True)

    def _make_code(self) -> None:
        world = self._world()
        for step in _CODE:
            if not STEPS[step].check(world).passed:
                self._lab.perform(step, **({"message": _MESSAGE} if step == _COMMIT else {}))
                world = self._world()

    @property
    def _store(self) -> Store:
        return Store(self._lab.place.workdir)

    def _world(self) -> World:
        return World(self._lab.place)

    def _view(self, what: str) -> StepView:
        return StepView("cutover", say(f"cutover.title.{what}"), redactor=self._lab.place.redactor)
