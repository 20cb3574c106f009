"""Copy a database: one snapshot, one transaction a table, verified before its commit.

The source is read in one REPEATABLE READ snapshot, so all tables are of the same moment
while the application goes on writing (which `mysqldump` without ``--single-transaction``
does not give). A table is filled, read back and compared within one transaction: whatever
happens, it is either as before or equal to the snapshot. So running again after a crash at
any point just continues.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass

from tsalab.errors import MigrationError
from tsalab.messages import say
from tsalab.migrate import ledger
from tsalab.migrate.catalogue import foreign_key_names, quote
from tsalab.migrate.digests import Summer, TableDigest, count, digest
from tsalab.migrate.login import Connection, Login, named, opened
from tsalab.migrate.model import Column, Table
from tsalab.migrate.preparing import create_missing, read_plan
from tsalab.migrate.rows import Row, exact, read, row_literal

_BATCH = 512 * 1024  # bytes of one INSERT: a few hundred rows, far below max_allowed_packet


@dataclass(frozen=True)
class Progress:
    """How far a table is.

    Attributes
    ----------
    table
        Its name.
    rows, total
        Rows written so far, and in all.
    bytes
        Bytes of SQL sent for it so far.
    """

    table: str
    rows: int
    total: int
    bytes: int


@dataclass(frozen=True)
class Copied:
    """What was done about one table: ``how`` is "copied", "replaced" or "already equal"."""

    table: str
    rows: int
    bytes: int
    seconds: float
    digest: str
    how: str


@dataclass(frozen=True)
class Report:
    """What a copy did."""

    tables: tuple[Copied, ...]
    foreign_keys: int
    left_out: tuple[str, ...]
    seconds: float


def copy(
    source: Login,
    target: Login,
    on_progress: Callable[[Progress], None] = lambda _: None,
    *,
    replace: bool = False,
) -> Report:
    """Copy every table of the source into the target; again is harmless.

    Parameters
    ----------
    source
        Only ever read.
    target
        Its tables are created where missing.
    on_progress
        Called in the caller's thread, at a table's start, after each batch, and at its end.
    replace
        Replace rows in the target even if something else wrote them.

    Raises
    ------
    MigrationError
        Naming side and table. The table at hand is then as it was before.
    """
    started = time.monotonic()
    with opened(source) as reader, opened(target) as writer:
        with named(source, say("migration.doing.reading_tables")):
            _begin_snapshot(reader)
            planned = read_plan(reader)
        create_missing(writer, planned, target)
        with named(target, say("migration.doing.preparing")):
            ledger.create(writer)
            with writer.cursor() as cursor:
                cursor.execute("SET foreign_key_checks = 0")
        done = []
        for table in planned.tables:
            job = _TableCopy(reader, writer, table, planned.rows[table.name], on_progress)
            done.append(job.run(source, target, replace=replace))
        added = 0
        for table in planned.tables:
            with named(target, say("migration.doing.adding_keys", table=table.name), table.name):
                added += _add_foreign_keys(writer, table)
    return Report(tuple(done), added, planned.left_out, time.monotonic() - started)


def _begin_snapshot(connection: Connection) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        cursor.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")


def _add_foreign_keys(connection: Connection, table: Table) -> int:
    missing = [
        definition
        for name, definition in table.foreign_keys.items()
        if name not in foreign_key_names(connection, table.name)
    ]
    if missing:
        with connection.cursor() as cursor:
            cursor.execute("SET foreign_key_checks = 1")  # so that the rows are checked against them
            cursor.execute(f"ALTER TABLE {quote(table.name)} " + ", ".join(f"ADD {key}" for key in missing))
    return len(missing)


def _must_equal(sent: TableDigest, arrived: TableDigest) -> None:
    if sent != arrived:
        raise MigrationError.not_equal(sent.table, sent.rows, arrived.rows)


class _TableCopy:
    """One table's way."""

    def __init__(
        self,
        reader: Connection,
        writer: Connection,
        table: Table,
        total: int,
        on_progress: Callable[[Progress], None],
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._table = table
        self._total = total
        self._on_progress = on_progress
        self._sent = 0

    def run(self, source: Login, target: Login, *, replace: bool) -> Copied:
        """Bring the target's table to the snapshot's content."""
        started = time.monotonic()
        name = self._table.name
        with named(target, say("migration.doing.reading_table", table=name), name):
            there = digest(self._writer, name) if count(self._writer, name) else None
        how = "copied"
        if there is not None:
            with named(source, say("migration.doing.reading_table", table=name), name):
                here = digest(self._reader, name)
            if here == there:
                with named(target, say("migration.doing.writing_table", table=name), name):
                    ledger.write(self._writer, there)
                self._tell(there.rows)
                return Copied(name, there.rows, 0, time.monotonic() - started, there.digest, "already equal")
            with named(target, say("migration.doing.reading_table", table=name), name):
                if not replace and not ledger.wrote(self._writer, there):
                    raise MigrationError.other_data(name, there.rows)
            how = "replaced"
        written = self._fill(source, target)
        return Copied(name, written.rows, self._sent, time.monotonic() - started, written.digest, how)

    def _fill(self, source: Login, target: Login) -> TableDigest:
        name = self._table.name
        summer = Summer(name, self._table.stored)
        self._tell(0)
        with named(target, say("migration.doing.writing_table", table=name), name):
            self._writer.begin()
        try:
            with named(target, say("migration.doing.writing_table", table=name), name):
                self._execute(f"DELETE FROM {quote(name)}".encode())  # noqa: S608 - the name is quoted
            self._insert_all(source, target, summer)
            with named(target, say("migration.doing.verifying_table", table=name), name):
                arrived = digest(self._writer, name)
                _must_equal(summer.digest(), arrived)
                ledger.write(self._writer, arrived)
                self._writer.commit()
        except BaseException:
            # Nothing half-done stays; an interrupted result set cannot be read on, so the
            # connection is closed, which rolls back.
            self._writer.close()
            raise
        self._tell(arrived.rows)
        return arrived

    def _insert_all(self, source: Login, target: Login, summer: Summer) -> None:
        name = self._table.name
        stored = self._table.stored
        names = ", ".join(quote(column.name) for column in stored)
        head = f"INSERT INTO {quote(name)} ({names}) VALUES ".encode()  # noqa: S608 - names are quoted
        batch: list[bytes] = []
        size = 0
        with closing(self._rows(source, stored)) as rows:
            for row in rows:
                summer.add(row)
                literal = row_literal(row, stored)
                batch.append(literal)
                size += len(literal)
                if size >= _BATCH:
                    self._send(target, head, batch, summer.rows)
                    batch, size = [], 0
        if batch:
            self._send(target, head, batch, summer.rows)

    def _rows(self, source: Login, stored: tuple[Column, ...]) -> Generator[Row, None, None]:
        # Errors while reading are the source's, those of whoever takes the rows are not.
        doing = say("migration.doing.reading_table", table=self._table.name)
        with exact(self._reader), closing(read(self._reader, self._table.name, stored)) as stream:
            while True:
                with named(source, doing, self._table.name):
                    row = next(stream, None)
                if row is None:
                    return
                yield row

    def _send(self, target: Login, head: bytes, batch: list[bytes], rows: int) -> None:
        with named(target, say("migration.doing.writing_table", table=self._table.name), self._table.name):
            self._execute(head + b",".join(batch))
        self._sent += sum(map(len, batch))
        self._tell(rows)

    def _execute(self, statement: bytes) -> None:
        self._writer.query(statement)

    def _tell(self, rows: int) -> None:
        self._on_progress(Progress(self._table.name, rows, self._total, self._sent))
