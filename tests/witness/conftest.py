"""A real lab done once, the notebook that it left, and a grader who may only look."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.contract import enforced
from tests.faults.conftest import opened
from tests.grade import genuine
from tsalab.course import LAB
from tsalab.lab import Lab
from tsalab.records import Record


@dataclass(frozen=True)
class Done:
    """A learner's lab.

    Attributes
    ----------
    lab
        Still open.
    sandbox
        Where it was done.
    folder
        For its files.
    """

    lab: Lab
    sandbox: Any
    folder: Path

    @property
    def records(self) -> list[Record]:
        """What it left."""
        return list(self.lab.journal.records)

    @property
    def account(self) -> str:
        """Its account."""
        return str(self.lab.place.account.identity["account"])

    def hand_in(self, folder: Path) -> Path:
        """The notebook as the learner hands it in."""
        return genuine.written(folder, genuine.of_records(self.records))


@pytest.fixture(scope="module")
def begun(module_sandbox: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Done]:
    """Ada's lab, in which nothing is done yet."""
    folder = tmp_path_factory.mktemp("ada")
    with opened(module_sandbox, folder / "work", learner="Ada", method="copy") as lab:
        yield Done(lab, module_sandbox, folder)


@pytest.fixture
def as_grader(begun: Done, tmp_path: Path) -> Iterator[Path]:
    """The sandbox's profile is a user with the shipped policy for graders; the file of its keys."""
    name = f"grader-{tmp_path.name}"[:60]
    with enforced.as_user(begun.sandbox, tmp_path, name, enforced.statements("grader")):
        yield tmp_path


def do_all(lab: Lab) -> None:
    """Do the whole lab."""
    for step in LAB.steps:
        lab.perform(step.id)
