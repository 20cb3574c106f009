"""Small batches: learners with a profile of their own, so that no sandbox is made; the processes are real."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import nbformat
import psutil
import pytest

from tests.commands.conftest import small_notebook
from tsalab import nursery, resources
from tsalab.batch.child import MARKER

ALL = "for number in range(1, 31): step(number)"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own; the cache stays, for it is shared by every sandbox."""
    monkeypatch.setenv("TSALAB_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def notebook(tmp_path: Path) -> Callable[..., Path]:
    """Write a small notebook with a parameters cell and the cells given."""

    def write(name: str, *cells: str) -> Path:
        return small_notebook(tmp_path / f"{name}.ipynb", *cells)

    return write


def sabotaged(folder: Path, cell: str) -> Path:
    """The lab's notebook with a cell that breaks."""
    nodes = nbformat.read(resources.notebooks() / "lab4.ipynb", as_version=4)
    found = next(node for node in nodes.cells if node.id == cell)
    found.source = 'raise RuntimeError("sabotaged")'
    path = folder / f"sabotaged-{cell}.ipynb"
    nbformat.write(nodes, path)
    return path


def left_running() -> list[str]:
    """Command lines of what this test's batches started and did not end; other tests have other homes."""
    found, mine = [], os.environ["TSALAB_HOME"]
    for process in psutil.process_iter():
        try:
            told = process.environ()
            if told.get("TSALAB_HOME") != mine:
                continue
            ours = MARKER in told or nursery.MODULE in process.cmdline()
            if ours and process.status() != psutil.STATUS_ZOMBIE:
                found.append(" ".join(process.cmdline()))
        except psutil.Error:
            continue
    return found


def listening() -> set[int]:
    """Ports on which processes of this test's sandboxes listen; other tests have other homes."""
    mine, found = os.environ["TSALAB_HOME"], set()
    for connection in psutil.net_connections("tcp"):
        if connection.status == psutil.CONN_LISTEN and _is_of(connection.pid, mine):
            found.add(connection.laddr.port)
    return found


def _is_of(pid: int | None, home: str) -> bool:
    try:
        return pid is not None and home in " ".join(psutil.Process(pid).environ().values())
    except psutil.Error:
        return False
