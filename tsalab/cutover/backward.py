"""The way back: until the new version has served, only forget it; afterwards bring home what it wrote.

What must never happen is that the old version serves while Aurora holds something that the old
database lacks. Differences are copied twice: first while the new version still serves, then
those of the last moments, with nobody left to write. Only when both databases are proven equal
the file goes that keeps the old version from listening.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from tsalab import migrate
from tsalab.course import LAB
from tsalab.cutover.looking import OLD, old_commit, served
from tsalab.cutover.state import RESTING, RETURNING, Phase, Store
from tsalab.errors import CutoverError
from tsalab.messages import say
from tsalab.migrate import Migration, Options
from tsalab.server import app, binlog, followers, handover, mariadb
from tsalab.show import StepView
from tsalab.steps import World, moving

_RESTART = 28


class Backward:
    """One go of the way back.

    Parameters
    ----------
    world
        The lab's, as it is now.
    store
        What earlier goes left.
    view
        Shows the phases.
    """

    def __init__(self, world: World, store: Store, view: StepView) -> None:
        self._world, self._store, self._view = world, store, view

    def run(self, *, confirmed: bool = False) -> None:
        """Go it, from where an earlier go came to.

        Parameters
        ----------
        confirmed
            Whether to go even from where nothing is under way.

        Raises
        ------
        TsalabError
            When there is nothing to take back, or something is not as it must be.
        """
        state = self._store.read()
        if state.phase in RESTING and not confirmed:
            raise CutoverError.nothing_to_take_back()
        server = self._world.server
        handover.claim(server)
        if state.phase is Phase.RELEASE:
            self._release()
        elif state.phase in RETURNING or state.phase in RESTING or not self._forgotten():
            self._return()
            self._release()
        handover.let_go(server)
        followers.dismiss(server, followers.BESIDE)
        self._store.enter(Phase.BACK, time.time())

    def _stage(self, name: str, do: Callable[[], object]) -> Any:
        with self._view.during(name):
            return do()

    # --- before the switch --------------------------------------------------------------

    def _forgotten(self) -> bool:
        """Take the new version away; False when it has served, or may have."""
        server, state = self._world.server, self._store.read()
        if state.is_past(Phase.SWITCH):
            return False
        if state.phase is Phase.SWITCH:
            if not handover.barred(server):
                return False
            self._end_others()
            if not handover.barred(server):  # it was let go just before it ended
                return False
        self._stage(say("cutover.back.forget"), self._forget)
        return True

    def _end_others(self) -> None:
        server = self._world.server
        handover.end(server, handover.others(server, self._store.read().served))

    def _forget(self) -> None:
        server, state = self._world.server, self._store.read()
        if state.is_past(Phase.FOLLOW):  # before that the new version was not there
            self._end_others()
            handover.go_to(server, state.commit)
        binlog.release(server)
        handover.let_go(server)
        if not [each for each in app.processes(server) if app.is_app(each) and each.pid]:
            handover.start(server, on_output=self._view.output)
        served(self._world, OLD)

    # --- after the switch ---------------------------------------------------------------

    def _return(self) -> None:
        """Bring the old version and its database to where they may serve."""
        world, server, state = self._world, self._world.server, self._store.read()
        if state.phase is not Phase.RETURN:
            uids = [each.uid for each in world.app_processes]
            commit = state.commit or old_commit(server)
            self._store.enter(Phase.RETURN, time.time(), served=tuple(uids), commit=commit)
        if not mariadb.service_state(server).active:
            self._view.line("# systemctl enable mariadb; systemctl start mariadb")
            mariadb.enable_and_start(server, on_output=self._view.output)
        binlog.release(server)  # the old version has ended: nobody writes there but we
        self._stage(say("cutover.back.copy"), self._copy_home)
        self._stage(say("cutover.back.beside"), self._beside)
        self._stage(say("cutover.back.last"), self._last)

    def _copy_home(self) -> None:
        """Copy from Aurora what the old database has not, or has otherwise."""
        world = self._world
        options = Options(resume=True, replace=True, objects=False)
        Migration(world.target, world.source, options).run(moving.shown(self._view))

    def _beside(self) -> None:
        """Start the old code: it stands by."""
        server, state = self._world.server, self._store.read()
        handover.bar(server)
        handover.end(server, handover.others(server, state.served))
        handover.bar(server)
        handover.go_to(server, state.commit)
        handover.start(server, on_output=self._view.output)
        patience = LAB.step(_RESTART).patience
        if not handover.standing_by(server, patience):
            raise CutoverError.not_ready(server.host, patience, "\n".join(app.log_tail(server, 6)))

    def _last(self) -> None:
        """With nobody left to write: copy the rest, and prove it."""
        world, server, state = self._world, self._world.server, self._store.read()
        handover.end(server, [each for each in app.processes(server) if each.uid in state.served])
        self._copy_home()
        found = migrate.compare(world.target, world.source)
        if not found.equal:
            raise CutoverError.not_equal(row.table for row in found.rows if not row.equal)

    def _release(self) -> None:
        """Let the old version listen."""
        self._store.enter(Phase.RELEASE, time.time())
        handover.let_go(self._world.server)
        self._stage(say("cutover.back.serve"), lambda: served(self._world, OLD))
        migrate.drop_notes(self._world.source)
