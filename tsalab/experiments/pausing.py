"""Why Aurora Serverless shuts down, and whether that can be handled more gracefully."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

from tsalab.cloud import metrics
from tsalab.cloud.cluster import Cluster, ClusterState
from tsalab.cloud.role import Role
from tsalab.errors import CloudError, ExperimentError
from tsalab.experiments import awakening, duty, impatience, remedies
from tsalab.experiments.awakening import Measured, Scene
from tsalab.files import write_private
from tsalab.messages import say
from tsalab.server import app, stand_in
from tsalab.show import Part, StepView, details, log, note, pairs, table
from tsalab.show.curves import Curves, curves
from tsalab.steps import Place, World

_POLICY = "AskTheDataApi"
_ACTIONS = ("ExecuteStatement", "BeginTransaction", "CommitTransaction", "RollbackTransaction")
_HOUR = 3600.0


class Pausing:
    """The pauses of the lab's cluster, in a notebook's hand.

    Parameters
    ----------
    place
        Where the lab is done.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._file = place.workdir / ".tsalab" / "pauses.json"

    def watch(self, hours: float = 4.0) -> None:
        """Let nobody come for some hours, and see whether the cluster falls asleep.

        Parameters
        ----------
        hours
            On the clock that the profile names; where it names none, the hours that have just passed.

        Raises
        ------
        TsalabError
            When there is no cluster, or it never pauses.
        """
        with self._view("watch") as view, self._scene(view) as scene:
            state, since = scene.state, time.time()
            connected, slept = 0.0, False
            if scene.clock:
                measured = Measured(remedies.AS_WRITTEN, since)
                scene.visit(measured)
                slept = self._wait(scene, hours)
            else:
                since -= hours * _HOUR
            found = scene.readings(metrics.CONNECTIONS, since, metrics.MOST)
            connected = max((value for _, value in found), default=0.0)
            told = {
                say("experiments.pause.fact.cluster"): state.identifier,
                say("experiments.pause.fact.limit"): _hours((state.pause_after or 0) / _HOUR),
                say("experiments.pause.fact.passed"): _hours(hours),
                say("experiments.pause.fact.connections"): f"{connected:.0f}",
            }
            said = "slept" if slept or scene.is_asleep(since) else "awake"
            parts = [pairs(told), note(say(f"experiments.pause.watched.{said}")), *self._events(scene, since)]
            view.end([*parts, *self._on_time(scene)], instead=True)

    def _wait(self, scene: Scene, hours: float) -> bool:
        """Let hours pass on the clock; whether the cluster slept at the end of them, or before."""
        began, rate = time.monotonic(), scene.rate(awakening.FAST)
        while (passed := (time.monotonic() - began) * rate / _HOUR) < hours:
            scene.view.progress(
                say("experiments.pause.passing"), passed, hours, say("experiments.pause.unit"), steady=False
            )
            if scene.is_asleep(time.time() - 1):
                return True
            time.sleep(awakening.LOOK)
        return False

    def impatient(self, *, wait: bool = False) -> None:
        """Have clients with their usual patience come to a cluster that sleeps.

        Parameters
        ----------
        wait
            Whether to wait the hours that it takes where there is no clock.

        Raises
        ------
        ExperimentError
            When that would take hours.
        TsalabError
            When the lab is not far enough, or a part of it fails.
        """
        with self._view("impatient") as view, self._scene(view, [remedies.AS_WRITTEN], wait=wait) as scene:
            others = impatience.Others(scene)
            measured = self._go(scene, [remedies.AS_WRITTEN], others)[0]
            met = [*others.met(), impatience.of_app(scene, measured)]
            parts = [
                curves([_curve(scene, measured)]),
                impatience.told(met),
                note(say("experiments.pause.holds")),
                *self._events(scene, measured.began),
            ]
            view.end([*parts, *self._on_time(scene)], instead=True)

    def remedies(self, *, wait: bool = False) -> None:
        """Measure three remedies, beside the app as it was written.

        Parameters
        ----------
        wait
            As for `impatient`.

        Raises
        ------
        ExperimentError, TsalabError
            As for `impatient`.
        """
        kept = self._kept()
        ways = [way for way in remedies.WAYS if way in remedies.REMEDIES or way not in kept]
        with self._view("remedies") as view, self._scene(view, ways, wait=wait) as scene:
            self._go(scene, ways)
            found = [measured for way in remedies.WAYS if (measured := self._kept().get(way))]
            parts = [curves([_curve(scene, measured) for measured in found]), _compared(scene, found)]
            parts += [note(say("experiments.pause.no_policy"))] * (remedies.DATA_API not in self._kept())
            view.end([*parts, *_code(), *self._on_time(scene)], instead=True)

    def cost(self) -> None:
        """Show what each way costs a month, as an estimate from the hours that were measured.

        Raises
        ------
        ExperimentError
            When nothing has been measured yet.
        """
        with self._view("cost") as view:
            kept = self._kept()
            if not kept:
                raise ExperimentError.nothing_measured()
            rows = [
                _priced(say(f"experiments.pause.way.{way}"), kept[way])
                for way in remedies.WAYS
                if way in kept
            ]
            acus = max(each.acus for each in kept.values())
            never = (say("experiments.pause.never"), "", *_month(1.0, acus))
            headings = [
                say(f"experiments.pause.heading.{name}") for name in ("way", "after", "awake", "dollars")
            ]
            usage = say("experiments.pause.usage", hours=duty.OPEN_HOURS, days=duty.OPEN_DAYS, acus=acus)
            view.end([table([*rows, never], headings), note(usage)], instead=True)

    def load(self, seconds: float = 0.0) -> None:
        """Give the database work, and see how its capacity follows.

        Parameters
        ----------
        seconds
            How long; 0: four, or where there is no clock ten minutes, for CloudWatch counts in minutes.

        Raises
        ------
        TsalabError
            When the lab is not far enough.
        """
        with self._view("load") as view, self._scene(view) as scene:
            measured = scene.loaded(seconds or (4.0 if scene.clock else 600.0))
            said = "simulated" if scene.clock else "measured"
            parts = [curves([_curve(scene, measured)]), note(say(f"experiments.pause.load.{said}"))]
            view.end([*parts, *self._on_time(scene)], instead=True)

    # What they share ----------------------------------------------------------------

    @contextmanager
    def _scene(self, view: StepView, ways: Iterable[str] = (), *, wait: bool = True) -> Iterator[Scene]:
        """The lab, once it is far enough; its clock is put back in the end."""
        world = World(self._place)
        state = world.cluster
        if state is None:
            raise ExperimentError.no_cluster()
        if state.pause_after is None:
            raise ExperimentError.never_pauses(state.identifier)
        clock = self._place.account.clock
        if clock is None and not wait:
            raise ExperimentError.takes_long(_hours(_takes(ways, state)))
        host = world.site.health().get("database", {}).get("host", "")
        if host != state.endpoint:
            raise ExperimentError.not_on_aurora(host or say("experiments.pause.nobody"))
        with ExitStack() as stack:
            if clock:
                stack.enter_context(clock.borrowed())
                clock.set(rate=awakening.STEADY)
            yield Scene(world, state, clock, view)

    def _go(
        self, scene: Scene, ways: Sequence[str], others: impatience.Others | None = None
    ) -> list[Measured]:
        """Go through a pause with each way; the lab's own app is back in the end, whatever happens."""
        world, found = scene.world, []
        server = world.server
        files = {path: app.read(server, path) for path in (remedies.APP, remedies.DATABASE)}
        with ExitStack() as stack:
            arns = {}
            if remedies.DATA_API in ways:
                arns = self._data_api(scene, stack)
                ways = [way for way in ways if way != remedies.DATA_API or arns]
            replaced = any(remedies.way(name).edit(files, scene.shorten) for name in ways)
            if replaced:
                stack.callback(stand_in.take_away, server)
            for name in ways:
                way = remedies.way(name)
                if edited := way.edit(files, scene.shorten):
                    with scene.view.during(say("experiments.pause.stage.app", way=scene.called(name))):
                        stand_in.put(server, edited, arns)
                        scene.until_up()
                found.append(scene.through(way, others.come if others else None))
                self._keep(found[-1])
        if replaced:
            scene.until_up()
        return found

    def _data_api(self, scene: Scene, stack: ExitStack) -> dict[str, str]:
        """Let the web server ask the Data API, until the stack ends; where it may not be, nothing."""
        world, state, account = scene.world, scene.state, self._place.account
        statement = {
            "Effect": "Allow",
            "Action": [f"rds-data:{action}" for action in _ACTIONS],
            "Resource": state.arn,
        }
        role = Role(account, world.role)
        try:
            role.put_policy(_POLICY, {"Version": "2012-10-17", "Statement": [statement]})
        except CloudError as error:
            scene.view.line(error.what)
            return {}
        stack.callback(role.delete_policy, _POLICY)
        if not state.data_api:
            Cluster(account, state.identifier).enable_data_api(state)
        secret = world.secret.described()
        if secret is None:
            raise ExperimentError.no_cluster()
        return {"CLUSTER_ARN": state.arn, "SECRET_ARN": secret["arn"]}

    def _events(self, scene: Scene, since: float) -> list[Part]:
        """What RDS told meanwhile; version 1 tells nothing."""
        account = self._place.account
        found = [event for name in scene.state.instances for event in metrics.events(account, name, since)]
        if not found:
            return []
        rows = [(time.strftime("%H:%M:%S", time.localtime(event.at)), event.message) for event in found]
        return [table(rows, [say("experiments.pause.heading.when"), say("experiments.pause.heading.event")])]

    def _on_time(self, scene: Scene) -> list[Part]:
        """How time passed here, where it was not the world's."""
        if not scene.clock:
            return []
        hours = awakening.FAST / _HOUR
        return [note(say("experiments.pause.clock", hours=hours, shorten=scene.shorten))]

    def _keep(self, measured: Measured) -> None:
        told = {way: each.as_json() for way, each in self._kept().items()}
        write_private(self._file, json.dumps(told | {measured.way: measured.as_json()}))

    def _kept(self) -> dict[str, Measured]:
        """What was measured here before, by way."""
        if not self._file.exists():
            return {}
        told = json.loads(self._file.read_text("utf-8"))
        return {way: Measured.of_json(each) for way, each in told.items()}

    def _view(self, what: str) -> StepView:
        return StepView(
            f"pause-{what}", say(f"experiments.pause.title.{what}"), redactor=self._place.redactor
        )


