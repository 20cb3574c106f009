"""The house: imports run one way, files stay small, folders say what lives in them."""

from __future__ import annotations

import ast
import functools
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "tsalab"
LONGEST = 400
PLAIN = {
    "errors",
    "files",
    "messages",
    "settings",
    "spreadsheets",
    "resources",
    "clock",
}  # anyone may import these

# Who may import whom: notebooks, cli -> lab -> steps -> services -> the plain parts.
# A room of the house is a folder or module right under tsalab/. What is not named here
# imports PLAIN alone. Exceptions are explained in ARCHITECTURE.md.
SERVICES = {"template", "cloud", "server", "migrate", "edge", "records", "show"}
MAY: dict[str, set[str]] = {
    "__init__": {"lab"},
    "cli": set(),  # names its commands in a table, and imports them when they are called
    "commands": {
        "cloud",
        "lab",
        "cost",
        "start_state",
        "preflight",
        "reset",
        "batch",
        "runner",
        "selftest",
        "grade",
        "witness",
        "handin",
        "ledger",
        "records",
        "show",
        "migrate",
        "server",
        "profiles",
        "course",
        "sandbox",
        "nursery",
    },
    "__main__": {"cli"},
    "lab": {
        "rooms",
        "experiments",
        "cutover",
        "guidance",
        "faults",
        "preflight",
        "reset",
        "panel",
        "standing",
        "parameters",
        "profiles",
        "workplace",
        "course",
        "steps",
    }
    | SERVICES,
    "experiments": {"steps", "cost"} | SERVICES,
    "cutover": {"steps", "course"} | SERVICES,
    "preflight": {"steps"} | SERVICES,
    "guidance": {"steps", "course"} | SERVICES,
    "handin": {"records", "template"},
    "gradebook": {"grade", "ledger", "witness", "show"},
    "witness": {
        "grade",
        "handin",
        "lab",
        "migrate",
        "workplace",
        "profiles",
        "parameters",
        "steps",
        "course",
        "cloud",
        "template",
    },
    "ledger": {"records"},
    "grade": {"ledger", "records", "course", "parameters"},
    "workplace": {"profiles", "steps"} | SERVICES,
    "selftest": {"lab", "reset", "steps", "course", "cloud"},
    "reset": {"standing", "steps", "course"} | SERVICES,
    "standing": {"course", "records"},
    "panel": {"standing", "steps", "course", "architecture", "cost"} | SERVICES,
    "rooms": {"steps", "course"} | SERVICES,
    "faults": {"steps", "course"} | SERVICES,
    "steps": {"course", "profiles", "architecture", "cost"} | SERVICES,
    "profiles": {"nursery"},
    "runner": {"records", "show", "nursery"},
    "batch": {"ledger", "runner", "handin", "records", "course", "parameters", "nursery"},
    "show": {"records", "architecture", "cost"},
    "cost": {"architecture"},
    "cloud": {"profiles"},
    "sandbox": {
        "start_state",
        "profiles",
        "template",
        "cloud",
        "server",
        "migrate",
        "ledger",
        "records",
        "nursery",
    },
    "start_state": {"template", "cloud", "course"},
}
# A third party that one room alone may import.
ONLY = {
    "ipywidgets": {"show"},
    "anywidget": {"show"},
    "boto3": {"cloud", "sandbox", "start_state"},
    "botocore": {"cloud", "sandbox", "start_state"},
    "ministack": {"sandbox"},
    "papermill": {"runner"},
    "nbconvert": {"runner"},
    "pymysql": {"migrate", "sandbox"},
    "asyncssh": {"server", "sandbox"},
    "click": {"cli", "commands"},
    "rich": {"commands"},
    "distributed": {"batch"},
}


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def room(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


@functools.cache  # each file is asked about a dozen times
def imported(path: Path) -> tuple[str, ...]:
    """Names of modules that a file imports when it runs; those for type checkers alone are left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for_types = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    found: list[str] = []
    for node in ast.walk(tree):
        if node in for_types:
            continue
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return tuple(found)


def rooms_imported(path: Path) -> set[str]:
    parts = [name.split(".") for name in imported(path)]
    return {part[1] for part in parts if part[0] == "tsalab" and len(part) > 1} - {room(path)}


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_run_one_way(path: Path) -> None:
    allowed = MAY.get(room(path), set()) | PLAIN
    assert rooms_imported(path) <= allowed


def test_the_sandbox_is_imported_by_commands_and_tests_alone() -> None:
    found = {room(path) for path in modules() if "sandbox" in rooms_imported(path)}
    assert found <= {"commands"}


@pytest.mark.parametrize("library", sorted(ONLY))
def test_a_library_stays_in_its_rooms(library: str) -> None:
    found = {
        room(path) for path in modules() if any(name.split(".")[0] == library for name in imported(path))
    }
    assert found <= ONLY[library]


# Files that are put on the web server and run there; nobody imports them.
CONTENT = {PACKAGE / "sandbox" / "machines" / "image"}


def test_every_folder_says_what_lives_there() -> None:
    for folder in sorted({path.parent for path in modules()} - CONTENT):
        init = folder / "__init__.py"
        assert init.exists(), f"{folder} has no __init__.py"
        assert ast.get_docstring(ast.parse(init.read_text(encoding="utf-8"))), f"{init} has no docstring"


def test_no_file_is_too_long() -> None:
    done = subprocess.run(["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=True)
    files = [ROOT / name for name in done.stdout.splitlines() if (ROOT / name).exists()]
    assert files
    long = {str(path.relative_to(ROOT)): count for path in files if (count := _lines(path)) > LONGEST}
    assert long == {}


def _lines(path: Path) -> int:
    return path.read_text(encoding="utf-8").count("\n")
