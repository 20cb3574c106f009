"""Event files: as CloudTrail delivers them, or as ``aws cloudtrail lookup-events`` prints them."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tsalab.grade.trail.events import Event, Events, TrailError
from tsalab.messages import say

LARGEST = 256 * 1024 * 1024
"""Bytes of one file, unpacked; CloudTrail's own are under 50 MB."""
# ACCOUNT_CloudTrail_REGION_YYYYMMDDTHHmmZ_UNIQUE.json.gz, where the time is that of the delivery.
_NAME = re.compile(r"(\d{12})_CloudTrail_([a-z0-9-]+)_(\d{8}T\d{4}Z)_")
_LATE = timedelta(minutes=15)
_TROUBLES = (OSError, EOFError, zlib.error, ValueError, RecursionError, UnicodeDecodeError)


def read(path: Path, wanted: frozenset[str]) -> Events:
    """Every event in a file, or in the files of a folder.

    Parameters
    ----------
    path
        ``.json`` or ``.json.gz``, or a folder with such files at any depth.
    wanted
        Names of operations that are kept.

    Raises
    ------
    TrailError
        When there is none, one cannot be read, or one contradicts itself; with the file.
    """
    files = _files(path) if path.is_dir() else [path]
    found = Events()
    count = 0
    for file in files:
        count += 1
        try:
            _take(file, found, wanted)
        except _TROUBLES as error:  # which a TrailError is
            cause = str(error) if isinstance(error, TrailError) else f"{type(error).__name__}: {error}"
            raise TrailError(say("grade.trail.in_file", file=file, cause=cause)) from error
    if not count or not found.accounts:
        raise TrailError(say("grade.trail.empty", path=path))
    return found


def _files(folder: Path) -> list[Path]:
    named = [path for path in folder.rglob("*") if path.name.endswith((".json", ".json.gz"))]
    # Beside the logs lie digests of them, which are no logs.
    return sorted(path for path in named if path.is_file() and "_CloudTrail-Digest_" not in path.name)


def _take(file: Path, into: Events, wanted: frozenset[str]) -> None:
    named = _NAME.search(file.name)
    for record in _records(json.loads(_bytes(file), parse_constant=_no_constant)):
        event = into.add(record, wanted)
        if named:
            _refuse_stranger(event, named)


def _refuse_stranger(event: Event, named: re.Match[str]) -> None:
    """Refuse an event that the file's own name does not allow."""
    delivered = datetime.strptime(named[3], "%Y%m%dT%H%MZ").replace(tzinfo=UTC)
    if event.account != named[1] or event.region != named[2]:
        raise TrailError(say("grade.trail.contradicts", id=event.id, name="recipientAccountId, awsRegion"))
    if event.time > delivered + _LATE:
        raise TrailError(say("grade.trail.contradicts", id=event.id, name="eventTime"))


def _records(data: Any) -> Iterator[Any]:
    if isinstance(data, dict) and isinstance(data.get("Records"), list):
        yield from data["Records"]
    elif isinstance(data, dict) and isinstance(data.get("Events"), list):
        for row in data["Events"]:
            text = row.get("CloudTrailEvent") if isinstance(row, dict) else None
            if not isinstance(text, str):
                raise TrailError(say("grade.trail.no_event"))
            yield json.loads(text, parse_constant=_no_constant)
    else:
        raise TrailError(say("grade.trail.no_records"))


def _bytes(file: Path) -> bytes:
    with file.open("rb") as raw:
        data = (gzip.GzipFile(fileobj=raw) if file.name.endswith(".gz") else raw).read(LARGEST + 1)
    if len(data) > LARGEST:
        raise TrailError(say("grade.trail.large", megabytes=LARGEST // 1024**2))
    return data


def _no_constant(name: str) -> float:
    raise TrailError(say("grade.unreadable.constant", name=name))
