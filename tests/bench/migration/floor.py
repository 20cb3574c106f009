"""The floor: the target alone reads the same rows from files of its own, then makes the same keys.

Nothing crosses a network, no source works, nothing is verified, and nobody could go on after
a crash. What a copy needs beyond it is the copy's own.
"""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from migration.servers import Server, tables

PIECE = 8_000_000  # bytes of a file: each is one transaction
STREAMS = 2
_LATE = re.compile(r"^ +(?:UNIQUE |FULLTEXT )?KEY |^ +CONSTRAINT ")


@dataclass(frozen=True)
class Files:
    """A database as files that a server can read.

    Attributes
    ----------
    tables
        Statement that creates each with its primary key alone, and what is added later.
    pieces
        Files of each.
    """

    tables: dict[str, tuple[str, list[str]]]
    pieces: dict[str, list[Path]]

    @property
    def size(self) -> int:
        """Bytes of text."""
        return sum(piece.stat().st_size for pieces in self.pieces.values() for piece in pieces)


def unload(source: Server, database: str, folder: Path) -> Files:
    """Write a database into files, in the order of its primary keys."""
    folder.mkdir(parents=True)
    made, pieces = {}, {}
    for table in tables(source, database):
        said = source.ask(f"SHOW CREATE TABLE `{table}`", database)[0][1].split("\n")
        late = [line.strip().rstrip(",") for line in said if _LATE.match(line)]
        kept = [line.rstrip(",") for line in said[1:-1] if not _LATE.match(line)]
        made[table] = ("\n".join((said[0], ",\n".join(kept), said[-1])), late)
        pieces[table] = _unload(source, database, table, folder)
    return Files(made, pieces)


def _unload(source: Server, database: str, table: str, folder: Path) -> list[Path]:
    whole = folder / table
    source.ask(
        f"SELECT * FROM `{table}` FORCE INDEX (PRIMARY) ORDER BY "
        f"{', '.join(_primary(source, database, table))} "
        f"INTO OUTFILE '{whole}' CHARACTER SET binary FIELDS TERMINATED BY ',' ENCLOSED BY '\\''",
        database,
    )
    pieces: list[Path] = []
    with whole.open("rb") as read:
        while block := read.read(PIECE):
            lines, last = [block], block
            # A line ends a row where it is not escaped: no value ends in a bare backslash.
            while last and (not last.endswith(b"\n") or last.endswith(b"\\\n")):
                last = read.readline()
                lines.append(last)
            piece = folder / f"{table}.{len(pieces)}"
            piece.write_bytes(b"".join(lines))
            pieces.append(piece)
    whole.unlink()
    return pieces


def _primary(source: Server, database: str, table: str) -> list[str]:
    rows = source.ask(f"SHOW KEYS FROM `{table}` WHERE Key_name = 'PRIMARY'", database)
    return [f"`{row[4]}`" for row in rows]


def load(target: Server, database: str, files: Files) -> None:
    """Fill an empty database, in two streams; keys as soon as a table is full, foreign keys last."""
    for create, _late in files.tables.values():
        target.ask(create, database)
    work = _Work(files)
    with ThreadPoolExecutor(STREAMS) as streams:
        for one in [streams.submit(_stream, target, database, work) for _ in range(STREAMS)]:
            one.result()
    with target.open(database) as connection, connection.cursor() as cursor:
        cursor.execute("SET foreign_key_checks = 0")
        for table, (_create, late) in files.tables.items():
            if keys := added(late, foreign=True):
                cursor.execute(f"ALTER TABLE `{table}` {keys}")


class _Work:
    """Pieces that are not loaded yet, those of the largest table first; threads share it."""

    def __init__(self, files: Files) -> None:
        order = sorted(files.pieces, key=lambda table: -len(files.pieces[table]))
        self._next = iter([(table, piece) for table in order for piece in files.pieces[table]])
        self._left = {table: len(pieces) for table, pieces in files.pieces.items()}
        self._late = {table: added(late, foreign=False) for table, (_create, late) in files.tables.items()}
        self._lock = threading.Lock()

    def take(self) -> tuple[str, Path] | None:
        """The next table and piece; None when all are taken."""
        with self._lock:
            return next(self._next, None)

    def done(self, table: str) -> str:
        """Note that a piece is in; the keys to make when it was the table's last."""
        with self._lock:
            self._left[table] -= 1
            return "" if self._left[table] else self._late[table]


def _stream(target: Server, database: str, work: _Work) -> None:
    with target.open(database) as connection, connection.cursor() as cursor:
        cursor.execute("SET foreign_key_checks = 0, sql_mode = ''")
        while (taken := work.take()) is not None:
            table, piece = taken
            cursor.execute(
                f"LOAD DATA INFILE '{piece}' INTO TABLE `{table}` CHARACTER SET binary "
                "FIELDS TERMINATED BY ',' ENCLOSED BY '\\''"
            )
            if keys := work.done(table):
                cursor.execute(f"ALTER TABLE `{table}` {keys}")


def added(late: list[str], *, foreign: bool) -> str:
    """What ALTER TABLE adds: the foreign keys, or the others."""
    return ", ".join(f"ADD {line}" for line in late if line.startswith("CONSTRAINT") is foreign)
