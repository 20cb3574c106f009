"""The lab while AWS throttles, delays, drops, forgets, and lets the credentials expire."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.journeys import foreign, hostile
from tests.journeys.hostile import Day, Hostile
from tsalab import migrate
from tsalab.errors import ProfileError, TsalabError
from tsalab.lab import Lab
from tsalab.resources import AS_WRITTEN, VARIANTS
from tsalab.steps import World

pytestmark = pytest.mark.journey

TRIES = 6  # that a learner has for one cell before giving up
SECTION_ONE = range(1, 10)
WHOLE = range(1, 31)


@contextmanager
def opened(sandbox: Any, workdir: Path, day: Day, variant: str = AS_WRITTEN) -> Iterator[tuple[Lab, Hostile]]:
    """A lab whose profile leads to the proxy."""
    endpoint = sandbox.folder.read_facts()["endpoint_url"]
    with (
        hostile.before(int(endpoint.rpartition(":")[2]), day) as bad,
        pytest.MonkeyPatch.context() as patch,
    ):
        config = Path(sandbox.env["AWS_CONFIG_FILE"]).read_text()
        file = workdir.with_name("aws-config")
        file.write_text(config.replace(endpoint, f"http://127.0.0.1:{bad.port}"))
        patch.setenv("AWS_PROFILE", sandbox.name)
        patch.setenv("AWS_CONFIG_FILE", str(file))
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", sandbox.env["AWS_SHARED_CREDENTIALS_FILE"])
        lab = Lab.open(sandbox.name, workdir=str(workdir), method="copy", variant=variant)
        try:
            yield lab, bad
        finally:
            lab.close()


def persistent(lab: Lab, bad: Hostile, step: int) -> int:
    """Run a cell as a learner does: read the error, do what it says, run it again. How often it took."""
    for number in range(1, TRIES + 1):
        try:
            lab.perform(step)
        except TsalabError as error:
            if bad.expired:
                assert "The security token included in the request is expired" in str(error)  # noqa: PT017
                bad.log_in()
            elif isinstance(error, ProfileError):
                raise
        else:
            return number
    raise AssertionError(f"step {step} did not pass in {TRIES} tries")


def sizes(found: dict[str, Any]) -> dict[str, int]:
    """How many of each kind there are: a second one of anything is a duplicate."""
    return {kind: len(rows) for kind, rows in found.items()}


def test_the_template_and_the_pipeline_on_a_bad_day(fresh_sandbox: Any, tmp_path: Path) -> None:
    with opened(fresh_sandbox, tmp_path / "work", Day(1, throttled=0.1, expires=12)) as (lab, bad):
        took = [persistent(lab, bad, step) for step in SECTION_ONE]
        assert max(took) > 1, "the credentials expired in one of them"
        assert all(bad.done[what] for what in ("throttled", "unheard", "expired")), bad.done
    found = foreign.inventory(fresh_sandbox.session())
    assert sizes(found) | {"clusters": 1, "secrets": 1, "stacks": 2} == sizes(found)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("seed", range(3))
def test_the_whole_lab_on_a_bad_day(fresh_sandbox: Any, tmp_path: Path, seed: int, variant: str) -> None:
    with opened(fresh_sandbox, tmp_path / "work", Day(seed, expires=100), variant) as (lab, bad):
        for step in WHOLE:
            persistent(lab, bad, step)
            if step == 14:
                world = World(lab.place)
                assert migrate.compare(world.source, world.target).equal
        assert all(bad.done[what] for what in ("throttled", "dropped", "unheard", "stale", "expired"))
        rows = migrate.row_counts(World(lab.place).target)
    found = foreign.inventory(fresh_sandbox.session())
    assert sizes(found) | {"clusters": 1, "secrets": 1, "stacks": 2, "instances": 1} == sizes(found)
    assert rows["images"] == 6
    (pipeline,) = [row["name"] for row in found["pipelines"] if row["name"].startswith("TSA-Bootstrap")]
    runs = fresh_sandbox.session().client("codepipeline").list_pipeline_executions(pipelineName=pipeline)
    # One that is created runs once, and fails if lab 3's upload is not there yet: before the bad day.
    seen = [
        (row["status"], row["trigger"]["triggerType"])
        for row in runs["pipelineExecutionSummaries"]
        if row["trigger"]["triggerType"] != "CreatePipeline"
    ]
    assert {status for status, _ in seen} == {"Succeeded"}, seen
