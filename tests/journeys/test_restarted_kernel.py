"""A kernel restarted between any two cells: nothing is lost, and opening the lab says where you are.

Each step's cell runs in a process of its own, after the cell that opens the lab: nothing of
the one before is in its memory. The processes are forked from one that has imported the lab
and done nothing else, which spares thirty starts of a kernel; `test_killed_kernel` has real ones.
"""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path
from typing import Any

import pytest

from tests.faults.conftest import opened
from tests.journeys.lab_picture import git
from tsalab.course import LAB
from tsalab.lab import Lab
from tsalab.show import StepView

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]


def cell(env: dict[str, str], profile: str, workdir: str, call: str, answers: Any) -> None:
    """Open the lab and run one cell; answers with what opening it showed."""
    os.environ.update(env)
    shown: list[str] = []
    publish = StepView._publish

    def listen(self: StepView, data: dict[str, Any]) -> None:
        shown.append(str(data["text/plain"]))
        publish(self, data)

    StepView._publish = listen  # type: ignore[method-assign]
    lab = Lab.open(profile, workdir=workdir)
    said = shown[-1]
    if call:
        exec(call, {"lab": lab})  # noqa: S102 - the course's own cells
    lab.close()
    answers.put(said)


def test_restarted_between_any_two_cells(fresh_sandbox: Any, tmp_path: Path) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.journeys.test_restarted_kernel"])
    answers = context.SimpleQueue()
    work = tmp_path / "work"

    def run(call: str) -> str:
        given = (dict(fresh_sandbox.env), fresh_sandbox.name, str(work), call, answers)
        process = context.Process(target=cell, args=given)
        process.start()
        process.join()
        assert process.exitcode == 0, call
        return str(answers.get())

    for count, step in enumerate(LAB.steps):
        said = run(step.call)
        assert f"{count} of 30" in said
        assert step.section in said
        assert f"Step {step.id}, {step.title}: {step.call}" in said
    assert "All thirty steps are done" in run("")

    with opened(fresh_sandbox, work) as lab:
        assert [found.number for found in lab.check() if not found.passed] == []
        records = lab.journal.records  # one chain, or it could not be read
        assert [(record.step, record.status) for record in records] == [(n, "passed") for n in range(1, 31)]
        assert len({record.run for record in records}) == 1
        revisions = {run.revision for run in lab.place.pipeline.executions() if run.revision}
        assert len(revisions) == 2  # lab 3's template, and lab 4's
    subjects = git(work / "TSAGallery-API", "log", "--format=%s").splitlines()
    assert subjects.count("Use Aurora RDS") == 1
