"""The journal: one record a line, each holding the hash of the one before.

Written for crashes: a line is appended in one write and forced to the disk before
`Journal.append` returns. What a crash in the middle leaves, a last line without its
end, is set aside beside the journal and never guessed at. Several processes may write;
a lock file lets one at a time.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tsalab.errors import RecordError
from tsalab.messages import say
from tsalab.records.record import GENESIS, Kind, Record
from tsalab.records.redactor import Redactor


class Journal:
    """An append-only chain of records in a file.

    Parameters
    ----------
    path
        The JSON Lines file; made, with its folder, by the first `append`.
    redactor
        Refuses records that hold a secret.

    Raises
    ------
    RecordError
        When a line is unreadable or the chain is broken, naming the line.
    """

    def __init__(self, path: Path, *, redactor: Redactor | None = None) -> None:
        self.path = Path(path)
        self._redactor = redactor or Redactor()
        self._records: list[Record] = []
        self._read = 0  # bytes of the file that `_records` stands for
        if self.path.exists():
            with self._locked():
                self._catch_up()

    @property
    def records(self) -> tuple[Record, ...]:
        """Every record, oldest first, as of the last open, `refresh` or `append`."""
        return tuple(self._records)

    @property
    def head(self) -> str:
        """Hash of the last record, or `GENESIS`."""
        return self._records[-1].hash if self._records else GENESIS

    def last(self, step: int | str, kind: Kind = "step") -> Record | None:
        """The latest record of a step, if it has one: its outcome, or one of another kind."""
        wanted = (step, kind)
        return next((found for found in reversed(self._records) if (found.step, found.kind) == wanted), None)

    def of_kind(self, kind: Kind) -> tuple[Record, ...]:
        """Every record of one kind, oldest first."""
        return tuple(record for record in self._records if record.kind == kind)

    def refresh(self) -> None:
        """Read what other processes appended since.

        Raises
        ------
        RecordError
            As on opening.
        """
        if self.path.exists():
            with self._locked():
                self._catch_up()

    def append(self, record: Record) -> Record:
        """Put a record at the end of the chain, on the disk before this returns.

        Returns
        -------
        Record
            The record with its place in the chain: ``previous`` set, and so the hash.

        Raises
        ------
        RecordError
            When it holds a secret, or the journal cannot be read or written.
        """
        self._redactor.guard(record.to_json(), say("record.place.of_step", step=record.step))
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._locked():
            self._catch_up()
            chained = record.chained(self.head)
            line = chained.line() + b"\n"
            try:
                self._write(line)
            except OSError as error:
                raise RecordError.unwritable(self.path, error.strerror or str(error)) from error
            self._records.append(chained)
            self._read += len(line)
        return chained

    def _write(self, line: bytes) -> None:
        fresh = not self.path.exists()
        handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            written = os.write(handle, line)
            if written != len(line):
                os.ftruncate(handle, self._read)
                raise OSError(say("record.because.half_written", written=written, bytes=len(line)))
            os.fsync(handle)
        finally:
            os.close(handle)
        if fresh:
            _sync_folder(self.path.parent)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        lock = self.path.with_name(self.path.name + ".lock")
        try:
            handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise RecordError.unwritable(lock, error.strerror or str(error)) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)  # which also gives the lock back

    def _catch_up(self) -> None:
        """Read the lines after what is known; the lock is held."""
        size = self.path.stat().st_size if self.path.exists() else 0
        if size < self._read:
            raise RecordError.shortened(self.path)
        if size == self._read:
            return
        with self.path.open("rb") as file:
            file.seek(self._read)
            pending = file.read()
        *lines, rest = pending.split(b"\n")
        for number, line in enumerate(lines):
            last = number == len(lines) - 1 and not rest
            if last and not _is_json(line):
                rest = line + b"\n"
                break
            self._accept(line)
            self._read += len(line) + 1
        if rest:
            self._settle(rest)

    def _accept(self, line: bytes) -> None:
        number = len(self._records) + 1
        source = say("record.place.line", line=number, journal=self.path)
        try:
            data = json.loads(line)
        except ValueError as error:
            raise RecordError.unreadable_line(source) from error
        record = Record.from_json(data, source)
        if record.previous != self.head:
            raise RecordError.broken_chain(source)
        self._records.append(record)

    def _settle(self, rest: bytes) -> None:
        """Deal with a last line that a crash cut short: finish it if only its end is missing."""
        if _is_json(rest):
            self._accept(rest)
            self._write(b"\n")
            self._read += len(rest) + 1
            return
        aside = _free_name(self.path)
        aside.write_bytes(rest)
        os.truncate(self.path, self._read)
        _sync_folder(self.path.parent)


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


def _free_name(path: Path) -> Path:
    number = 1
    while (aside := path.with_name(f"{path.name}.torn-{number}")).exists():
        number += 1
    return aside


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
