"""nbgrader's autograde on copies of an executed notebook, which it executes again, cell by cell.

What it proves is another thing than what we read: that the cells run now, for whoever grades. It
gets the easiest case there is: one sandbox for all copies, in which the lab is already done, so
that each cell finds nothing left to do. Its environment is its own; its kernels are ours.
"""

from __future__ import annotations

import copy
import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from timing import timed

VERSION = "0.9.6"
COPIES = 10
_PLACE = Path("build") / "nbgrader"
_ASSIGNMENT = "lab"
# Its own list (nbgrader.converters.autograde) without the one that executes.
_NOT_EXECUTED = """
from nbgrader.preprocessors import CheckCellMetadata, LimitOutput, SaveAutoGrades
c.Autograde.autograde_preprocessors = [LimitOutput, SaveAutoGrades, CheckCellMetadata]
"""


@dataclass(frozen=True)
class Reexecuted:
    """What nbgrader took for some copies.

    Parameters
    ----------
    per_second
        Notebooks.
    execution
        Share of that time that executing took.
    """

    per_second: float
    execution: float


def ready() -> Path:
    """Folder of nbgrader's programs; installed into a place of its own where it is not there.

    Raises
    ------
    subprocess.CalledProcessError
        When it cannot be installed.
    """
    programs = _PLACE.absolute() / "bin"
    if not (programs / "nbgrader").exists():
        subprocess.run([sys.executable, "-m", "venv", _PLACE], check=True)
        pip = [programs / "python", "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
        subprocess.run([*pip, f"nbgrader=={VERSION}"], check=True)
    return programs


def autograded(notebook: Path, folder: Path, env: dict[str, str], copies: int = COPIES) -> Reexecuted:
    """Have copies of a notebook graded.

    Parameters
    ----------
    notebook
        One that was executed.
    folder
        Where the course is made.
    env
        In which the notebook's sandbox answers.
    copies
        How many.

    Raises
    ------
    RuntimeError
        When nbgrader fails, or does not find every step done.
    """
    programs = ready()
    _course(json.loads(notebook.read_text(encoding="utf-8")), folder, copies)
    env = env | {
        "PATH": f"{programs}{os.pathsep}{env['PATH']}",  # it calls alembic by its name
        "JUPYTER_PATH": str(folder / "jupyter"),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
    }

    def nbgrader(*words: str) -> None:
        done = subprocess.run(
            ["nbgrader", *words], cwd=folder, env=env, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"nbgrader {' '.join(words)}: {done.stdout}{done.stderr[-3000:]}")

    nbgrader("generate_assignment", _ASSIGNMENT, "--create")
    config = folder / "nbgrader_config.py"
    whole = config.read_text(encoding="utf-8")
    config.write_text(whole + _NOT_EXECUTED, encoding="utf-8")
    without = timed(lambda: nbgrader("autograde", _ASSIGNMENT, "--create"))
    config.write_text(whole, encoding="utf-8")
    seconds = timed(lambda: nbgrader("autograde", _ASSIGNMENT, "--force"))
    _hold(folder, copies)
    return Reexecuted(copies / seconds, 1 - without / seconds)


def _course(book: dict[str, Any], folder: Path, copies: int) -> None:
    """A course whose one assignment is the notebook: each step a cell that is graded by its running."""
    for cell in book["cells"]:
        if cell["id"].startswith("step-"):
            cell["metadata"]["nbgrader"] = {
                "grade": True,
                "grade_id": cell["id"],
                "locked": True,
                "solution": False,
                "task": False,
                "points": 1,
                "schema_version": 3,
            }
    for number in range(copies):
        _write(folder / "submitted" / f"learner-{number}" / _ASSIGNMENT / "lab4.ipynb", book)
    source = copy.deepcopy(book)
    for cell in source["cells"]:
        if cell["cell_type"] == "code":
            cell.update(outputs=[], execution_count=None)
    _write(folder / "source" / _ASSIGNMENT / "lab4.ipynb", source)
    kernel = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": kernel, "display_name": "Python 3", "language": "python"}
    _write(folder / "jupyter" / "kernels" / "python3" / "kernel.json", spec)
    config = 'c = get_config()\nc.CourseDirectory.course_id = "lab"\nc.ExecutePreprocessor.timeout = 300\n'
    (folder / "nbgrader_config.py").write_text(config, encoding="utf-8")


def _write(path: Path, data: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data), encoding="utf-8")


def _hold(folder: Path, copies: int) -> None:
    """Hold that it did what it is timed for: every step of every copy executed, and its point given."""
    with closing(sqlite3.connect(folder / "gradebook.db")) as base:
        found = base.execute("SELECT count(*), sum(auto_score) FROM grade").fetchone()
    steps = 30 * copies
    if found != (steps, steps):
        raise RuntimeError(f"nbgrader gave {found[1]} points for {found[0]} cells; {steps} were expected")
