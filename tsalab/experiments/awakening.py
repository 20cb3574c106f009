"""One way through one pause: the last visitor goes, the cluster falls asleep, somebody comes and wakes it.

Everything is measured from outside: visits through CloudFront, the cluster's capacity and
connections as CloudWatch has them. What takes hours on AWS takes seconds where the profile has
a clock; how long a visitor waits is never sped up.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from tsalab import migrate
from tsalab.clock import Clock
from tsalab.cloud import metrics
from tsalab.cloud.cluster import ClusterState
from tsalab.cloud.waiting import poll
from tsalab.edge import Probe
from tsalab.errors import ExperimentError
from tsalab.experiments import remedies
from tsalab.experiments.remedies import Way
from tsalab.messages import say
from tsalab.migrate import Login
from tsalab.server import app
from tsalab.show import StepView
from tsalab.steps import World

FAST = 10_800.0  # three hours of the clock in a second
STEADY = 120.0  # CloudWatch has a number every minute of the clock: so twice a second
SHORTEN = 10.0  # by how much an awakening is shorter, and every client's patience with it
SLEPT_LONG = 25.0  # seconds that a cluster takes to wake which has slept for most of a day
CLOSES_IDLE = 28_800.0  # seconds after which the server closes a connection that asks nothing
LOOK = 0.05  # real seconds between two looks while time is sped up: so exact are the hours
_STARTS_WITHIN = 90.0
_WARM = 3  # visits
_SHRINKS_WITHIN = 900.0
LOAD = "load"
AWAKE = 0.5  # ACUs: version 2's least while it is not paused
_WORK = "SELECT BENCHMARK(200000, SHA2('load', 256))"
_WORKERS = 4
_EVERY = 0.25  # seconds between two visits under load


@dataclass(frozen=True)
class Visit:
    """What one visitor met.

    Attributes
    ----------
    at
        When it began: seconds since 1970.
    seconds
        To the end of the answer.
    ok
        Whether it was a good one.
    status
        Of HTTP; 0: none came.
    """

    at: float
    seconds: float
    ok: bool
    status: int


@dataclass
class Measured:
    """What one way came to.

    Attributes
    ----------
    way
        Its name.
    began, ended
        Seconds since 1970.
    asleep, called
        When the cluster was seen asleep, and when the visitor came who wakes it.
    awake_hours
        Hours on the clock from the last visit until the cluster slept.
    acus
        Capacity while it was awake.
    visits
        All of them, in their order.
    first
        Of `visits`, the one that wakes the cluster.
    capacity, connections
        (seconds since 1970, value).
    """

    way: str
    began: float
    ended: float = 0.0
    asleep: float = 0.0
    called: float = 0.0
    awake_hours: float = 0.0
    acus: float = 0.0
    visits: list[Visit] = field(default_factory=list)
    first: int = 0
    capacity: list[tuple[float, float]] = field(default_factory=list)
    connections: list[tuple[float, float]] = field(default_factory=list)

    @property
    def waited(self) -> Visit:
        """The visit that woke the cluster."""
        return self.visits[self.first]

    def as_json(self) -> dict[str, Any]:
        """For a file."""
        return asdict(self)

    @classmethod
    def of_json(cls, told: dict[str, Any]) -> Self:
        """From a file."""
        pairs = {name: [(at, value) for at, value in told[name]] for name in ("capacity", "connections")}
        return cls(**told | pairs | {"visits": [Visit(**each) for each in told["visits"]]})


class Scene:
    """The lab's cluster and site while its pauses are looked at.

    Parameters
    ----------
    world
        The lab.
    state
        Its cluster.
    clock
        The profile's, if it has one.
    view
        Shows what goes on.
    """

    def __init__(self, world: World, state: ClusterState, clock: Clock | None, view: StepView) -> None:
        self.world, self.state, self.clock, self.view = world, state, clock, view
        self._offset = time.time() - time.monotonic()
        self._visits = int(time.time() * 1000)

    @property
    def shorten(self) -> float:
        """By how much awakenings and patience are shorter than on AWS."""
        return SHORTEN if self.clock else 1.0

    @property
    def period(self) -> int:
        """Seconds that each of CloudWatch's numbers sums up; a sped up minute passes in less than one."""
        return 1 if self.clock else metrics.MINUTE

    def rate(self, rate: float) -> float:
        """Let time pass so fast where it can; returns how fast it passes."""
        return self.clock.set(rate=rate).rate if self.clock else 1.0

    def through(self, way: Way, beside: Callable[[], None] | None = None) -> Measured:
        """Go with one way, whose app runs, through one pause.

        Parameters
        ----------
        way
            Which.
        beside
            Called when the cluster sleeps, just before the visitor comes: brings others along.
        """
        measured = Measured(way.name, time.time())
        for _ in range(_WARM):
            self.visit(measured)
        with self.view.during(say("experiments.pause.stage.asleep", way=self.called(way.name))):
            self._fall_asleep(way, measured)
        if self.clock:
            self.clock.set(rate=STEADY, resume_seconds=SLEPT_LONG / self.shorten)
        with self.view.during(say("experiments.pause.stage.waking", way=self.called(way.name))):
            measured.called, measured.first = time.time(), len(measured.visits)
            if beside:
                beside()
            self.visit(measured)
            self._until_served(measured)
        for _ in range(_WARM):
            self.visit(measured)
        self._read(measured)
        return measured

    def called(self, way: str) -> str:
        """A way's name for a person."""
        return say(f"experiments.pause.way.{way}")

    def visit(self, measured: Measured) -> Probe:
        """One visitor through CloudFront."""
        self._visits += 1
        probe = self.world.site.visit(self.called(measured.way), self._visits)
        visit = Visit(self._offset + probe.began, probe.milliseconds / 1000, probe.ok, probe.status)
        measured.visits.append(visit)
        return probe

    def until_up(self) -> None:
        """Wait until the app that was just started serves."""
        starting = Measured(remedies.AS_WRITTEN, time.time())
        self._until_served(starting)

    def _until_served(self, measured: Measured) -> None:
        def served() -> bool:
            return bool(measured.visits and measured.visits[-1].ok) or self.visit(measured).ok

        if not poll(served, bool, seconds=_STARTS_WITHIN, every=LOOK)[1]:
            raise ExperimentError.not_served(_STARTS_WITHIN, self.world.site.url)

    def _fall_asleep(self, way: Way, measured: Measured) -> None:
        """Wait until the cluster sleeps, and add up the hours."""
        seconds = 0.0
        if way.lets_go and self.clock:  # the app's own timer knows no clock
            began = time.monotonic()
            self._until_let_go()
            seconds = (time.monotonic() - began) * self.shorten
        rate, began = self.rate(FAST), time.monotonic()
        limit = 2 * (CLOSES_IDLE + (self.state.pause_after or 0)) / rate + metrics.MINUTE
        every = LOOK if self.clock else self.period
        if not poll(lambda: self.is_asleep(measured.began), bool, seconds=limit, every=every)[1]:
            raise ExperimentError.stays_awake(self.state.identifier, limit)
        measured.awake_hours = (seconds + (time.monotonic() - began) * rate) / 3600
        measured.asleep = time.time()

    def _until_let_go(self) -> None:
        def let_go() -> bool:
            return any(remedies.LET_GO in line for line in app.log_tail(self.world.server))

        if not poll(let_go, bool, seconds=metrics.MINUTE, every=LOOK)[1]:
            raise ExperimentError.stays_awake(self.state.identifier, metrics.MINUTE)

    def is_asleep(self, since: float) -> bool:
        """Whether the cluster has no capacity now: version 1 says so itself, of the other CloudWatch does."""
        if self.state.first_version:
            state = self.world.again().cluster
            return state is not None and state.paused
        found = self.readings(metrics.CAPACITY, since, metrics.LEAST)
        return bool(found) and found[-1][1] == 0

    def readings(self, metric: str, since: float, statistic: str) -> list[tuple[float, float]]:
        """What CloudWatch has of a metric since a time: (seconds since 1970, value), oldest first."""
        account = self.world.place.account
        found = metrics.readings(
            account, self.state.identifier, metric, since, statistic=statistic, period=self.period
        )
        return [(each.at, each.value) for each in found]

    def _read(self, measured: Measured) -> None:
        served = measured.visits[-1].at

        def noted() -> bool:
            """Whether CloudWatch has counted since the last visit: it does so once a minute."""
            measured.connections = self.readings(metrics.CONNECTIONS, measured.began, metrics.MOST)
            return bool(measured.connections) and measured.connections[-1][0] + self.period > served

        poll(noted, bool, seconds=2 * self.period)
        measured.ended = time.time()
        found = self.readings(metrics.CAPACITY, measured.began, metrics.LEAST)
        awake = [value for _, value in found if value]
        measured.acus = max(min(awake, default=0.0), self.state.least_capacity)
        measured.capacity = found
        if measured.asleep:  # CloudWatch's times are whole periods; when it slept was seen more exactly
            first = next(each for each in measured.visits[measured.first :] if each.ok)
            until = first.at + first.seconds
            measured.capacity = sorted(
                [(at, value) for at, value in found if value and not measured.asleep <= at < until]
                + [(measured.asleep, 0.0), (until, measured.acus)]
            )
            measured.connections = [
                (until if measured.asleep <= at < until <= at + self.period else at, value)
                for at, value in measured.connections
            ]

    def loaded(self, seconds: float) -> Measured:
        """Give the database work for some seconds, and wait until its capacity is the least again.

        Parameters
        ----------
        seconds
            Real ones.
        """
        before, known = poll(self._capacity, math.isfinite, seconds=2 * self.period)
        measured = Measured(LOAD, time.time())
        until, unit = time.monotonic() + seconds, say("experiments.pause.unit_seconds")
        target = self.world.target
        with ThreadPoolExecutor(_WORKERS, "load") as pool:
            working = [pool.submit(_work, target, until) for _ in range(_WORKERS)]
            while (left := until - time.monotonic()) > 0:
                self.visit(measured)
                self.view.progress(self.called(LOAD), seconds - left, seconds, unit, steady=False)
                time.sleep(min(_EVERY, left))
            for each in working:
                each.result()
        least = max(self.state.least_capacity, AWAKE)
        poll(self._capacity, lambda acus: acus <= least, seconds=_SHRINKS_WITHIN)
        self._read(measured)
        measured.capacity = self.readings(metrics.CAPACITY, measured.began, metrics.MOST)
        if known:
            measured.capacity.insert(0, (measured.began - self.period, before))
        return measured

    def _capacity(self) -> float:
        """The newest that CloudWatch has; infinite while it has none."""
        found = self.readings(metrics.CAPACITY, time.time() - 5 * self.period, metrics.MOST)
        return found[-1][1] if found else math.inf


def _work(target: Login, until: float) -> None:
    """Keep the database busy on a connection of its own, until a time (monotonic)."""
    with migrate.connect(target) as connection, connection.cursor() as cursor:
        while time.monotonic() < until:
            cursor.execute(_WORK)
