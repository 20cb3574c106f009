"""A working folder made into ``work.zip``: its template, its app, and what its records say of the data."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tsalab.errors import RecordError, TemplateError
from tsalab.files import replace_bytes
from tsalab.handin.work import NAME, Table, Work
from tsalab.records import Journal, Record
from tsalab.template import read_package

STATE = ".tsalab"
_IMPORT = 14  # the step whose record says what the tables held
_USUAL = "TSAGallery-API"


def packed(workdir: Path, folder: Path) -> Path | None:
    """Write ``work.zip`` of a working folder; returns where, or None when nothing was made there yet.

    Parameters
    ----------
    workdir
        The learner's.
    folder
        Where the archive goes, beside the executed notebook.
    """
    work = pack(workdir)
    if not work.template and not work.commit:
        return None
    path = folder / NAME
    replace_bytes(path, work.to_bytes())
    return path


def pack(workdir: Path) -> Work:
    """The work in a folder. What is not there, or is not whole, is left out.

    Parameters
    ----------
    workdir
        The learner's.
    """
    records = _records(workdir)
    clone = workdir / _repository(workdir)
    commit, app = _app(clone) if (clone / ".git").exists() else ("", b"")
    return Work(
        learner=records[-1].learner if records else "",
        run=records[-1].run if records else "",
        template=_template(workdir),
        commit=commit,
        app=app,
        tables=_tables(records),
    )


def _records(workdir: Path) -> tuple[Record, ...]:
    try:
        return Journal(workdir / STATE / "journal.jsonl").records
    except RecordError:
        return ()


def _template(workdir: Path) -> str:
    """What was zipped, for that was uploaded; else the file itself."""
    zipped, plain = workdir / "infra.yml.zip", workdir / "infra.yml"
    try:
        if zipped.exists():
            return read_package(zipped)
        return plain.read_text(encoding="utf-8") if plain.exists() else ""
    except (TemplateError, OSError, UnicodeDecodeError):
        return ""


def _repository(workdir: Path) -> str:
    """Name of the app's clone, as the folder remembers it."""
    try:
        known = json.loads((workdir / STATE / "lab.json").read_text(encoding="utf-8"))
        return str(known["names"]["repositories"][0])
    except (OSError, ValueError, KeyError, IndexError, TypeError):
        return _USUAL


def _app(clone: Path) -> tuple[str, bytes]:
    """Commit and bundle of a clone; empty when it has none."""
    with tempfile.TemporaryDirectory(prefix="tsalab-work-") as folder:
        file = Path(folder, "app.bundle")
        head = _git(clone, "rev-parse", "HEAD")
        if not head or _git(clone, "bundle", "create", "--quiet", str(file), "HEAD") is None:
            return "", b""
        return head, file.read_bytes()


def _git(clone: Path, *command: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", *command],
            cwd=clone,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )
    except OSError:
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _tables(records: Iterable[Record]) -> dict[str, Table]:
    found: Mapping[str, Any] = {}
    for record in records:
        compared = _compared(record.facts)
        # Later looks meet what the app has written since.
        if record.step == _IMPORT and record.passed and all(one["equal"] for one in compared.values()):
            found = compared or found
    return {name: Table(value["target"], str(value["digest"])) for name, value in found.items()}


def _compared(facts: Mapping[str, Any]) -> dict[str, Any]:
    """What a record says of tables that were on both sides."""
    return {
        name: value
        for name, value in facts.items()
        if isinstance(value, dict) and value.get("digest") and value.get("source") is not None
    }
