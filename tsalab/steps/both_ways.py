"""Both ways to move the data, measured side by side: into a scratch database, which goes again.

The lab's own tables are only read, so a learner may ask for it whenever the old database runs.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tsalab import migrate
from tsalab.edge import Latency
from tsalab.errors import DiagnosisError
from tsalab.messages import say
from tsalab.migrate import Login, Migration
from tsalab.server import mariadb
from tsalab.show import Part, StepView, note, table
from tsalab.steps import moving
from tsalab.steps.place import Place
from tsalab.steps.world import World

ROUNDS = 3
_FILE = "tsalab-scratch.sql"  # dump.sql is the learner's
_QUIET = 1.0  # seconds at least, for enough visits


@dataclass(frozen=True)
class Trial:
    """One go.

    Attributes
    ----------
    seconds
        From the first command to the last row.
    latency
        What visitors of the site met meanwhile.
    equal
        Whether the scratch database then held the same as the old one.
    """

    seconds: float
    latency: Latency
    equal: bool


def show(place: Place, rounds: int = ROUNDS) -> None:
    """Move the data both ways, so many times each, and show what that took.

    Parameters
    ----------
    place
        Where the lab is done.
    rounds
        How often; in each, the other way comes first.

    Raises
    ------
    DiagnosisError
        When the old database is stopped.
    TsalabError
        When one of them fails.
    """
    world = World(place)
    with StepView("both-ways", say("both_ways.title"), redactor=place.redactor) as view:
        if not mariadb.service_state(world.server).active:
            raise DiagnosisError.old_database_stopped()
        trials: dict[str, list[Trial]] = {way: [] for way in _WAYS}
        unit = say("both_ways.unit")
        for number in range(rounds):
            for way in list(_WAYS)[:: -1 if number % 2 else 1]:
                trials[way].append(_trial(world, _WAYS[way]))
                view.progress(say(f"both_ways.way.{way}"), number + 1, rounds, unit)
        quiet = _quiet(world, statistics.median(each.seconds for each in trials["dump"]))
        view.end(parts(trials, quiet), instead=True)


def _trial(world: World, move: Callable[[World, Login], None]) -> Trial:
    with migrate.scratch(world.target) as target:
        with moving.visited(world) as visits:
            began = time.monotonic()
            move(world, target)
            seconds = time.monotonic() - began
        return Trial(seconds, visits.latency(), migrate.compare(world.source, target).equal)


def _quiet(world: World, seconds: float) -> Latency:
    """What visitors meet while nothing is moved, for as long as a move takes."""
    with moving.visited(world) as visits:
        time.sleep(max(_QUIET, seconds))
    return visits.latency()


def _dump(world: World, target: Login) -> None:
    try:
        mariadb.dump(world.server, file=_FILE)
        mariadb.load(
            world.server,
            host=world.credentials.host,
            database=target.database,
            user=target.user,
            password=target.password,
            file=_FILE,
        )
    finally:
        world.server.run(f"rm -f {_FILE}")


def _copy(world: World, target: Login) -> None:
    Migration(world.source, target).run()


_WAYS = {"dump": _dump, "copy": _copy}


def parts(trials: dict[str, list[Trial]], quiet: Latency) -> list[Part]:
    """The table of what was measured, and what no measurement shows."""
    rows = [_row(way, found) for way, found in trials.items()]
    rows.append((say("both_ways.way.nothing"), "", _milliseconds([quiet]), _failed([quiet]), ""))
    headings = [say(f"both_ways.heading.{name}") for name in ("way", "seconds", "p95", "failed", "content")]
    rounds = max(len(found) for found in trials.values())
    return [
        table(rows, headings, caption=say("both_ways.caption", count=rounds)),
        *(note(say(f"both_ways.worth_knowing.{way}")) for way in trials),
    ]


def _row(way: str, trials: Sequence[Trial]) -> tuple[str, ...]:
    met = [trial.latency for trial in trials]
    equal = all(trial.equal for trial in trials)
    return (
        say(f"both_ways.way.{way}"),
        f"{statistics.median(trial.seconds for trial in trials):.2f}",
        _milliseconds(met),
        _failed(met),
        say("do.import.equal") if equal else say("do.import.different"),
    )


def _milliseconds(met: Sequence[Latency]) -> str:
    """The p95 of each round, of which the worst one counts; no visit served has none."""
    known = [latency.p95 for latency in met if latency.p95 is not None]
    return f"{max(known) * 1000:.0f} ms" if known else ""


def _failed(met: Sequence[Latency]) -> str:
    return say(
        "both_ways.failed",
        failed=sum(latency.failed for latency in met),
        visits=sum(latency.visits for latency in met),
    )
