"""The ledger's chain: one entry a line, each holding the hash of the line before.

The hash is that of a line's bytes as they stand in the file, so a reader need not write
anything again to verify it.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from tsalab.errors import LedgerError
from tsalab.messages import say
from tsalab.records import GENESIS, canonical, utc_now


@dataclass(frozen=True)
class Entry:
    """One thing that happened.

    Parameters
    ----------
    time
        When.
    what
        Its kind: ``call``, ``pipeline``, ``branch``, ``database``, ``app``, ``login``, ``look`` …
    facts
        Names, counts and digests; never a secret.
    """

    time: datetime
    what: str
    facts: Mapping[str, Any]


def digest(line: bytes) -> str:
    """Hash of a line, without its end."""
    return sha256(line).hexdigest()


def read_entries(lines: Iterable[bytes]) -> tuple[list[Entry], str]:
    """Entries of a chain, and the hash of its last line.

    Raises
    ------
    ValueError
        Saying which line does not follow the one before, or is no entry.
    """
    found: list[Entry] = []
    head, last = GENESIS, None
    for number, line in enumerate(lines, start=1):
        entry = _entry(line, head)
        if entry is None or (last and entry.time < last):
            raise ValueError(say("ledger.because.line", number=number))
        found.append(entry)
        head, last = digest(line), entry.time
    return found, head


def _entry(line: bytes, previous: str) -> Entry | None:
    try:
        data = json.loads(line)
        if not isinstance(data, dict) or data.pop("previous", None) != previous:
            return None
        time, what = datetime.fromisoformat(data.pop("time")), data.pop("what")
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return Entry(time, what, data) if isinstance(what, str) and time.tzinfo is not None else None


class Chain:
    """A chain that is being written. Thread-safe.

    Parameters
    ----------
    path
        The file; lines are only ever added to it.

    Raises
    ------
    ValueError
        When what the file holds is no chain.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        entries, self.head = read_entries(lines_of(path))
        self.count = len(entries)
        self._last = entries[-1].time if entries else datetime.min.replace(tzinfo=UTC)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def add(self, what: str, facts: Mapping[str, Any]) -> None:
        """Add an entry; a clock that was set back counts as standing still."""
        with self._lock:
            self._last = max(self._last, utc_now())
            time = self._last.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
            line = canonical({**facts, "what": what, "time": time, "previous": self.head})
            os.write(self._file, line + b"\n")
            self.head = digest(line)
            self.count += 1

    def lines(self) -> tuple[list[bytes], str]:
        """Every line and the hash of the last, held against what was written.

        Raises
        ------
        LedgerError
            When somebody changed the file.
        """
        with self._lock:
            lines = lines_of(self.path)
            try:
                _, head = read_entries(lines)
            except ValueError:
                head = ""
            if head != self.head or len(lines) != self.count:
                raise LedgerError.changed(self.path)
            return lines, head

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            os.close(self._file)


def lines_of(path: Path) -> list[bytes]:
    """Lines of a file, without their ends; none when there is no file."""
    return path.read_bytes().splitlines() if path.exists() else []
