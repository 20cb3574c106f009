"""An executed notebook as the lab writes it: the shipped cells, and records of the library's own making."""

from __future__ import annotations

import copy
import json
import tempfile
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tsalab import resources
from tsalab.course import LAB
from tsalab.records import Journal, Record, Redactor
from tsalab.records.notebook import MIMETYPE
from tsalab.show.bundle import of_record

BEGAN = datetime(2026, 11, 25, 9, tzinfo=UTC)
Notebook = dict[str, Any]
Change = Callable[[Notebook], None]


def notebook(
    learner: str = "Ada",
    run: str = "a" * 32,
    began: datetime = BEGAN,
    account: str = "111122223333",
    facts: Mapping[int, Mapping[str, Any]] | None = None,
) -> tuple[Notebook, bytes]:
    """A run of the whole lab, and the journal that it left."""
    book: Notebook = json.loads((resources.notebooks() / LAB.notebook).read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder) / "journal.jsonl")
        for number, step in enumerate(LAB.steps):
            start = began + timedelta(minutes=number)
            record = journal.append(
                Record.new(
                    run=run,
                    learner=learner,
                    step=step.id,
                    section=step.section,
                    title=step.title,
                    status="passed",
                    saw=f"what step {step.id} is about is there",
                    expected="it is there",
                    facts={"account": account, "region": "us-west-2", "number": number}
                    | dict((facts or {}).get(int(step.id), {})),
                    started=start,
                    ended=start + timedelta(seconds=5),
                )
            )
            cell(book, f"step-{step.id}")["outputs"] = [output(record)]
        return book, journal.path.read_bytes()


def of_records(records: Iterable[Record]) -> Notebook:
    """The shipped notebook with the outcomes that a lab left, as if its cells had been run."""
    book: Notebook = json.loads((resources.notebooks() / LAB.notebook).read_text(encoding="utf-8"))
    for record in records:
        if record.is_outcome and isinstance(record.step, int):
            cell(book, f"step-{record.step}")["outputs"] = [output(record)]
    return book


def output(record: Record) -> dict[str, Any]:
    """What a step's cell leaves."""
    return {"output_type": "display_data", "metadata": {}, "data": of_record(record, (), Redactor())}


def cell(book: Notebook, name: str) -> dict[str, Any]:
    """A cell by its id."""
    found: dict[str, Any] = next(one for one in book["cells"] if one["id"] == name)
    return found


def record(book: Notebook, step: int) -> dict[str, Any]:
    """The JSON of a step's record."""
    found: dict[str, Any] = cell(book, f"step-{step}")["outputs"][0]["data"][MIMETYPE]
    return found


def changed(book: Notebook, change: Change) -> Notebook:
    """A copy with one change."""
    other = copy.deepcopy(book)
    change(other)
    return other


def rehashed(data: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A record with other content and a hash that fits it: what somebody who reads the source can make."""
    body = {key: value for key, value in data.items() if key != "hash"} | fields
    return Record(**body).to_json()


def written(folder: Path, book: Notebook, name: str = "lab4.ipynb") -> Path:
    """Save a notebook."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(json.dumps(book), encoding="utf-8")
    return path
