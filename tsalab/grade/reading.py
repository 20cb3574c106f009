"""Submissions, found and read: bytes become plain JSON here, and nothing of them is ever run.

A file that cannot be read is a submission too, with the reason in its place: one learner's
file never ends the grading of the others. What is read is bounded before it is parsed.
"""

from __future__ import annotations

import json
import lzma
import stat
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any

from tsalab.messages import say

LARGEST = 64 * 1024 * 1024
"""Bytes of the largest notebook that is read; a whole lab's is under one."""
# What files and archives that are torn, locked or made to harm raise when they are read. RuntimeError
# is zipfile's for a password; RecursionError and NotImplementedError are such errors too.
_TROUBLES = (OSError, ValueError, RuntimeError, EOFError, zipfile.BadZipFile, zlib.error, lzma.LZMAError)
MOST = 10_000  # files in one archive
JOURNAL = "journal.jsonl"
WORK = "work.zip"  # a learner's own work, which lies beside the notebook and holds none


@dataclass(frozen=True)
class Source:
    """Where one submission lies: a file, or a member of an archive. Small, so that it can be handed on."""

    path: Path
    member: str = ""

    @property
    def name(self) -> str:
        """Where it was found, in words."""
        return f"{self.path}!{self.member}" if self.member else str(self.path)


@dataclass(frozen=True)
class Submission:
    """One notebook that was handed in.

    Parameters
    ----------
    name
        Where it was found.
    notebook
        Its JSON, an nbformat 4 document; None when it could not be read.
    journal
        Lines of the journal beside it, if one was handed in.
    unreadable
        Why it could not be read, in words.
    source
        Where it lies; None where there is nothing to read.
    doubled
        A name that stands twice in one object of its JSON, so that two programs read two things; None
        when there is none, as in whatever a program wrote.
    """

    name: str
    notebook: dict[str, Any] | None = field(default=None, repr=False)
    journal: tuple[bytes, ...] | None = field(default=None, repr=False)
    unreadable: str = ""
    source: Source | None = None
    doubled: str | None = None


def find(paths: Iterable[Path]) -> Iterator[Source | Submission]:
    """Notebooks in files, folders and archives, in order of their names.

    Parameters
    ----------
    paths
        What was handed in. Of folders every ``*.ipynb`` and ``*.zip`` below them counts.

    Yields
    ------
    Source or Submission
        A submission where nothing can be read: it says why.
    """
    for path in paths:
        if path.is_dir():
            inside = sorted(one for one in path.rglob("*") if one.suffix in (".ipynb", ".zip"))
            inside = [one for one in inside if one.name != WORK]
            for file in inside:
                if ".ipynb_checkpoints" not in file.parts and file.is_file():
                    yield from _in_file(file)
        elif path.exists():
            yield from _in_file(path)
        else:
            yield Submission(str(path), unreadable=say("grade.unreadable.absent"))


def _in_file(path: Path) -> Iterator[Source | Submission]:
    if path.suffix != ".zip":
        yield Source(path)
        return
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
    except _TROUBLES as error:
        yield Submission(str(path), unreadable=say("grade.unreadable.archive", cause=str(error)))
        return
    if len(members) > MOST:
        yield Submission(str(path), unreadable=say("grade.unreadable.crowded", count=len(members), most=MOST))
        return
    for member in sorted(members, key=lambda one: one.filename):
        if PurePosixPath(member.filename).suffix != ".ipynb":
            continue
        source = Source(path, member.filename)
        if why := _wrong_name(member):
            yield Submission(source.name, unreadable=why)
        else:
            yield source


def _wrong_name(member: zipfile.ZipInfo) -> str:
    """Why a member is not read: nothing is ever unpacked, but such a name means no good."""
    name = PurePosixPath(member.filename.replace("\\", "/"))
    if name.is_absolute() or ".." in name.parts or (name.parts and name.parts[0].endswith(":")):
        return say("grade.unreadable.outside", name=member.filename)
    if stat.S_ISLNK(member.external_attr >> 16):
        return say("grade.unreadable.link", name=member.filename)
    return ""


