"""The gallery through the Data API: a query, a check of the migration, what asking takes."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tsalab import migrate
from tsalab.cloud.cluster import Cluster, ClusterState
from tsalab.cloud.data_api import Cell, DataApi
from tsalab.errors import ExperimentError
from tsalab.messages import say
from tsalab.records import Journal
from tsalab.server import mariadb
from tsalab.show import Part, StepView, note, table
from tsalab.steps import Place, World

ROUNDS = 30
_QUERY = "SELECT COUNT(*) FROM images"
_SHOWN = 50  # rows; a page is no place for more
_TABLES = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = DATABASE()"


@dataclass(frozen=True)
class Content:
    """What a server says of one table.

    Parameters
    ----------
    rows
        How many.
    checksum
        Sum of the rows' hashes: equal for equal rows, in any order. Empty where only the rows are known.
    """

    rows: int
    checksum: str = ""


class Asked:
    """The Data API of the lab's cluster, in a notebook's hand.

    Parameters
    ----------
    place
        Where the lab is done.
    journal
        What was done there.
    """

    def __init__(self, place: Place, journal: Journal) -> None:
        self._place, self._journal = place, journal

    def enable(self) -> None:
        """Switch the Data API on, where the template did not; costs nothing.

        Raises
        ------
        TsalabError
            When there is no cluster yet, or AWS refuses it.
        """
        with self._view("enable") as view:
            state = _cluster(World(self._place))
            if not state.data_api:
                Cluster(self._place.account, state.identifier).enable_data_api(state)
            said = "was_on" if state.data_api else "switched"
            view.end(
                [note(say(f"experiments.data_api.state.{said}", cluster=state.identifier))], instead=True
            )

    def query(self, sql: str, **parameters: Cell) -> None:
        """Execute one statement, and show what it came to.

        Parameters
        ----------
        sql
            ``:name`` stands for a value.
        parameters
            The values, by name.

        Raises
        ------
        CloudError
            When AWS or the database refuses it.
        """
        with self._view("query") as view:
            began = time.perf_counter()
            answer = _of(World(self._place)).execute(sql, parameters)
            took = time.perf_counter() - began
            parts: list[Part] = []
            if answer.columns:
                rows = [
                    tuple("NULL" if value is None else str(value) for value in row) for row in answer.rows
                ]
                count = len(rows)
                parts.append(
                    table(
                        rows[:_SHOWN], answer.columns, caption=say("experiments.data_api.rows", count=count)
                    )
                )
            else:
                parts.append(note(say("experiments.data_api.changed", count=answer.updated)))
            parts.append(note(say("experiments.data_api.took", milliseconds=took * 1000)))
            if answer.refusals:
                parts.append(note(say("experiments.data_api.woke", count=answer.refusals)))
            view.end(parts, instead=True)

    def verify(self) -> None:
        """Check the migration through the Data API: every table's rows and checksum.

        Held against the old database while it runs, else against what the journal says of the move.

        Raises
        ------
        ExperimentError
            When there is nothing to hold it against, or a table differs.
        """
        with self._view("verify") as view:
            world = World(self._place)
            execute = _of(world).execute
            ours = contents(lambda sql: execute(sql).rows)
            theirs, against = self._before(world)
            rows, different = _compared(theirs, ours)
            headings = [
                say(f"experiments.data_api.heading.{name}") for name in ("table", against, "api", "same")
            ]
            view.end([table(rows, headings), note(say("experiments.data_api.by_server"))], instead=True)
        if different:  # below the table, rather than in its place
            raise ExperimentError.tables_differ(different)

    def _before(self, world: World) -> tuple[dict[str, Content], str]:
        """What the tables held before they were moved, and who says so."""
        if mariadb.service_state(world.server).active:
            with migrate.connect(world.source) as connection:

                def ask(sql: str) -> Sequence[Sequence[Cell]]:
                    with connection.cursor() as cursor:
                        cursor.execute(sql)
                        return tuple(cursor.fetchall())

                return contents(ask), "old"
        record = self._journal.last(14)
        known = {
            name: Content(int(value["target"]))
            for name, value in (record.facts if record else {}).items()
            if isinstance(value, Mapping) and value.get("target") is not None
        }
        if not known:
            raise ExperimentError.nothing_to_compare()
        return known, "record"

    def compare(self, rounds: int = ROUNDS) -> None:
        """Measure the same query through the Data API, a new connection, and one that is kept.

        Parameters
        ----------
        rounds
            How often each is asked, by turns.
        """
        with self._view("compare") as view:
            world = World(self._place)
            api = _of(world)
            with migrate.connect(world.target) as kept:

                def on_kept() -> None:
                    with kept.cursor() as cursor:
                        cursor.execute(_QUERY)
                        cursor.fetchall()

                def on_new() -> None:
                    with migrate.connect(world.target) as connection, connection.cursor() as cursor:
                        cursor.execute(_QUERY)
                        cursor.fetchall()

                ways: dict[str, Callable[[], object]] = {
                    "api": lambda: api.execute(_QUERY),
                    "new": on_new,
                    "kept": on_kept,
                }
                took = _by_turns(ways, rounds, view)
            view.end(measured(took), instead=True)

    def _view(self, what: str) -> StepView:
        return StepView(
            f"data-api-{what}", say(f"experiments.data_api.title.{what}"), redactor=self._place.redactor
        )


def _by_turns(
    ways: Mapping[str, Callable[[], object]], rounds: int, view: StepView
) -> dict[str, list[float]]:
    took: dict[str, list[float]] = {way: [] for way in ways}
    for ask in ways.values():  # the first of each pays for what the others find ready
        ask()
    for number in range(rounds):
        for way, ask in ways.items():
            began = time.perf_counter()
            ask()
            took[way].append(time.perf_counter() - began)
        view.progress(say("experiments.data_api.asking"), number + 1, rounds, say("both_ways.unit"))
    return took


def measured(took: Mapping[str, Sequence[float]]) -> list[Part]:
    """The table of what was measured, in milliseconds, and what no measurement shows."""
    rows = [
        (
            say(f"experiments.data_api.way.{way}"),
            f"{statistics.median(seconds) * 1000:.1f}",
            f"{sorted(seconds)[int(0.95 * len(seconds))] * 1000:.1f}",
        )
        for way, seconds in took.items()
    ]
    headings = [say(f"experiments.data_api.heading.{name}") for name in ("way", "median", "p95")]
    caption = say("experiments.data_api.caption", count=max(map(len, took.values())))
    return [table(rows, headings, caption=caption), note(say("experiments.data_api.worth_knowing"))]


def contents(ask: Callable[[str], Sequence[Sequence[Cell]]]) -> dict[str, Content]:
    """Rows and checksum of every table; the server sums, so that an answer is one row.

    Parameters
    ----------
    ask
        Executes a query and returns its rows.
    """
    columns: dict[str, list[str]] = {}
    for name, column in ask(f"{_TABLES} ORDER BY table_name, ordinal_position"):
        if not str(name).startswith(migrate.PRIVATE_PREFIX):
            columns.setdefault(str(name), []).append(str(column))
    found = {}
    for name, listed in columns.items():
        ((rows, checksum),) = ask(_checksum(name, listed))
        found[name] = Content(int(rows or 0), str(checksum))
    return found


def _checksum(name: str, columns: Sequence[str]) -> str:
    values = ", ".join(f"IFNULL(HEX(`{column.replace('`', '``')}`), '-')" for column in columns)
    row = f"CAST(CONV(LEFT(SHA2(CONCAT_WS('.', {values}), 256), 15), 16, 10) AS DECIMAL(20))"
    quoted = name.replace("`", "``")
    return f"SELECT COUNT(*), CAST(IFNULL(SUM({row}), 0) AS CHAR) FROM `{quoted}`"  # noqa: S608 - quoted


def _compared(
    theirs: Mapping[str, Content], ours: Mapping[str, Content]
) -> tuple[list[tuple[str, ...]], list[str]]:
    """The table's rows, and which tables are not what they were."""
    rows: list[tuple[str, ...]] = []
    different = []
    for name, before in theirs.items():
        now = ours.get(name)
        if now is None or now.rows != before.rows or before.checksum not in {"", now.checksum}:
            different.append(name)
            verdict = say("do.import.different")
        elif before.checksum:
            verdict = say("do.import.equal")
        else:  # where only the rows are known, no more is said
            verdict = say("experiments.data_api.as_many")
        rows.append((name, str(before.rows), "" if now is None else str(now.rows), verdict))
    return rows, different


def _cluster(world: World) -> ClusterState:
    if world.cluster is None:
        raise ExperimentError.no_cluster()
    return world.cluster


def _of(world: World) -> DataApi:
    state, secret = _cluster(world), world.secret.described()
    if secret is None:
        raise ExperimentError.no_cluster()
    return DataApi(world.place.account, state.arn, secret["arn"], world.credentials.dbname)
