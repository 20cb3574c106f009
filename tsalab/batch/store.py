"""The folder of a batch: what each learner left, and what makes a second run go on from there.

``learners/<folder>/`` holds the executed notebook, its page, the journal, the working folder and
``result.json``, which is written last. So a run that was stopped has none and is run again.
"""

from __future__ import annotations

import fcntl
import json
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from tsalab.batch.job import Job, Result, read_result
from tsalab.errors import BatchError
from tsalab.files import replace_bytes

STATE = "batch.json"
RESULT = "result.json"
_LOCK = ".lock"


class Store:
    """A batch's folder, held by one process at a time; see `opened`.

    Parameters
    ----------
    root
        The folder.
    state
        Content of its ``batch.json``.
    """

    def __init__(self, root: Path, state: dict[str, Any]) -> None:
        self.root = root
        self._state = state

    @property
    def batch(self) -> str:
        """The batch's own name: random, and the same when it is resumed."""
        return str(self._state["batch"])

    def place(self, folder: str) -> Path:
        """A learner's folder, which need not exist."""
        return self.root / "learners" / folder

    def finished(self, job: Job) -> Result | None:
        """What an earlier run of the very same job left, if it passed."""
        found = read_result(self.place(job.folder) / RESULT)
        return found if found and found.passed and found.digest == job.digest else None

    def begin(self, job: Job) -> Path:
        """Make a learner's folder anew, and count the attempt."""
        self._state["attempts"][job.folder] = self._state["attempts"].get(job.folder, 0) + 1
        self._write()
        place = self.place(job.folder)
        if place.exists():
            shutil.rmtree(place)
        place.mkdir(parents=True)
        return place

    def save(self, result: Result) -> Result:
        """Write a result in one step; it is what `finished` looks for."""
        counted = replace(result, attempts=self._state["attempts"].get(result.folder, 1))
        place = self.place(result.folder)
        place.mkdir(parents=True, exist_ok=True)
        replace_bytes(place / RESULT, _json(counted.to_json()))
        return counted

    def _write(self) -> None:
        replace_bytes(self.root / STATE, _json(self._state))


def _json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


@contextmanager
def opened(root: Path, *, resume: bool) -> Iterator[Store]:
    """Hold a batch's folder; it is made when it is new.

    Parameters
    ----------
    root
        The folder.
    resume
        Go on with the batch that was begun there, if any.

    Raises
    ------
    BatchError
        When another process holds it, when it holds other things, or when a batch was begun
        in it and `resume` does not say to go on.
    """
    state_file = root / STATE
    if root.exists() and not state_file.is_file() and any(path.name != _LOCK for path in root.iterdir()):
        raise BatchError.not_ours(root)
    if state_file.is_file() and not resume:
        raise BatchError.begun(root)
    root.mkdir(parents=True, exist_ok=True)
    with (root / _LOCK).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BatchError.busy(root) from None
        yield Store(root, _state(state_file, root))


def _state(file: Path, root: Path) -> dict[str, Any]:
    if not file.is_file():
        state: dict[str, Any] = {"schema": 1, "batch": secrets.token_hex(4), "attempts": {}}
        replace_bytes(file, _json(state))
        return state
    try:
        known = json.loads(file.read_text(encoding="utf-8"))
        return {**known, "batch": str(known["batch"]), "attempts": dict(known["attempts"])}
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise BatchError.not_ours(root) from error
