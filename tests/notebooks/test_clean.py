"""Notebooks are committed clean, and each one is run by a test."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
CHECKER = ROOT / ".ci" / "notebooks_clean.py"
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
LINES = 5  # a cell reads like the step it performs


def check(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(CHECKER), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_there_are_notebooks() -> None:
    assert {"lab4.ipynb", "lab4-cleanup.ipynb"} <= {path.name for path in NOTEBOOKS}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_committed_clean(path: Path) -> None:
    done = check(path)
    assert done.returncode == 0, done.stderr
    nbformat.validate(nbformat.read(path, as_version=4))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_holds_no_logic(path: Path) -> None:
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type != "code" or "parameters" in cell.metadata.get("tags", []):
            continue
        lines = [
            line for line in cell.source.splitlines() if line.strip() and not line.lstrip().startswith("#")
        ]
        assert len(lines) <= LINES, cell.source
        assert not any(line.startswith(("def ", "class ", "for ", "while ", "try:")) for line in lines), (
            cell.source
        )


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_is_run_by_a_test(path: Path) -> None:
    tests = [file for file in (ROOT / "tests").rglob("*.py") if file != Path(__file__)]
    assert any(path.name in file.read_text(encoding="utf-8") for file in tests), f"no test names {path.name}"


def dirty() -> dict[str, Any]:
    output = nbformat.v4.new_output("stream", text="x")
    cell = nbformat.v4.new_code_cell(
        "1", outputs=[output], execution_count=3, metadata={"collapsed": True, "tags": ["x"]}
    )
    return dict(nbformat.v4.new_notebook(cells=[cell], metadata={"widgets": {}}))


def test_what_is_not_clean_is_told_and_mended(tmp_path: Path) -> None:
    path = tmp_path / "x.ipynb"
    path.write_text(json.dumps(dirty()))
    done = check(path)
    assert done.returncode == 1
    for told in ("its metadata", "metadata besides tags", "outputs or an execution count", "--fix"):
        assert told in done.stderr
    assert check("--fix", path).returncode == 0
    assert check(path).returncode == 0
    assert json.loads(path.read_text())["cells"][0]["metadata"] == {"tags": ["x"]}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda notebook: notebook.update(nbformat_minor=4), "nbformat 4.5"),
        (lambda notebook: notebook["cells"].append(notebook["cells"][0]), "no id of its own"),
    ],
)
def test_old_formats_and_shared_ids_are_told(tmp_path: Path, change: Any, told: str) -> None:
    path = tmp_path / "x.ipynb"
    path.write_text(json.dumps(dirty()))
    check("--fix", path)
    notebook = json.loads(path.read_text())
    change(notebook)
    path.write_text(json.dumps(notebook))
    assert told in check(path).stderr


def test_no_notebook_named_is_used_wrongly() -> None:
    assert check().returncode == 2
