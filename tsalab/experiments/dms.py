"""The move of the gallery by AWS's own service for it, while the gallery is being written to.

Into a database of its own beside the gallery's in Aurora: so it may be tried before the lab's own
move and after it, and takes nothing from a gallery that runs.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tsalab import migrate
from tsalab.cloud.groups import Rule, SecurityGroups
from tsalab.cloud.inventory import Leftover
from tsalab.cloud.network import private_address
from tsalab.cloud.replication import BOTH, FULL_LOAD, SOURCE, TARGET, Replication, TableState, TaskState
from tsalab.cloud.replication_making import Database, Making
from tsalab.cloud.replication_removal import Removal
from tsalab.cloud.waiting import poll
from tsalab.errors import ExperimentError
from tsalab.experiments import trial
from tsalab.messages import say
from tsalab.migrate import Login
from tsalab.server import binlog, followers, mariadb
from tsalab.show import Part, StepView, note, table
from tsalab.steps import Place, World, deletion

KINDS = (FULL_LOAD, BOTH)
_LOADS_WITHIN, _CATCHES_UP_WITHIN = 600.0, 60.0
_MYSQL = 3306
_MONTH_HOURS = 730


@dataclass(frozen=True)
class Seen:
    """How far one look found the target behind."""

    after: float
    lag: float


class Replicated:
    """DMS between the lab's old database and Aurora, in a notebook's hand.

    Parameters
    ----------
    place
        Where the lab is done.
    """

    def __init__(self, place: Place) -> None:
        self._place = place

    # Each of these may be called again; what is there stays as it is.

    def make(self) -> None:
        """Make what DMS needs: instance, endpoints, and what lets it read the old database.

        The old database is started again with a binary log, where it has none: it is away for a moment.

        Raises
        ------
        TsalabError
            When the lab is not far enough, or AWS or a server refuses.
        """
        with self._view("make") as view:
            world = World(self._place)
            known = self._replication
            where = _target(world)
            self._prepare(world, view)
            making = Making(known)
            view.line(say("experiments.dms.making.instance", name=known.name))
            making.role()
            subnets = [world.resources[name] for name in ("PrivateSubnetA", "PrivateSubnetB")]
            making.instance(subnets, [world.resources["PublicSecurityGroup"]])
            if known.endpoint(SOURCE) is None:
                password = followers.admit(world.server, followers.ELSEWHERE, world.source.database)
                self._place.redactor.add(password)
                address = private_address(self._place.account, world.resources["WebServer"])
                user = followers.ELSEWHERE.user
                making.endpoint(SOURCE, Database("mariadb", address, _MYSQL, user, password))
            making.endpoint(TARGET, where)
            rows = [(say(f"cloud.replication.{thing.kind}"), thing.name) for thing in Removal(known).things()]
            headings = [say(f"experiments.dms.heading.{name}") for name in ("kind", "name")]
            monthly = deletion.monthly(Leftover("", "", priced="replication"))
            costs = say("experiments.dms.costs", hourly=monthly / _MONTH_HOURS, monthly=monthly)
            view.end([table(rows, headings), note(costs)], instead=True)

    def _prepare(self, world: World, view: StepView) -> None:
        """What the old database and its security group have to be for a reader from elsewhere."""
        if mariadb.start(world.server):
            view.line(say("experiments.dms.making.started"))
        if lacking := binlog.lacking(world.server):
            view.line(say("experiments.dms.making.binlog", settings=", ".join(lacking)))
            binlog.enable(world.server)
        group, groups = world.resources["PublicSecurityGroup"], SecurityGroups(self._place.account)
        if not [rule for rule in groups.rules([group]) if _is_ours(rule, group)]:
            view.line(say("experiments.dms.making.rule", group=group))
            groups.let_in(group, Rule(_MYSQL, _MYSQL, group))

    def test(self) -> None:
        """Let DMS log in at both endpoints, from its instance.

        Raises
        ------
        ExperimentError
            When a database does not let it in; the table above has DMS's words.
        """
        with self._view("test") as view:
            found = [self._replication.test(side) for side in (SOURCE, TARGET)]
            rows = [
                (
                    say(f"experiments.dms.side.{one.side}"),
                    say(f"experiments.dms.tested.{'well' if one.well else 'ill'}"),
                    one.said,
                )
                for one in found
            ]
            headings = [say(f"experiments.dms.heading.{name}") for name in ("endpoint", "tested", "said")]
            view.end([table(rows, headings)], instead=True)
        if failed := [one.side for one in found if not one.well]:
            raise ExperimentError.not_reached(failed)

    def start(self, kind: str = BOTH) -> None:
        """Start to move the gallery, and to follow its changes.

        Parameters
        ----------
        kind
            ``full-load-and-cdc``, or ``full-load`` alone.

        Raises
        ------
        ExperimentError
            When there is no such kind.
        CloudError
            When AWS refuses it: the endpoints have to be tested first.
        """
        if kind not in KINDS:
            raise ExperimentError.unknown_kind(kind, KINDS)
        with self._view("start") as view:
            world = World(self._place)
            trial.create(world.source)
            task = Making(self._replication).task(kind, world.source.database, self._into(world))
            if task.resting:
                self._replication.start(task)
            found, _ = poll(self._task, lambda one: one.status != "starting", seconds=_CATCHES_UP_WITHIN)
            view.end([*_state(found), *self._tables(found)], instead=True)

    def watch(self, seconds: float = 8, rate: float = 50) -> None:
        """Write to the old database, and watch the new one follow.

        Parameters
        ----------
        seconds
            How long is written, after the full load.
        rate
            New rows a second.

        Raises
        ------
        ExperimentError
            When there is no task, it stops, or does not catch up.
        """
        with self._view("watch") as view:
            world = World(self._place)
            source, target = world.source, self._login(world)
            with trial.Writer(source, rate) as writer:
                self._loaded(view)
                seen = self._follow(target, writer, seconds, view)
            if writer.error is not None:
                raise writer.error
            self._caught_up(source, target)
            task = self._task()
            same = migrate.compare(source, target)
            parts = [*_state(task), *self._tables(task), *_lags(seen, writer.written)]
            different = [row.table for row in same.rows if row.source_rows is not None and not row.equal]
            parts.append(note(say("experiments.dms.equal", count=len(same.rows))))
            view.end(parts[: -1 if different else None], instead=True)
        if different:
            raise ExperimentError.tables_differ(different)

    def state(self) -> None:
        """How far the task is, by table.

        Raises
        ------
        ExperimentError
            When there is no task.
        """
        with self._view("state") as view:
            task = self._task()
            view.end([*_state(task), *self._tables(task)], instead=True)

    def stop(self) -> None:
        """Stop the task; `start` goes on where it stopped.

        Raises
        ------
        ExperimentError
            When there is no task.
        """
        with self._view("stop") as view:
            self._replication.stop()
            view.end(_state(self._task()), instead=True)

    def remove(self, *, yes: bool = False) -> None:
        """List what there is of DMS, and take all of it away again.

        Parameters
        ----------
        yes
            Whether to do it; else it is only listed.

        Raises
        ------
        CloudError
            When AWS refuses it, or something does not go.
        """
        with self._view("remove") as view:
            removal = Removal(self._replication)
            rows = [(say(f"cloud.replication.{thing.kind}"), thing.name) for thing in removal.things()]
            headings = [say(f"experiments.dms.heading.{name}") for name in ("kind", "name")]
            if yes:
                for thing in removal.remove():
                    kind = say(f"cloud.replication.{thing.kind}")
                    view.line(say("do.cleanup.deleted", kind=kind, name=thing.name))
                removal.role()
                self._forget(World(self._place))
            caption = say("experiments.dms.gone" if yes else "experiments.dms.going")
            listed = table(rows, headings, caption=caption)
            view.end([listed if rows else note(say("experiments.dms.nothing"))], instead=True)

    def _forget(self, world: World) -> None:
        """Take back what was done to the old database, its security group and Aurora."""
        group, groups = world.resources["PublicSecurityGroup"], SecurityGroups(self._place.account)
        if ours := [rule for rule in groups.rules([group]) if _is_ours(rule, group)]:
            groups.shut_out(group, ours)
        mariadb.start(world.server)
        trial.drop(world.source)
        followers.dismiss(world.server, followers.ELSEWHERE)
        migrate.drop_database(world.target, self._into(world))

    # What they rest on.

    @property
    def _replication(self) -> Replication:
        return Replication(self._place.account, self._place.stack)

    def _task(self) -> TaskState:
        found = self._replication.task()
        if found is None:
            raise ExperimentError.no_task()
        return found

    def _loaded(self, view: StepView) -> None:
        """Wait until every table is loaded.

        Raises
        ------
        ExperimentError
            When the task ends with another result.
        """

        def look() -> bool:
            task = self._task()
            view.progress(say("experiments.dms.loading"), task.percent, 100, say("experiments.dms.percent"))
            if task.status == "failed" or (task.resting and task.percent < 100):
                raise ExperimentError.task_failed(task.status, task.failure or task.reason)
            return task.percent == 100

        _, done = poll(look, bool, seconds=_LOADS_WITHIN)
        if not done:
            raise ExperimentError.task_failed(self._task().status, say("experiments.dms.too_slow"))

    def _follow(self, target: Login, writer: trial.Writer, seconds: float, view: StepView) -> list[Seen]:
        began, seen = time.monotonic(), []
        unit = say("experiments.dms.unit")

        def look() -> bool:
            arrived = trial.newest(target)
            seen.append(Seen(time.monotonic() - began, writer.lag(arrived)))
            view.progress(say("experiments.dms.following"), arrived, writer.written, unit)
            return time.monotonic() - began >= seconds

        poll(look, bool, seconds=seconds + _CATCHES_UP_WITHIN)
        return seen

    def _caught_up(self, source: Login, target: Login) -> None:
        wanted = trial.newest(source)
        arrived, there = poll(
            lambda: trial.newest(target), lambda number: number >= wanted, seconds=_CATCHES_UP_WITHIN
        )
        if not there:
            raise ExperimentError.not_caught_up(wanted - arrived, _CATCHES_UP_WITHIN)

    def _tables(self, task: TaskState) -> list[Part]:
        return [_statistics(self._replication.tables(task.arn))]

    def _into(self, world: World) -> str:
        """The database that DMS moves the gallery into."""
        return f"{world.credentials.dbname}_dms"

    def _login(self, world: World) -> Login:
        return replace(world.target, database=self._into(world))

    def _view(self, what: str) -> StepView:
        title = say(f"experiments.dms.title.{what}")
        return StepView(f"dms-{what}", title, redactor=self._place.redactor)


def _target(world: World) -> Database:
    if world.cluster is None:
        raise ExperimentError.no_cluster()
    secret = world.credentials
    return Database("aurora", secret.host, secret.port, secret.username, secret.password)


def _is_ours(rule: Rule, group: str) -> bool:
    return (rule.first, rule.last, rule.source) == (_MYSQL, _MYSQL, group)


def _state(task: TaskState) -> list[Part]:
    said = say("experiments.dms.state", kind=task.kind, status=task.status, percent=task.percent)
    return [note(said), *(note(text) for text in (task.reason, task.failure) if text)]


def _statistics(tables: Sequence[TableState]) -> Part:
    rows = [
        (one.table, one.state, f"{one.rows:,}", f"{one.inserts:,}", f"{one.updates:,}", f"{one.deletes:,}")
        for one in tables
    ]
    names = ("table", "state", "rows", "inserts", "updates", "deletes")
    return table(rows, [say(f"experiments.dms.heading.{name}") for name in names])


def _lags(seen: Sequence[Seen], written: int) -> list[Part]:
    if not seen:
        return []
    lags = [one.lag for one in seen]
    return [
        note(
            say(
                "experiments.dms.lag",
                rows=written,
                first=lags[0],
                median=statistics.median(lags),
                last=lags[-1],
            )
        )
    ]
