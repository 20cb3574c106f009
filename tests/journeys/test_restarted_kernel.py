"""A kernel restarted between any two cells: nothing is lost, and opening the lab says where you are.

The account is in another region, and nothing in it is called as the lab's text has it: neither
the stacks, nor the bucket, nor the key pair, nor the secret. What the first cell was told, and
what was found out since, the working folder knows.

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
from tsalab import start_state
from tsalab.cloud.account import Account
from tsalab.cloud.inventory import Names
from tsalab.course import CLEANUP, LAB
from tsalab.lab import Lab
from tsalab.profiles import Profile
from tsalab.show import StepView
from tsalab.steps import World

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]


NAMES = Names(stacks=("Photos", "My-First-Lab"), key_pair="my-key", bucket="photos-of-mine-4711")
SECRET = "Photos-RDSMasterSecret"


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Any:
    """A sandbox in another region, with other names."""
    monkeypatch.setenv("TSALAB_REGION", "eu-central-1")
    sandbox = request.getfixturevalue("empty_sandbox")
    profile = Profile(
        sandbox.name, sandbox.folder.path("aws", "config"), sandbox.folder.path("aws", "credentials")
    )
    made = start_state.create(Account(profile), names=NAMES)
    assert (made.stack, made.bucket) == (NAMES.gallery, NAMES.bucket)
    return sandbox


def cell(env: dict[str, str], profile: str, workdir: str, call: str, answers: Any) -> None:
    """Open the lab and run one cell; answers with what opening it showed."""
    os.environ.update(env)
    shown: list[str] = []
    publish = StepView._publish

    def listen(self: StepView, data: dict[str, Any]) -> None:
        shown.append(str(data["text/plain"]))
        publish(self, data)

    StepView._publish = listen  # type: ignore[method-assign]
    first = "" if (Path(workdir) / ".tsalab").exists() else NAMES.bootstrap
    lab = Lab.open(profile, workdir=workdir, bootstrap=first, confirm="yes")
    said = shown[-1]
    if call:
        exec(call, {"lab": lab})  # noqa: S102 - the course's own cells
    lab.close()
    answers.put(said)


def test_restarted_between_any_two_cells(elsewhere: Any, tmp_path: Path) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.journeys.test_restarted_kernel", "tests.journeys.preloaded"])
    answers = context.SimpleQueue()
    work = tmp_path / "work"

    def run(call: str) -> str:
        given = (dict(elsewhere.env), elsewhere.name, str(work), call, answers)
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

    with opened(elsewhere, work) as lab:
        assert [found.number for found in lab.check() if not found.passed] == []
        records = lab.journal.records  # one chain, or it could not be read
        assert [(record.step, record.status) for record in records] == [(n, "passed") for n in range(1, 31)]
        assert len({record.run for record in records}) == 1
        revisions = {run.revision for run in lab.place.pipeline.executions() if run.revision}
        assert len(revisions) == 2  # lab 3's template, and lab 4's
        assert lab.place.account.region == "eu-central-1"
        assert World(lab.place).secret_name == SECRET
    subjects = git(work / "TSAGallery-API", "log", "--format=%s").splitlines()
    assert subjects.count("Use Aurora RDS") == 1

    for step in CLEANUP.steps:
        run(step.call)
    account = elsewhere.session()
    assert account.client("cloudformation").describe_stacks()["Stacks"] == []
    assert account.client("s3").list_buckets()["Buckets"] == []
    assert account.client("ec2").describe_key_pairs()["KeyPairs"] == []
