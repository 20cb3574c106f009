"""Small batches: learners with a profile of their own, so that no sandbox is made; the processes are real."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest

from tests.commands.conftest import small_notebook
from tsalab import nursery, resources
from tsalab.batch.child import MARKER
from tsalab.sandbox.processes import MARKER as SANDBOX

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


def sabotaged(folder: Path, cell: str, ahead: str = "raise RuntimeError('sabotaged')") -> Path:
    """The lab's notebook with something more at the beginning of a cell: without a word, it breaks."""
    nodes = nbformat.read(resources.notebooks() / "lab4.ipynb", as_version=4)
    found = next(node for node in nodes.cells if node.id == cell)
    found.source = f"{ahead}\n{found.source}"
    path = folder / f"sabotaged-{cell}.ipynb"
    nbformat.write(nodes, path)
    return path


def comparable(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What two runs of the same class have in common: all but the time and the tries."""
    return [{name: row[name] for name in row if name not in {"seconds", "attempts"}} for row in rows]


def left_running() -> list[str]:
    """Command lines of what this test's batches started and did not end; other tests have other homes."""
    found, mine = [], os.environ["TSALAB_HOME"]
    for process in psutil.process_iter():
        try:
            told = process.environ()
            if told.get("TSALAB_HOME") != mine:
                continue
            ours = MARKER in told or (nursery.MODULE in process.cmdline() and not _is_of_a_worker(process))
            if ours and process.status() != psutil.STATUS_ZOMBIE:
                found.append(" ".join(process.cmdline()))
        except psutil.Error:
            continue
    return found


def _is_of_a_worker(nest: psutil.Process) -> bool:
    """Whether a Dask worker that lives has opened this nursery, for the learners to come."""
    parent = nest.parent()
    return parent is not None and "worker" in parent.cmdline()


def listening() -> set[int]:
    """Ports on which this test's learners and their sandboxes listen; other tests have other homes."""
    mine, found = os.environ["TSALAB_HOME"], set()
    for connection in psutil.net_connections("tcp"):
        if connection.status == psutil.CONN_LISTEN and _is_of(connection.pid, mine):
            found.add(connection.laddr.port)
    return found


def _is_of(pid: int | None, home: str) -> bool:
    try:
        told = psutil.Process(pid).environ() if pid is not None else {}
    except psutil.Error:
        return False
    return told.get(SANDBOX, "").startswith(home) or (MARKER in told and told.get("TSALAB_HOME") == home)
