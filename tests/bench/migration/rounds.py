"""Rounds: in each, every contestant moves every database once, into a server that is new."""

from __future__ import annotations

import itertools
import shutil
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from migration import data, floor, proxy, servers
from migration.contestants import Failed, Way, present
from migration.floor import Files
from migration.servers import Server
from migration.spending import Spent, spending

DATABASES = ("gallery", "wide")
FLOOR = "the floor"
FAR = 10.0  # milliseconds that each direction takes longer: 20 of round-trip time
TARGETS = {"mariadb": servers.mariadb, "mysql": servers.mysql}
_FEW = 100  # pages
_SETTLE = 120.0  # seconds within which a source has written what it was given


@dataclass(frozen=True)
class Race:
    """What is moved, over which way, to whom."""

    database: str
    target: str = "mariadb"
    far: bool = False

    @property
    def key(self) -> str:
        """Name on a command line."""
        return f"{self.database}-{self.target}{'-far' if self.far else ''}"

    def __str__(self) -> str:
        """Name for people."""
        return f"{self.database} → {self.target}{f', {2 * FAR:.0f} ms away' if self.far else ''}"


class Rounds:
    """All races of one measurement; the source and its data stay until it ends.

    Parameters
    ----------
    folder
        Where servers and files are.
    megabytes
        Size of each database as text.
    races
        What to measure.
    only
        Names of the contestants; all when empty.
    """

    def __init__(self, folder: Path, megabytes: int, races: list[Race], only: list[str]) -> None:
        self.megabytes, self.races = megabytes, races
        self.spent: dict[tuple[Race, str], list[Spent]] = defaultdict(list)
        self.failed: dict[tuple[Race, str], str] = {}
        self.files: dict[str, Files] = {}
        self._folder, self._only = folder, only
        self._stack = ExitStack()
        self._source: Server | None = None
        self._shapes: dict[str, dict[str, tuple[int, int, int]]] = {}
        self._runs = itertools.count()

    def __enter__(self) -> Rounds:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def round(self, number: int) -> None:
        """Round 0 makes the data; in the others everyone runs once, each time another one first."""
        if self._source is None:
            self._source = self._prepare()
        if not number:
            return
        for race in self.races:
            known = self._contestants(race)
            first = number % len(known)
            for name in (*list(known)[first:], *list(known)[:first]):
                if (race, name) in self.failed:
                    continue
                try:
                    spent = self._run(race, name, known[name])
                except Failed as error:
                    self.failed[race, name] = str(error)
                    self.spent.pop((race, name), None)
                    sys.stderr.write(f"{race}: {name} failed: {error}\n")
                    continue
                self.spent[race, name].append(spent)
                sys.stderr.write(f"{race}: {name} {spent.wall:.1f} s\n")

    def _contestants(self, race: Race) -> dict[str, Callable[[Way], None] | None]:
        known: dict[str, Callable[[Way], None] | None] = {**present()}
        if not race.far:
            known[FLOOR] = None
        return {name: move for name, move in known.items() if not self._only or name in self._only}

    def _prepare(self) -> Server:
        source = self._stack.enter_context(servers.mariadb(self._folder / "source"))
        for database in dict.fromkeys(race.database for race in self.races):
            source.ask(f"CREATE DATABASE {database} CHARACTER SET utf8mb4")
            with source.open(database) as connection, connection.cursor() as cursor:
                for statement, arguments in data.make(database, self.megabytes):
                    cursor.execute(statement, arguments or None)
            for table in servers.tables(source, database):
                source.ask(f"ANALYZE TABLE {table}", database)
            self._shapes[database] = servers.shape(source, database)
            self.files[database] = floor.unload(source, database, self._folder / "files" / database)
            sys.stderr.write(f"{database}: {self.files[database].size / data.MB:.0f} MB as text\n")
        _settle(source)
        return source

    def _run(self, race: Race, name: str, move: Callable[[Way], None] | None) -> Spent:
        assert self._source is not None
        folder = self._folder / f"run-{next(self._runs)}"
        with TARGETS[race.target](folder / "target") as target, _ports(race, self._source, target) as ports:
            target.ask(f"CREATE DATABASE {race.database} CHARACTER SET utf8mb4")
            way = Way(ports[0], ports[1], race.database, folder)
            spent = spending(lambda: self._move(way, move, target), self._source, target, *ports[2:])
            found, whole = servers.shape(target, race.database), self._shapes[race.database]
        shutil.rmtree(folder)
        if {table: found.get(table) for table in whole} != whole:
            raise Failed(f"it left {found}, not {whole} (rows, keys, foreign keys)")
        return spent

    def _move(self, way: Way, move: Callable[[Way], None] | None, target: Server) -> None:
        if move is None:
            floor.load(target, way.database, self.files[way.database])
        else:
            move(way)


@contextmanager
def _ports(race: Race, source: Server, target: Server) -> Iterator[tuple[int, ...]]:
    """Ports of source and target as the client sees them, then pids of what stands between."""
    if not race.far:
        yield source.port, target.port
        return
    with proxy.before(source.port, FAR) as (near, first), proxy.before(target.port, FAR) as (there, second):
        yield near, there, first, second


def _settle(server: Server) -> None:
    """Wait until a server has written its changed pages: it would do so while others are measured."""
    while_settling = {
        "innodb_max_dirty_pages_pct_lwm": 0,
        "innodb_max_dirty_pages_pct": 0,
        "innodb_io_capacity_max": 40_000,
        "innodb_io_capacity": 20_000,
    }
    for name, value in while_settling.items():
        server.ask(f"SET GLOBAL {name} = {value}")
    end = time.monotonic() + _SETTLE
    dirty = "SHOW STATUS LIKE 'Innodb_buffer_pool_pages_dirty'"
    while int(server.ask(dirty)[0][1]) > _FEW and time.monotonic() < end:
        time.sleep(0.1)
    for name in reversed(while_settling):
        server.ask(f"SET GLOBAL {name} = DEFAULT")
