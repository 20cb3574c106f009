"""A task that follows the source's changes: from a full load's snapshot, or from a place in its log.

Each schema is followed by a `capture.Replication` of its own, which keeps its place in the target:
so a process that was killed goes on without loss or doubles. What it cannot apply (some DDL) ends
the task with its reason.
"""

from __future__ import annotations

from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tsalab.migrate import capture
from tsalab.sandbox.control.dms import mappings
from tsalab.sandbox.control.dms.job import CDC, FatalError
from tsalab.sandbox.control.dms.loading import Loading, by_schema, selected

if TYPE_CHECKING:
    from tsalab.sandbox.control.dms.job import Job
    from tsalab.sandbox.control.dms.worker import Teller

_LOOK_SECONDS = 0.1


@dataclass
class _Followed:
    """One schema that is followed."""

    schema: str
    replication: capture.Replication
    tell: Teller
    _told: dict[str, capture.Counts] = field(default_factory=dict)

    def on_event(self, figures: capture.Figures) -> None:
        """Tell what changed since the last time."""
        for table, counts in figures.tables.items():
            if self._told.get(table) != counts:
                self.tell.say(
                    "changes",
                    schema=self.schema,
                    table=table,
                    Inserts=counts.inserts,
                    Updates=counts.updates,
                    Deletes=counts.deletes,
                    Ddls=counts.ddls,
                )
        self._told = dict(figures.tables)
        if figures.position is not None:
            self.tell.say("checkpoint", position=str(figures.position))


def follow(job: Job, tell: Teller) -> str:
    """Load what is to be loaded, then follow; why it ended by itself, in AWS's word.

    Raises
    ------
    FatalError
        When the rules select nothing, or what cannot be followed.
    MigrationError
        When it cannot go on.
    StoppedError
        When the process was told to stop.
    """
    tables = selected(job)
    schemas = by_schema(tables)
    if job.one_database and len(schemas) > 1:
        raise FatalError("A database can follow one schema: map each to a database of its own.")
    tell("tables", tables=[[*pair, rows] for pair, rows in tables.items()])
    followed = [_begin(job, tell, schema, names) for schema, names in schemas.items()]
    tell("loaded", errors={})
    if job.stop_after == "loaded":
        return "STOPPED_AFTER_FULL_LOAD"
    if job.stop_after == "applied":
        for one in followed:
            end = capture.current_position(one.replication.source)
            _run([one], tell, until=end)
        return "STOPPED_AFTER_CACHED_EVENTS"
    _run(followed, tell, until=None)
    return "NORMAL"


def _begin(job: Job, tell: Teller, schema: str, names: list[str]) -> _Followed:
    """One schema, loaded as far as it is to be loaded."""
    loading = Loading(job, tell)
    source, target = loading.sides(schema)
    # All tables of a schema: those that are made later, too.
    wanted = () if mappings.read(job.mappings).takes_all(schema) else tuple(names)
    loading.make_database(target)
    if job.again and capture.noted(target) is not None:
        replication = capture.Replication(source, target, tables=wanted)
    elif job.kind == CDC:
        capture.forget(target)
        place = capture.Position.parse(job.position) if job.position else capture.current_position(source)
        replication = capture.Replication(source, target, start=place, tables=wanted)
    else:
        capture.forget(target)
        report = loading.load(schema, names)
        replication = capture.Replication.after(report, source, target, tables=wanted)
        return _Followed(schema, replication, tell)
    for name in names:
        loading.told(schema, name, "Table completed")
    return _Followed(schema, replication, tell)


def _run(followed: list[_Followed], tell: Teller, until: capture.Position | None) -> None:
    """Follow until told to stop, until a position is reached, or until one of them fails."""
    with ThreadPoolExecutor(len(followed)) as pool:
        runs: list[Future[capture.Figures]] = [
            pool.submit(one.replication.run, one.on_event, until=until) for one in followed
        ]
        left = set(runs)
        while left and not tell.stop.is_set():
            done, left = wait(left, _LOOK_SECONDS, FIRST_EXCEPTION)
            if any(run.exception() is not None for run in done):
                break
        for one in followed:
            one.replication.stop()
    for run in runs:
        run.result()
    tell.refuse_stopped()
