"""AWS as it is today: the lab as written is refused, and the way on from there leads through."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import _live
from tests.faults.conftest import CALLS, opened, refused
from tsalab.lab import Lab
from tsalab.nursery import Nursery
from tsalab.steps import World

pytestmark = pytest.mark.journey


@pytest.fixture
def today(nest: Nursery) -> Iterator[Any]:
    """A sandbox without the first Aurora Serverless, whose pipelines look for uploads no more."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TSALAB_AWS_TODAY", "1")
        patch.setenv("TSALAB_POLLING_DISABLED", "1")
        yield from _live(nest, "lab", start_state=True)


def deploy(lab: Lab) -> None:
    for call in CALLS:
        eval(f"lab.{call}", {"lab": lab})  # noqa: S307 - the notebook's own calls
    lab.infra.zip()
    lab.bucket.upload()
    lab.pipeline.wait()


def test_the_lab_as_written_is_refused_and_goes_on_as_the_current_one(today: Any, tmp_path: Path) -> None:
    work = tmp_path / "work"
    with opened(today, work) as lab:
        assert lab.place.variant == "as-written", "a sandbox's own"
        error = refused(lambda: deploy(lab))
        assert "The engine mode serverless you requested is currently unavailable" in str(error)
        assert 'variant = "current"' in error.next_step
        assert "lab.reset(to=4, yes=True)" in error.next_step
        lab.reset(to=4, yes=True)

    with opened(today, work, variant="current") as lab:
        deploy(lab)
        cluster = World(lab.place).cluster
        assert cluster is not None
        assert (cluster.engine, cluster.available) == ("aurora-mysql", True)
        api = lab.place.account.client("codepipeline")
        runs = api.list_pipeline_executions(pipelineName=lab.place.pipeline.name)
        began = {row["trigger"]["triggerType"] for row in runs["pipelineExecutionSummaries"]}
        assert began == {"CreatePipeline", "StartPipelineExecution"}, "it looks no more"
        lab.secret.find()
        lab.secret.retrieve()
        lab.server.connect()
        assert Lab.inspect(today.name, workdir=str(work)).place.variant == "current", "the folder knows it"

    # And now the other variant, on the stack that is there.
    other = tmp_path / "other"
    with opened(today, other, variant="as-written") as lab:
        lab.infra.open()
        (found,) = [step for step in lab.check([4]) if not step.passed]
        assert "as the variant current writes it" in found.saw
        text = (other / "infra.yml").read_text()
        start, end = text.index("  DatabaseCluster:"), text.index("Outputs:")
        (other / "infra.yml").write_text(text[:start] + text[end:])
        policy = (other / "infra.yml").read_text().replace("Resource: !Ref DatabaseSecret", 'Resource: "*"')
        (other / "infra.yml").write_text(policy)
        for call in CALLS:
            eval(f"lab.{call}", {"lab": lab})  # noqa: S307 - the notebook's own calls
        lab.infra.zip()
        error = refused(lab.bucket.upload)
        assert "of the variant current" in error.what
        assert "the data in the old one would be lost" in error.why
