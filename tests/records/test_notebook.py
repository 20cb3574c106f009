"""Records read back from executed notebooks."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tsalab.errors import RecordError
from tsalab.records import MIMETYPE, Record, read_cells, read_notebook

Make = Callable[..., Record]


def notebook(*bundles: dict[str, Any]) -> Any:
    cells = [nbformat.v4.new_markdown_cell("# Lab")]
    for bundle in bundles:
        outputs = [
            nbformat.v4.new_output("stream", text="hello"),
            nbformat.v4.new_output("display_data", data=bundle),
        ]
        cells.append(nbformat.v4.new_code_cell("lab.step()", outputs=outputs))
    return nbformat.v4.new_notebook(cells=cells)


def test_records_come_back_with_their_cells(tmp_path: Path, make: Make) -> None:
    path = tmp_path / "done.ipynb"
    records = [make(step=step, facts={"share": 2.0}) for step in (1, 2)]
    nodes = notebook(
        *({MIMETYPE: record.to_json(), "text/plain": "x"} for record in records), {"text/plain": "y"}
    )
    nbformat.write(nodes, path)
    assert read_notebook(path) == records
    assert [found.cell for found in read_cells(path)] == [nodes.cells[1].id, nodes.cells[2].id]


def test_outcomes_are_read_unless_other_kinds_are_asked_for(tmp_path: Path, make: Make) -> None:
    path = tmp_path / "done.ipynb"
    outcome, hint = make(), make(kind="hint")
    nbformat.write(notebook(*({MIMETYPE: record.to_json()} for record in (outcome, hint))), path)
    assert read_notebook(path) == [outcome]
    assert read_notebook(path, kind="hint") == [hint]
    assert read_notebook(path, kind=None) == [outcome, hint]


def test_an_old_notebook_without_cell_ids_is_read(tmp_path: Path, make: Make) -> None:
    path = tmp_path / "old.ipynb"
    nodes = notebook({MIMETYPE: make().to_json()})
    for cell in nodes.cells:
        del cell["id"]
    path.write_text(json.dumps(nodes))
    assert [found.cell for found in read_cells(path)] == ["number 2"]


def test_an_altered_record_names_its_cell(tmp_path: Path, make: Make) -> None:
    path = tmp_path / "edited.ipynb"
    nodes = notebook({MIMETYPE: make(status="failed").to_json() | {"status": "passed"}})
    nbformat.write(nodes, path)
    with pytest.raises(RecordError, match=f"cell {nodes.cells[1].id} of"):
        read_notebook(path)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"nbformat": 3}', None])
def test_what_is_no_notebook_is_told(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "x.ipynb"
    if text is not None:
        path.write_text(text)
    with pytest.raises(RecordError, match=r"x\.ipynb cannot be read as a notebook"):
        read_notebook(path)
