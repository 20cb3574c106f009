"""Move a database: plan, copy from one snapshot, prove, finish; again where it was cut off."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tsalab.errors import MigrationError
from tsalab.messages import say
from tsalab.migrate import checkpoints, sessions
from tsalab.migrate.copying import Sides, TableCopy
from tsalab.migrate.digests import count
from tsalab.migrate.events import Event, Phase
from tsalab.migrate.finishing import add_foreign_keys, add_late_keys, make_objects
from tsalab.migrate.login import Connection, Login, named, opened
from tsalab.migrate.model import Plan, Table
from tsalab.migrate.planning import make_plan
from tsalab.migrate.pool import Pool
from tsalab.migrate.report import Report, TableReport
from tsalab.migrate.streaming import StreamCopy
from tsalab.migrate.throttle import Throttle, answer_time
from tsalab.migrate.verification import Verify

Copy = TableCopy | StreamCopy


@dataclass(frozen=True)
class Options:
    """How to move it.

    Attributes
    ----------
    tables
        Names; all of them when empty.
    writers
        Connections that write.
    verify
        How much is proven.
    replace
        Throw away rows in the target that something else wrote.
    resume
        Go on from what an earlier run left in the target.
    objects, grants
        Whether views, triggers, routines and events, and grants, are made too.
    max_mb_s
        Megabytes of text a second at the most.
    max_lag, lag
        Seconds of lag that are borne, and what tells the lag; by default, how long the
        source takes to answer a trivial question.
    """

    tables: tuple[str, ...] = ()
    writers: int = 3
    verify: Verify = Verify.FULL
    resume: bool = False
    replace: bool = False
    objects: bool = True
    grants: bool = False
    max_mb_s: float | None = None
    max_lag: float | None = None
    lag: Callable[[], float] | None = None


class Migration:
    """One database on its way into another.

    Parameters
    ----------
    source
        Only ever read, in one snapshot, without locks or special privileges.
    target
        A database whose tables of the same names are ours alone.
    options
        How.
    """

    def __init__(self, source: Login, target: Login, options: Options | None = None) -> None:
        self.source, self.target = source, target
        self.options = options or Options()

    def plan(self) -> Plan:
        """What will be done; reads both sides and writes nothing.

        Raises
        ------
        MigrationError
            When a side cannot be read.
        """
        with opened(self.source) as here, opened(self.target) as there:
            return self._plan(here, there)

    def _plan(self, here: Connection, there: Connection) -> Plan:
        return make_plan(
            here,
            there,
            source=self.source,
            target=self.target,
            tables=self.options.tables,
            objects=self.options.objects,
            grants=self.options.grants,
        )

    def prepare(self) -> Plan:
        """Create the tables that the target lacks, empty; again is harmless.

        Raises
        ------
        MigrationError
            When a side cannot be read, something cannot be moved, or the target refuses a table.
        """
        with opened(self.source) as here, opened(self.target) as there:
            plan = accepted(self._plan(here, there))
            create_missing(there, plan, self.target)
        return plan

    def run(self, on_event: Callable[[Event], None] = lambda _: None) -> Report:
        """Move it; a run that was cut off is gone on with by another that resumes.

        Parameters
        ----------
        on_event
            Called in the caller's thread.

        Raises
        ------
        MigrationError
            Naming side and table. What was committed before is whole and proven; a later run
            with ``resume`` goes on from there.
        """
        with opened(self.source) as reader, opened(self.target) as there, opened(self.target) as maker:
            run = _Run(self, reader, there, maker, on_event)
            return run.report()


class _Run:
    """One go."""

    def __init__(
        self,
        migration: Migration,
        reader: Connection,
        there: Connection,
        maker: Connection,
        on_event: Callable[[Event], None],
    ) -> None:
        self._started = time.monotonic()
        self._source, self._target = migration.source, migration.target
        self._options = migration.options
        self._reader, self._there = reader, there
        self._maker = maker  # of tables and objects; the others are set up for bytes
        self._on_event = on_event
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        with named(self._source, say("migration.doing.reading_tables")):
            self._ours = sessions.facts(reader)
        with named(self._target, say("migration.doing.reading_tables")):
            self._theirs = sessions.facts(there)
        size = sessions.limit(self._ours, self._theirs)
        with named(self._source, say("migration.doing.reading_tables")):
            self._snapshot = sessions.begin_snapshot(reader)
        self._plan = accepted(migration._plan(reader, there))
        with named(self._source, say("migration.doing.preparing")):
            sessions.set_up_source(reader, size)
        self._size = size

    def _set_up_target(self, connection: Connection) -> None:
        sessions.set_up_target(connection, self._size)

    def report(self) -> Report:
        """Do it all."""
        self._create()
        with self._lag() as lag:
            return self._all(Throttle(self._options.max_mb_s, self._options.max_lag, lag))

    def _all(self, throttle: Throttle) -> Report:
        try:
            with Pool(self._target, self._options.writers, self._set_up_target, self._tell) as pool:
                copies = self._copy(pool, throttle)
                foreign_keys, notes = self._finish(pool)
        finally:
            throttle.stop()
        self._count()
        self._emit(Event("", Phase.OBJECTS))
        self._tell()
        made, left_out = make_objects(self._maker, self._plan.objects, self._target)
        tables = tuple(self._table_report(each) for each in copies)
        for each in tables:
            self._emit(Event(each.table, Phase.DONE, each.rows, each.rows, each.bytes))
        self._tell()
        return Report(
            tables,
            foreign_keys,
            tuple(made),
            tuple(left_out),
            self._plan.conversions,
            (*self._plan.notes, *notes),
            self._snapshot,
            time.monotonic() - self._started,
            throttle.waited,
        )

    def _emit(self, event: Event) -> None:
        """Take an event; from any thread."""
        since = time.monotonic() - self._started
        self._events.put(Event(event.table, event.phase, event.rows, event.total, event.bytes, since))

    def _tell(self) -> None:
        """Hand events on, in the caller's thread."""
        while not self._events.empty():
            self._on_event(self._events.get())

    @contextmanager
    def _lag(self) -> Iterator[Callable[[], float]]:
        """What tells the lag; by default on a connection of its own, for ours is busy reading."""
        if self._options.lag is not None or self._options.max_lag is None:
            yield self._options.lag or (lambda: 0.0)
            return
        with opened(self._source) as probe:

            def ask() -> float:
                with named(self._source, say("migration.doing.asking_time")):
                    return answer_time(probe)

            yield ask

    def _create(self) -> None:
        with named(self._target, say("migration.doing.preparing")):
            self._set_up_target(self._there)
            checkpoints.create(self._maker)
        if not self._options.resume:
            self._must_be_new()
        create_missing(
            self._maker,
            self._plan,
            self._target,
            lambda table: self._emit(Event(table.name, Phase.CREATE, 0, table.rows)),
        )
        self._tell()

    def _must_be_new(self) -> None:
        for table in self._plan.tables:
            with named(self._target, say("migration.doing.counting")):
                begun = bool(checkpoints.read(self._there, table.name))
            if begun:
                raise MigrationError.begun_before(table.name)

    def _copy(self, pool: Pool, throttle: Throttle) -> list[Copy]:
        sides = Sides(
            self._source, self._target, self._reader, self._there, self._ours, self._theirs,
            pool, throttle, self._options.verify, self._options.replace, self._emit,
        )  # fmt: skip
        copies: list[Copy] = []
        # The largest first: its keys are then built while smaller ones are still copied.
        for table in sorted(self._plan.tables, key=lambda each: -each.bytes):
            kind = StreamCopy if table.path is None else TableCopy
            copies.append(kind(table, sides, self._keys_of(table)))
            copies[-1].run()
        pool.wait()
        return copies

    def _keys_of(self, table: Table) -> Callable[[Connection], None]:
        def add(connection: Connection) -> None:
            self._emit(Event(table.name, Phase.KEYS))
            add_late_keys(connection, table, self._target)

        return add

    def _finish(self, pool: Pool) -> tuple[int, list[str]]:
        """Foreign keys, when every table they lead to is full and has its keys."""
        added, notes = 0, []
        for table in self._plan.tables:
            if table.foreign_keys:
                self._emit(Event(table.name, Phase.FOREIGN_KEYS))
                pool.check()
                more, said = add_foreign_keys(self._maker, table, self._target)
                added += more
                notes += said
        return added, notes

    def _count(self) -> None:
        if self._options.verify is not Verify.COUNTS:
            return
        for table in self._plan.tables:
            with named(self._source, say("migration.doing.counting")):
                ours = count(self._reader, table.name)
            with named(self._target, say("migration.doing.counting")):
                theirs = count(self._there, table.name)
            if ours != theirs:
                raise MigrationError.not_equal(table.name, ours, theirs)

    @staticmethod
    def _table_report(copy: Copy) -> TableReport:
        pieces = [copy.done[place] for place in sorted(copy.done)]
        proven = sum(piece.proven for piece in pieces)
        verified = all(piece.theirs for piece in pieces)
        how = "copied" if not proven else "already equal" if proven == len(pieces) else "resumed"
        return TableReport(
            copy.table.name,
            sum(piece.rows for piece in pieces),
            sum(piece.bytes for piece in pieces),
            checkpoints.fingerprint(*(piece.ours for piece in pieces)),
            checkpoints.fingerprint(*(piece.theirs for piece in pieces)) if verified else "",
            len(pieces),
            proven,
            copy.ended - copy.started,
            how,
        )


def accepted(plan: Plan) -> Plan:
    """The plan, if nothing stands in its way.

    Raises
    ------
    MigrationError
        Naming all that does.
    """
    if plan.refusals:
        raise MigrationError.refused_plan(
            [f"{refusal.subject}: {refusal.reason}" for refusal in plan.refusals]
        )
    return plan


def create_missing(
    connection: Connection, plan: Plan, target: Login, on_table: Callable[[Table], None] = lambda _: None
) -> None:
    """Create the plan's tables that the target lacks."""
    with named(target, say("migration.doing.preparing")), connection.cursor() as cursor:
        cursor.execute("SET foreign_key_checks = 0")
    for table in plan.tables:
        if table.name not in plan.present:
            on_table(table)
            with (
                named(target, say("migration.doing.creating_table", table=table.name)),
                connection.cursor() as cursor,
            ):
                cursor.execute(table.create)