_keeping: dict[Path, zipfile.ZipFile] | None = None


@contextmanager
def kept() -> Iterator[None]:
    """While it lasts, each archive is opened once: its list of members is read anew every time."""
    global _keeping  # of this process alone, which does one thing at a time
    _keeping = {}
    try:
        yield
    finally:
        for archive in _keeping.values():
            archive.close()
        _keeping = None


@contextmanager
def _archive(path: Path) -> Iterator[zipfile.ZipFile]:
    if _keeping is None:
        with zipfile.ZipFile(path) as archive:
            yield archive
    else:
        if path not in _keeping:
            _keeping[path] = zipfile.ZipFile(path)
        yield _keeping[path]


def content(source: Source) -> bytes | None:
    """The bytes of a notebook, without its journal; None when they cannot be read."""
    try:
        if source.member:
            with _archive(source.path) as archive:
                return _member(archive, source.member)
        return _bounded(source.path.open("rb"))
    except _TROUBLES:
        return None


def read(source: Source) -> Submission:
    """Read one submission; what is wrong with it is in the answer, never raised."""
    try:
        data, journal = _bytes(source)
        notebook, doubled = _notebook(data)
        return Submission(source.name, notebook, journal, source=source, doubled=doubled)
    except _TROUBLES as error:
        return Submission(source.name, unreadable=_why(error), source=source)


def _why(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return say("grade.unreadable.deep")
    return str(error) or type(error).__name__


def _bytes(source: Source) -> tuple[bytes, tuple[bytes, ...] | None]:
    journal = _lines(_beside(source, JOURNAL))
    if source.member:
        with _archive(source.path) as archive:
            return _member(archive, source.member), journal
    return _bounded(source.path.open("rb")), journal


def work_beside(source: Source) -> bytes | None:
    """The work that was handed in beside a notebook; None when there is none.

    Raises
    ------
    ValueError
        When it cannot be read, with the reason.
    """
    try:
        return _beside(source, WORK)
    except _TROUBLES as error:
        raise ValueError(_why(error)) from error


def _beside(source: Source, name: str) -> bytes | None:
    if source.member:
        with _archive(source.path) as archive:
            beside = str(PurePosixPath(source.member).with_name(name))
            return _member(archive, beside) if beside in archive.namelist() else None
    file = source.path.with_name(name)
    return _bounded(file.open("rb")) if file.is_file() else None


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    return _bounded(archive.open(name))


def _bounded(opened: IO[bytes]) -> bytes:
    """All of a file, which is closed then; never more than `LARGEST`, whatever an archive says of it."""
    with opened as file:
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise ValueError(say("grade.unreadable.large", megabytes=LARGEST // 1024**2))
    return data


def _lines(data: bytes | None) -> tuple[bytes, ...] | None:
    return None if data is None else tuple(line for line in data.split(b"\n") if line)


def _notebook(data: bytes) -> tuple[dict[str, Any], str | None]:
    found, doubled = parsed(data)
    if not isinstance(found, dict) or found.get("nbformat") != 4 or not isinstance(found.get("cells"), list):
        raise ValueError(say("grade.unreadable.no_notebook"))
    return found, doubled


def parsed(data: bytes) -> tuple[object, str | None]:
    """JSON, and a name that stands twice in one of its objects; None when there is no such name.

    Raises
    ------
    ValueError
        When it is no JSON in UTF-8, in words.
    RecursionError
        When it is nested too deeply.
    """
    doubled: list[str] = []

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) != len(pairs) and not doubled:
            doubled.append(_first_doubled(pairs))
        return made

    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(say("grade.unreadable.utf8", position=error.start)) from error
    found = json.loads(text, parse_constant=_no_constant, object_pairs_hook=once)
    return found, doubled[0] if doubled else None


def _first_doubled(pairs: list[tuple[str, Any]]) -> str:
    names = [name for name, _ in pairs]
    return next(name for name in names if names.count(name) > 1)


def _no_constant(name: str) -> float:
    raise ValueError(say("grade.unreadable.constant", name=name))
