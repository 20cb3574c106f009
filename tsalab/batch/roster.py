"""Read a roster: a CSV file with a line a learner, whose columns are the notebooks' parameters.

It comes out of a spreadsheet, so commas, semicolons or tabs are taken, with or without a byte
order mark. Whatever cannot be meant is refused before anything starts, naming the line.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tsalab import parameters
from tsalab.batch.naming import folder_name
from tsalab.errors import BatchError
from tsalab.messages import say

LEARNER = "learner"
NOTEBOOK = "notebook"
PROFILE = "profile"
# A batch gives each learner a folder of its own.
COLUMNS = tuple(name for name in (*parameters.NAMES, NOTEBOOK) if name != "workdir")
LARGEST = 10 * 2**20  # bytes; a line of a class takes some dozens
_SEPARATORS = ",;\t"
_SHOWN = 60
_BOMS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_EXCEL_SEPARATOR = re.compile(r'"?sep=(.)"?\s*')


@dataclass(frozen=True)
class Learner:
    """A line of the roster.

    Parameters
    ----------
    name
        As the roster has it, in Unicode's composed form.
    line
        Where it stands, from 1.
    parameters
        For the notebook, without the name and without what is left empty.
    notebook
        Another notebook than the batch's, or None.
    """

    name: str
    line: int
    parameters: Mapping[str, str] = field(default_factory=dict)
    notebook: Path | None = None

    @property
    def folder(self) -> str:
        """Name of the learner's folder: safe anywhere, and nobody else's."""
        return folder_name(self.name)


def read(path: Path) -> tuple[Learner, ...]:
    """Read a roster.

    Parameters
    ----------
    path
        The CSV file. Notebooks that it names are looked for beside it.

    Raises
    ------
    BatchError
        When it is no roster, naming the first line that is not as it should be.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise BatchError.roster_too_large(path, LARGEST)
        content = path.read_bytes()
    except OSError as error:
        raise BatchError.roster_unreadable(path, error.strerror or str(error)) from error
    return parse(content, path)


def parse(content: bytes, path: Path) -> tuple[Learner, ...]:
    """Read a roster's content.

    Parameters
    ----------
    content
        Of the file.
    path
        The file's, for messages and for the notebooks named in it.

    Raises
    ------
    BatchError
        As for `read`.
    """
    rows = _rows(_decoded(content, path), path)
    line, header = next(rows, (0, []))
    if not line:
        raise BatchError.roster_empty(path)
    columns = _columns(header, line, path)
    learners = tuple(_learner(columns, row, number, path) for number, row in rows)
    if not learners:
        raise BatchError.roster_empty(path)
    _refuse_twice(learners, path)
    return learners


def _decoded(content: bytes, path: Path) -> str:
    if content.startswith(b"PK\x03\x04"):
        raise BatchError.roster_workbook(path)
    encoding = next((name for mark, name in _BOMS.items() if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise BatchError.roster_encoding(path, line) from error
    if "\0" in text:
        raise BatchError.roster_binary(path, text.count("\n", 0, text.index("\0")) + 1)
    return text


def _rows(text: str, path: Path) -> Iterator[tuple[int, list[str]]]:
    """Each row that holds something, with the number of its first line."""
    lines = io.StringIO(text, newline="").readlines()
    first = 0
    separator = ""
    if lines and (said := _EXCEL_SEPARATOR.fullmatch(lines[0])):
        first, separator = 1, said[1]
    if separator not in _SEPARATORS:
        raise BatchError.roster_line(path, 1, say("batch.because.separator"))
    if not separator:
        header = next((line for line in lines[first:] if line.strip()), "")
        separator = max(_SEPARATORS, key=header.count)
    reader = csv.reader(lines[first:], delimiter=separator, strict=True)
    at = first
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise BatchError.roster_line(path, at + 1, say("batch.because.csv", error=error)) from error
        if any(cell.strip() for cell in row):
            yield at + 1, [unicodedata.normalize("NFC", cell).strip() for cell in row]
        at = first + reader.line_num


def _columns(header: Sequence[str], line: int, path: Path) -> list[str]:
    names = [name.lower() for name in header]
    while names and not names[-1]:
        names.pop()  # spreadsheets leave empty columns behind
    if LEARNER not in names:
        raise BatchError.roster_no_learner(path, line, ", ".join(map(_shown, names)))
    for name in names:
        if names.count(name) > 1:
            raise BatchError.roster_line(path, line, say("batch.because.column_twice", name=_shown(name)))
        if name == "workdir":
            raise BatchError.roster_line(path, line, say("batch.because.workdir"))
        if name not in COLUMNS:
            known = ", ".join(COLUMNS)
            raise BatchError.roster_line(
                path, line, say("batch.because.column", name=_shown(name), known=known)
            )
    return names


def _learner(columns: Sequence[str], row: Sequence[str], line: int, path: Path) -> Learner:
    cells = list(row)
    while len(cells) > len(columns) and not cells[-1]:
        cells.pop()
    if len(cells) != len(columns):
        why = say("batch.because.fields", count=len(cells), columns=len(columns))
        raise BatchError.roster_line(path, line, why)
    values = {name: value for name, value in zip(columns, cells, strict=True) if value}
    if LEARNER not in values:
        raise BatchError.roster_line(path, line, say("batch.because.nobody"))
    for parameter in parameters.PARAMETERS:
        value = values.get(parameter.name)
        if value is not None and not parameter.allows(value):
            raise BatchError.roster_value(path, line, parameter.name, _shown(value), parameter.expected)
    named = values.pop(NOTEBOOK, None)
    notebook = path.parent / named if named else None
    if notebook is not None and not _is_notebook(notebook):
        raise BatchError.roster_line(path, line, say("batch.because.notebook", name=_shown(str(named))))
    return Learner(values.pop(LEARNER), line, values, notebook)


def _is_notebook(path: Path) -> bool:
    try:
        return path.suffix == ".ipynb" and path.is_file()
    except (OSError, ValueError):  # a name that is too long for any file
        return False


def _refuse_twice(learners: Sequence[Learner], path: Path) -> None:
    """Two lines for one learner, or two learners in one account, who would meet there."""
    people: dict[str, int] = {}
    accounts: dict[str, int] = {}
    for learner in learners:
        name = " ".join(learner.name.casefold().split())
        if name in people:
            raise BatchError.roster_twice(path, learner.line, LEARNER, _shown(learner.name), people[name])
        people[name] = learner.line
        if profile := learner.parameters.get(PROFILE):
            if profile in accounts:
                raise BatchError.roster_twice(path, learner.line, PROFILE, profile, accounts[profile])
            accounts[profile] = learner.line


def _shown(text: str) -> str:
    """A text as a message may hold it: on one line, and short."""
    plain = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return plain if len(plain) <= _SHOWN else f"{plain[:_SHOWN]}…"
