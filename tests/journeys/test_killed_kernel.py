"""A kernel killed in the middle of any step: run from the top, the lab ends in the same state."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

from tsalab import resources
from tsalab.course import LAB

pytestmark = pytest.mark.journey

SEED = 20261123
# The upload, the load, the push and the restart: what half done hurts. `make test-all` kills at every step.
CHANGES = {f"step-{number}" for number in (8, 14, 24, 28)}


def cells(profile: str, workdir: Path) -> list[tuple[str, str]]:
    book = json.loads((resources.notebooks() / LAB.notebook).read_text(encoding="utf-8"))
    code = [(cell["id"], "".join(cell["source"])) for cell in book["cells"] if cell["cell_type"] == "code"]
    given = f"profile, workdir = {profile!r}, {str(workdir)!r}"
    return [code[0], ("given", given), *code[1:]]


class Kernel:
    """A kernel that can be killed like a power cut."""

    def __init__(self, env: dict[str, str], folder: Path) -> None:
        self.manager = KernelManager(kernel_name="python3")
        self.manager.start_kernel(
            env=env, cwd=str(folder), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self.client: BlockingKernelClient = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    def run(self, source: str) -> None:
        reply = self.client.execute_interactive(source, timeout=240, output_hook=lambda _: None)
        content = reply["content"]
        assert content["status"] == "ok", f"{source}: {content.get('evalue')}"

    def kill_during(self, source: str, seconds: float) -> None:
        self.client.execute(source)
        time.sleep(seconds)  # the moment of the power cut, wherever the step is then
        self.manager.signal_kernel(9)
        self.manager.provisioner.process.wait()

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


@pytest.fixture
def kernels(fresh_sandbox: Any, tmp_path: Path) -> Iterator[Any]:
    made: list[Kernel] = []

    def start() -> Kernel:
        made.append(Kernel(dict(fresh_sandbox.env), tmp_path))
        return made[-1]

    yield start
    for kernel in made:
        kernel.close()


@pytest.mark.timeout(900)
@pytest.mark.parametrize("where", ["changes", pytest.param("everywhere", marks=pytest.mark.slow)])
def test_killed_at_every_step_and_run_from_the_top(
    kernels: Any, fresh_sandbox: Any, tmp_path: Path, where: str
) -> None:
    chance = random.Random(SEED)  # noqa: S311 - repeatable, not secret
    work = tmp_path / "work"
    todo = cells(fresh_sandbox.name, work)
    first = next(index for index, (name, _) in enumerate(todo) if name == "step-1")
    for index in range(first, len(todo)):
        if where == "changes" and todo[index][0] not in CHANGES:
            continue
        kernel = kernels()
        for _, source in todo[:index]:
            kernel.run(source)
        kernel.kill_during(todo[index][1], chance.uniform(0.0, 0.6))
        kernel.close()
    kernel = kernels()
    for _, source in todo:
        kernel.run(source)
    found = subprocess.run(
        [
            sys.executable,
            "-m",
            "tsalab",
            "check",
            "--json",
            "--profile",
            fresh_sandbox.name,
            "--workdir",
            str(work),
        ],
        env=fresh_sandbox.env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert {s["number"]: s["saw"] for s in json.loads(found.stdout) if not s["passed"]} == {}
    # One deployment, one commit: nothing was done twice.
    session = fresh_sandbox.session()
    runs = session.client("codepipeline").list_pipeline_executions(pipelineName="TSA-Bootstrap-Pipeline")
    # The execution that the pipeline's creation starts has no revision, unless the upload came first.
    revisions = [row for run in runs["pipelineExecutionSummaries"] for row in run["sourceRevisions"]]
    assert len({row["revisionId"] for row in revisions}) == 2  # lab 3's template, and lab 4's
    log = subprocess.run(
        ["git", "log", "--format=%s"], cwd=work / "TSAGallery-API", capture_output=True, text=True, check=True
    )
    assert log.stdout.splitlines().count("Use Aurora RDS") == 1