def _takes(ways: Iterable[str], state: ClusterState) -> float:
    """Hours until a cluster sleeps, of all ways together."""
    until = (state.pause_after or 0) / _HOUR
    keeps = (remedies.AS_WRITTEN, remedies.PATIENT)
    return sum(until + (awakening.CLOSES_IDLE / _HOUR if way in keeps else 0.0) for way in ways)


def _hours(hours: float) -> str:
    return say("experiments.pause.hours", hours=hours)


def _curve(scene: Scene, measured: Measured) -> Curves:
    return Curves(
        scene.called(measured.way),
        measured.began,
        measured.ended,
        measured.capacity,
        measured.connections,
        measured.visits,
    )


def _compared(scene: Scene, found: Sequence[Measured]) -> Part:
    rows = []
    for measured in found:
        visit = measured.waited
        served = next(each for each in measured.visits[measured.first :] if each.ok)
        rows.append(
            (
                scene.called(measured.way),
                say("show.probe.ok") if visit.ok else say("experiments.pause.failed", status=visit.status),
                f"{visit.seconds:.1f} s",
                f"{served.at + served.seconds - measured.called:.1f} s",
                _hours(measured.awake_hours),
            )
        )
    names = ("way", "first", "waited", "served", "after")
    return table(rows, [say(f"experiments.pause.heading.{name}") for name in names])


def _code() -> list[Part]:
    """The fragments that the remedies are made of."""
    return [
        details(
            say(f"experiments.pause.way.{name}"),
            *(log(remedies.fragment(file)) for file in remedies.way(name).shown),
        )
        for name in remedies.REMEDIES
    ]


def _priced(name: str, measured: Measured) -> tuple[str, ...]:
    return (
        name,
        _hours(measured.awake_hours),
        *_month(duty.awake_share(measured.awake_hours), measured.acus),
    )


def _month(share: float, acus: float) -> tuple[str, str]:
    awake = say("experiments.pause.awake", hours=duty.hours(share), percent=share * 100)
    return awake, f"{duty.monthly(share, acus):.0f}"
