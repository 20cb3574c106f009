"""Records read back from an executed notebook: by their mime type, by cell id, never by position.

Papermill inserts cells when one fails and marks a cell that timed out as completed, so
neither a cell's index nor its metadata says what happened. The record does.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tsalab.errors import RecordError
from tsalab.messages import say
from tsalab.records.record import Kind, Record

MIMETYPE = "application/vnd.tsalab.step+json"


@dataclass(frozen=True)
class CellRecord:
    """A record and the id of the cell whose output it is."""

    cell: str
    record: Record


def read_notebook(path: Path, *, kind: Kind | None = "step") -> list[Record]:
    """Records of an executed notebook, in the order of its cells.

    Parameters
    ----------
    path
        The notebook.
    kind
        Which records; None for every one, hints, resets and faults too.

    Raises
    ------
    RecordError
        When the file is no notebook (nbformat 4), or a record in it is malformed or altered.
    """
    return [found.record for found in read_cells(path, kind=kind)]


def read_cells(path: Path, *, kind: Kind | None = "step") -> list[CellRecord]:
    """Records of an executed notebook with the ids of their cells.

    Parameters
    ----------
    path, kind
        As `read_notebook`.

    Raises
    ------
    RecordError
        As `read_notebook`.
    """
    # Plain JSON: nbformat would add a third of a second of imports and change nothing here.
    try:
        notebook = json.loads(Path(path).read_bytes())
    except (OSError, ValueError) as error:
        raise RecordError.no_notebook(path, str(error)) from error
    if not isinstance(notebook, dict) or notebook.get("nbformat") != 4:
        raise RecordError.no_notebook(path, say("record.because.not_nbformat_4"))
    return [found for found in cell_records(notebook, str(path)) if kind in (None, found.record.kind)]


def cell_records(notebook: dict[str, Any], source: str) -> Iterator[CellRecord]:
    """Records of a notebook that is already in memory, of every kind.

    Parameters
    ----------
    notebook
        A notebook of nbformat 4, as plain JSON or an nbformat node.
    source
        Its name, for messages.
    """
    for index, cell in enumerate(notebook.get("cells", [])):
        name = str(cell.get("id", f"number {index + 1}"))
        for output in cell.get("outputs", []):
            data = output.get("data", {}).get(MIMETYPE)
            if data is not None:
                yield CellRecord(name, Record.from_json(data, f"cell {name} of {source}"))
