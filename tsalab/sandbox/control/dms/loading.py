"""A task's full load: each schema's tables by one `Migration`, from one snapshot.

What differs from AWS's own full load, to the better: secondary and foreign keys come too, and
every block is proven before its commit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from tsalab import migrate
from tsalab.errors import MigrationError
from tsalab.migrate.catalogue import PRIVATE_PREFIX, quote
from tsalab.sandbox.control.dms import mappings
from tsalab.sandbox.control.dms.job import FatalError
from tsalab.sandbox.control.dms.task_settings import DROP, NOTHING

if TYPE_CHECKING:
    from tsalab.sandbox.control.dms.job import Job
    from tsalab.sandbox.control.dms.worker import Teller

_TABLES = (
    "SELECT table_schema, table_name, COALESCE(table_rows, 0) FROM information_schema.tables"
    " WHERE table_type = 'BASE TABLE' AND table_schema NOT IN"
    " ('mysql', 'information_schema', 'performance_schema', 'sys')"
)
_STATES = {
    migrate.Phase.CREATE: "Before load",
    migrate.Phase.PROVE: "Full load",
    migrate.Phase.COPY: "Full load",
    migrate.Phase.KEYS: "Full load",
    migrate.Phase.FOREIGN_KEYS: "Full load",
    migrate.Phase.DONE: "Table completed",
}


def selected(job: Job) -> dict[tuple[str, str], int]:
    """The source's tables that the task takes, with the dictionary's estimate of their rows.

    Raises
    ------
    FatalError
        When the rules select nothing.
    MigrationError
        When the source cannot be read.
    """
    from tsalab.sandbox.control.dms.worker import login

    with migrate.connect(login(job.source, "")) as connection, connection.cursor() as cursor:
        cursor.execute(_TABLES)
        there = {(str(schema), str(table)): int(rows) for schema, table, rows in cursor.fetchall()}
    wanted = [pair for pair in mappings.read(job.mappings).chosen(there) if _is_data(pair[1])]
    if not wanted:
        raise FatalError(
            "No tables were found at task initialization. Either the selected table(s) or schemas(s) no "
            "longer exist or no match was found for the table selection pattern(s)."
        )
    return {pair: there[pair] for pair in wanted}


def by_schema(tables: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Names of tables by their schema."""
    found: dict[str, list[str]] = {}
    for schema, table in tables:
        found.setdefault(schema, []).append(table)
    return found


def _is_data(table: str) -> bool:
    return not table.startswith(PRIVATE_PREFIX)


class Loading:
    """Full loads of a task's schemas.

    Parameters
    ----------
    job
        What is to be done.
    tell
        Told of each table.
    """

    def __init__(self, job: Job, tell: Teller) -> None:
        self._job, self._tell = job, tell

    def run(self) -> None:
        """Load every table; one that fails is set aside with its schema, and the others go on.

        Raises
        ------
        FatalError
            When no table could be loaded.
        MigrationError
            When a side cannot be read.
        """
        tables = selected(self._job)
        self._tell("tables", tables=[[*pair, rows] for pair, rows in tables.items()])
        failed: dict[str, str] = {}
        schemas = by_schema(tables)
        for schema, names in schemas.items():
            try:
                self.load(schema, names)
            except MigrationError as error:
                self._tell.refuse_stopped()
                if error.passing:
                    raise
                failed[schema] = self._tell.words(error)
        self._tell("loaded", errors=failed)
        if len(failed) == len(schemas):
            raise FatalError(" ".join(failed.values()))

    def sides(self, schema: str) -> tuple[migrate.Login, migrate.Login]:
        """How the engine enters a schema on the source, and where it goes on the target."""
        from tsalab.sandbox.control.dms.worker import login

        job = self._job
        into = job.one_database or mappings.read(job.mappings).target_schema(schema)
        return login(job.source, schema, job.source.host), login(job.target, into, job.target.host)

    def make_database(self, target: migrate.Login) -> None:
        """Make the database on the target, unless it is there.

        Raises
        ------
        MigrationError
            When the target refuses.
        """
        with (
            migrate.connect(replace(target, database="")) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(f"CREATE DATABASE IF NOT EXISTS {quote(target.database)}")

    def load(self, schema: str, names: Sequence[str]) -> migrate.Report:
        """Load tables of one schema.

        Raises
        ------
        MigrationError
            When one cannot be loaded; those that were not done are in error then.
        """
        job = self._job
        source, target = self.sides(schema)
        done: set[str] = set()

        def on_event(event: migrate.Event) -> None:
            if not event.table:
                self._tell.refuse_stopped()
                return
            if event.phase is migrate.Phase.DONE:
                done.add(event.table)
            self.told(schema, event.table, _STATES[event.phase], event.rows, event.total)

        try:
            self.make_database(target)
            anew = not job.again and job.prepare != NOTHING
            if anew:
                migrate.empty_tables(target, names, drop=job.prepare == DROP)
            options = migrate.Options(
                tables=tuple(names), writers=job.writers, resume=not anew, objects=False
            )
            return migrate.Migration(source, target, options).run(on_event)
        except MigrationError:
            for name in set(names) - done:
                self._tell.say("table", schema=schema, table=name, state="Table error", rows=0, total=0)
            raise

    def told(self, schema: str, table: str, state: str, rows: int = 0, total: int = 0) -> None:
        """Tell where a table stands.

        Raises
        ------
        StoppedError
            When the process was told to stop.
        """
        self._tell("table", schema=schema, table=table, state=state, rows=rows, total=total)
