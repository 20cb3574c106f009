"""The way there: copy while the gallery is used, follow, hold, drain, verify, switch.

What must never happen is that the new version serves while the old database holds something
that Aurora lacks. So the new version stands by until the old one has ended, nobody is left to
write, and the log stands exactly where the follower has come to; only then the file goes
that keeps it from listening (`server.handover.take_over`). The hold only makes that moment
short: were it lost, by a restart of the database, nothing would be lost with it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from tsalab import migrate
from tsalab.course import LAB
from tsalab.cutover.following import Follower
from tsalab.cutover.looking import OLD, served, serving
from tsalab.cutover.proof import Proof
from tsalab.cutover.state import RESTING, RETURNING, Phase, State, Store
from tsalab.errors import CutoverError, DiagnosisError, StepError
from tsalab.messages import say
from tsalab.migrate import Login, Migration, Options
from tsalab.server import app, binlog, followers, handover, mariadb
from tsalab.server.app import Process
from tsalab.server.binlog import Position
from tsalab.show import StepView
from tsalab.steps import STEPS, World, moving
from tsalab.steps.world import SOURCE

_CONNECT, _COMMIT, _RESTART = 12, 24, 28
_NEAR = (
    2.0  # seconds of lag with which the new version may be brought beside; the capture commits twice a second
)
_CATCH_UP = 300.0  # seconds that coming so near may take
_DRAIN = 30.0  # seconds for what is left when nobody writes
_SCRIPT = "bin/www.js"

Marks = Mapping[Phase, tuple[float, float]]


class Forward:
    """One go of the way there.

    Parameters
    ----------
    world
        The lab's, as it is now.
    store
        What earlier goes left.
    view
        Shows the phases.

    Attributes
    ----------
    marks
        When each phase began and ended, on the monotonic clock.
    rows
        That both databases held when nobody could write.
    """

    def __init__(self, world: World, store: Store, view: StepView) -> None:
        self._world, self._store, self._view = world, store, view
        self.marks: dict[Phase, tuple[float, float]] = {}
        self.rows = 0
        self._listed: Sequence[Process] = ()  # by forever, where this go is the first

    def run(self) -> State:
        """Go it, from where an earlier go came to, to its end: the new version serves.

        Raises
        ------
        TsalabError
            When something is not as it must be. Until the switch the old version serves on.
        """
        state = self._store.read()
        if state.phase in RETURNING:
            raise CutoverError.returning()
        if state.phase is Phase.WATCH and serving(self._world) == OLD:
            state = State()  # the lab was reset meanwhile
        if state.phase in RESTING or not state.is_past(Phase.COPY):
            self._refuse()
            if state.phase in RESTING:
                self._store.write(State())  # what an older cut-over found is no word on this one
            self._phase(Phase.PREPARE, self._prepare)
            self._phase(Phase.COPY, self._copy)
        if not self._has_switched(state):
            self._cross()
        self._phase(Phase.WATCH, self._watch)
        return self._store.read()

    def _has_switched(self, state: State) -> bool:
        """Whether an earlier go let the new version listen."""
        if state.phase is Phase.SWITCH:
            handover.claim(self._world.server)  # it may not have ended yet
            return not handover.barred(self._world.server)
        return state.phase is Phase.WATCH

    def _cross(self) -> None:
        """From the copy to the new version that listens."""
        world, state = self._world, self._store.read()
        token = handover.claim(world.server)
        with ExitStack() as stack:
            follower = stack.enter_context(self._follower(state))
            self._phase(Phase.FOLLOW, lambda: follower.near(_NEAR, _CATCH_UP, self._lag))
            self._phase(Phase.BESIDE, self._beside)
            # What takes its time is found out and opened before anybody is held.
            proof = stack.enter_context(Proof(world.source, world.target))
            old = handover.again(world.server, self._listed) if self._listed else None
            if old is None:
                old = [each for each in app.processes(world.server) if each.uid in state.served and each.pid]
            try:
                at = self._hold()
                self._phase(Phase.DRAIN, lambda: follower.drain(at, _DRAIN))
                self._phase(Phase.VERIFY, lambda: self._verify(proof))
            except BaseException:
                binlog.release(world.server)  # what is not switched goes on as it was
                raise
            self._phase(Phase.SWITCH, lambda: self._switch(old, at, follower, token))

    def _phase(self, phase: Phase, do: Callable[[], Mapping[str, Any] | None]) -> None:
        """Note a phase, do it, keep what it found, and show how long it took."""
        self._store.enter(phase, time.time())
        with self._view.during(say(f"cutover.phase.{phase.value}")) as span:
            if facts := do():
                self._store.write(replace(self._store.read(), **facts))
        self.marks[phase] = (span.began, span.ended)

    # --- the phases ---------------------------------------------------------------------

    def _refuse(self) -> None:
        """See that all is there: both databases, and code that can stand by; changes nothing."""
        world = self._world
        host = serving(world)
        if host == world.credentials.host:
            raise CutoverError.already_on_aurora(host)
        if not mariadb.service_state(world.server).active:
            raise DiagnosisError.old_database_stopped()
        for step in map(LAB.step, (_CONNECT, _COMMIT)):
            found = STEPS[step.id].check(world)
            if not found.passed:
                raise StepError.not_passed(step.id, step.title, found.saw, found.expected, found.next)
        if not host:
            raise CutoverError.app_silent(world.site.url)
        if not handover.knows(world.pushed(_SCRIPT)):
            raise CutoverError.no_standby(world.place.repository)
        plan = Migration(world.source, world.target).plan()
        made = [each for each in plan.objects if each.copied]
        if made:
            raise CutoverError.has_objects(f"{each.kind} {each.name}" for each in made)

    def _prepare(self) -> dict[str, Any]:
        """See that the old database has a log to follow, and keep what the way back needs."""
        world = self._world
        if binlog.lacking(world.server):
            self._view.line(say("cutover.binlog_on"))
            binlog.enable(world.server, on_output=self._view.output)
        self._listed = world.app_processes
        uids = [each.uid for each in self._listed]
        return {"commit": app.head(world.server).hash, "served": uids}

    def _copy(self) -> dict[str, Any]:
        """Copy everything as of one moment, and keep where the log stood then."""
        world = self._world
        counts = migrate.row_counts(world.source)
        # Nobody uses Aurora yet, and what an earlier go or a dump left there grows old.
        options = Options(resume=True, replace=True, objects=False)
        report = Migration(world.source, world.target, options).run(moving.shown(self._view, counts))
        found = report.snapshot
        return {"file": found["binlog_snapshot_file"], "offset": int(found["binlog_snapshot_position"])}

    def _follower(self, state: State) -> Follower:
        password = followers.admit(self._world.server, followers.BESIDE, str(SOURCE["database"]))
        self._world.place.redactor.add(password)
        source: Login = replace(self._world.source, user=followers.BESIDE.user, password=password)
        return Follower(source, self._world.target, Position(state.file, state.offset))

    def _lag(self, seconds: float, changes: int) -> None:
        self._view.stage(
            say("cutover.phase.follow"), "running", say("cutover.lag", seconds=seconds, count=changes)
        )

    def _beside(self) -> None:
        """Bring the new code to the server and start it: it stands by."""
        world, server = self._world, self._world.server
        wanted = world.repository.head()
        if handover.standing_by(server) and app.head(server).hash == wanted:
            return
        handover.bar(server)
        if not self._listed:  # an earlier go may have started one
            handover.end(server, handover.others(server, self._store.read().served))
        handover.bar(server)  # one that was just ended may have written into it
        self._view.line("# git pull")
        app.pull(server, on_output=self._view.output)
        self._view.line(f"# forever start {app.START_SCRIPT}")
        handover.start(server, on_output=self._view.output)
        patience = LAB.step(_RESTART).patience
        if not handover.standing_by(server, patience):
            raise CutoverError.not_ready(server.host, patience, "\n".join(app.log_tail(server, 6)))

    def _hold(self) -> Position:
        """Refuse writes, once those under way are done; where the log stands then."""
        found: list[Position] = []
        self._phase(Phase.HOLD, lambda: found.append(binlog.hold(self._world.server)))
        return found[0]

    def _verify(self, proof: Proof) -> None:
        self.rows = proof.check()

    def _switch(self, old: Sequence[Process], at: Position, follower: Follower, token: str) -> None:
        """End the old version, and let the new one listen when nothing was written meanwhile."""
        server = self._world.server
        while (after := handover.take_over(server, old, at, token)) != at:
            follower.drain(after, _DRAIN)
            at, old = after, []

    def _watch(self) -> None:
        """See it as a visitor does: served from Aurora."""
        binlog.release(self._world.server)  # nobody is left to hold, and a reset needs a database that writes
        served(self._world, self._world.credentials.host)
