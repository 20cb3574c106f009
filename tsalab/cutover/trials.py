"""Both ways to Aurora under the same load of writes, measured, and everything left as it was found."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from tsalab.cutover import writes
from tsalab.cutover.backward import Backward
from tsalab.cutover.forward import Forward
from tsalab.cutover.looking import serving
from tsalab.cutover.original import original
from tsalab.cutover.state import Phase, Store
from tsalab.edge import Load, Met
from tsalab.errors import TsalabError
from tsalab.messages import say
from tsalab.server import mariadb
from tsalab.show import Part, StepView, note, table
from tsalab.show.load import Panel, latencies
from tsalab.steps import World

ROUNDS = 1
_QUIET = 3.0  # seconds of load before and after, so that ordinary seconds are seen too
_AROUND = 1.5  # seconds drawn before what stopped the writes, and after it

Phases = list[tuple[str, float, float]]


@dataclass(frozen=True)
class Trial:
    """One go, one way.

    Attributes
    ----------
    way
        ``cutover`` or ``original``.
    met
        What visitors met.
    phases
        Of what was done: name, beginning and end on the monotonic clock.
    held
        When the first thing was done that a visitor could notice, and when it was over.
    acknowledged
        Writes that were, each of them there exactly once afterwards; 0 without a load of writes.
    rows
        Rows that were compared in the moment in which nobody wrote; 0 for the original's way.
    """

    way: str
    met: Met
    phases: Phases
    held: tuple[float, float]
    acknowledged: int
    rows: int = 0

    @property
    def outage(self) -> float:
        """Longest time without an acknowledged write, else without an answer; seconds."""
        return self.met.outage("write" if self.acknowledged else "read")


def cut_over(world: World, store: Store, view: StepView, rate: float) -> Trial:
    """Cut over while visitors use the gallery; what they wrote for it is removed again.

    Parameters
    ----------
    world, store, view
        As `Forward` has them.
    rate
        Writes a second.

    Raises
    ------
    TsalabError
        When it cannot be done, or a write was lost or doubled.
    """
    forward = Forward(world, store, view)

    def go() -> Phases:
        forward.run()
        return [(say(f"cutover.phase.{phase.value}"), *mark) for phase, mark in forward.marks.items()]

    trial = _under_load("cutover", world, rate, go)
    first = forward.marks.get(Phase.HOLD) or forward.marks[Phase.WATCH]
    held = (first[0], forward.marks[Phase.WATCH][1])
    return Trial(trial.way, trial.met, trial.phases, held, trial.acknowledged, forward.rows)


def as_printed(world: World, view: StepView, rate: float) -> Trial:
    """The original's way under the same load."""

    def go() -> Phases:
        return [(say(f"cutover.original.{part}"), *mark) for part, mark in original(world, view).items()]

    return _under_load("original", world, rate, go)


def _under_load(way: str, world: World, rate: float, go: Callable[[], Phases]) -> Trial:
    load = Load(world.site.url, rate)
    try:
        with load:
            time.sleep(_QUIET)
            phases = go()
            time.sleep(_QUIET)
            met = load.stop()
        there = writes.proven(world.target, load.prefix, met) if rate else 0
    except BaseException:
        with suppress(TsalabError):  # the first error counts: a hold may still be on
            writes.forget(world.source, [load.prefix])
        raise
    if rate:
        writes.forget(world.target, [load.prefix])
    return Trial(way, met, phases, (phases[0][1], phases[-1][2]), there)


def measure(world: World, store: Store, view: StepView, rounds: int, rate: float) -> list[Trial]:
    """Go both ways by turns, and leave everything as it was found.

    Parameters
    ----------
    world, store, view
        As `Forward` has them.
    rounds
        How often, each way.
    rate
        Writes a second.

    Returns
    -------
    list of Trial
        In the order in which they were made.
    """
    moved = serving(world) == world.credentials.host
    service = mariadb.service_state(world.server)
    trials = []
    for _ in range(rounds):
        go_back(world, store, view)
        trials.append(as_printed(world.again(), view, rate))
        go_back(world, store, view)
        trials.append(cut_over(world.again(), store, view, rate))
    if not moved:
        go_back(world, store, view)
    elif not service.active:
        mariadb.stop_and_disable(world.server)
        store.enter(Phase.CONFIRMED, time.time())
    return trials


def go_back(world: World, store: Store, view: StepView) -> None:
    """Bring the gallery to its old database, from wherever it is served."""
    fresh = world.again()
    if store.read().phase not in (None, Phase.BACK) or serving(fresh) == fresh.credentials.host:
        Backward(fresh, store, view).run(confirmed=True)


# --- for people -----------------------------------------------------------------------


def parts(trials: Sequence[Trial]) -> list[Part]:
    """What was measured, as a table and a drawing."""
    ways = dict.fromkeys(trial.way for trial in trials)
    rows = [_row(way, [trial for trial in trials if trial.way == way]) for way in ways]
    headings = [
        say(f"cutover.heading.{name}")
        for name in ("way", "writes", "reads", "acknowledged", "lost", "doubled", "failed")
    ]
    found = [table(rows, headings, caption=say("cutover.caption", count=len(trials) // len(ways)))]
    last = {trial.way: trial for trial in trials}
    found.append(latencies([_panel(trial) for trial in last.values()]))
    found += [note(_phases(trial)) for trial in last.values()]
    if compared := last["cutover"].rows if "cutover" in last else 0:
        found.append(note(say("cutover.compared", count=compared)))
    return found


def _row(way: str, trials: Sequence[Trial]) -> tuple[str, ...]:
    writing = any(trial.acknowledged for trial in trials)

    def median(values: Sequence[float]) -> str:
        return say("cutover.seconds", seconds=statistics.median(values))

    return (
        say(f"cutover.way.{way}"),
        median([trial.met.outage("write") for trial in trials]) if writing else "",
        median([trial.met.outage("read") for trial in trials]),
        f"{sum(trial.acknowledged for trial in trials):,}" if writing else "",
        # `writes.proven` raises otherwise.
        "0" if writing else "",
        "0" if writing else "",
        f"{sum(trial.met.failed for trial in trials):,}",
    )


def _phases(trial: Trial) -> str:
    """Each with its time: most are too short to be named in the drawing."""
    timed = [say("cutover.timed", name=name, seconds=end - begin) for name, begin, end in trial.phases]
    return say("cutover.phases", way=say(f"cutover.way.{trial.way}"), phases=", ".join(timed))


def _panel(trial: Trial) -> Panel:
    kind = "write" if trial.acknowledged else "read"
    since, until = trial.held[0] - _AROUND, trial.held[1] + _AROUND
    near = [each for each in trial.met.requests if each.kind == kind and since <= each.ended <= until]
    which = f"{kind}_{trial.way}"
    title = say(f"cutover.panel.{which}")
    return Panel(title, near, trial.phases, trial.outage)
