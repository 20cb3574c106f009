"""Steps 7 to 9: the bucket, the upload, the pipeline."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from tsalab.cloud.cluster import ClusterState
from tsalab.cloud.pipeline import Execution
from tsalab.cloud.waiting import poll
from tsalab.course import LAB
from tsalab.errors import StepError, TemplateError
from tsalab.messages import say
from tsalab.show import StepView, pairs
from tsalab.steps.pipeline_watch import Watch
from tsalab.steps.step import STEPS, Finding, Outcome
from tsalab.steps.template import check_zip, lacking
from tsalab.steps.variants import refuse_other
from tsalab.steps.world import World
from tsalab.template import Template, read_package

# AWS's pipelines look for a new object about once a minute; after this, start it by hand.
POLLING_SECONDS = 90.0

# What RDS calls a cluster that will be available by itself.
_ON_ITS_WAY = frozenset({"creating", "modifying", "starting", "backing-up", "available"})


@STEPS.check(7)
def check_bucket(world: World) -> Finding:
    """The bucket that the pipeline reads is there, and there is something to upload."""
    source = world.place.pipeline.source
    expected = say("check.bucket.expected")
    if not world.bucket.exists():
        saw = say("check.bucket.absent", bucket=source.bucket)
        return Finding(False, saw, expected, say("check.bucket.redeploy"), final=True)
    if not world.bucket.versioned():
        saw = say("check.bucket.unversioned", bucket=source.bucket)
        next_step = say("check.bucket.switch_on", bucket=source.bucket)
        return Finding(False, saw, expected, next_step, final=True)
    zipped = check_zip(world)
    if not zipped.passed:
        return Finding(False, zipped.saw, expected, zipped.next)
    facts = {"bucket": source.bucket, "key": source.key}
    return Finding(True, say("check.bucket.there", **facts), expected, facts=facts)


@STEPS.check(8)
def check_upload(world: World) -> Finding:
    """The finished template lies where the pipeline reads it."""
    source = world.place.pipeline.source
    expected = say("check.upload.expected", bucket=source.bucket, key=source.key)
    if world.uploaded is None:
        return _not_uploaded(world, say("check.upload.absent"), expected)
    try:
        text = read_package(world.uploaded.body)
    except TemplateError as error:
        saw = say("check.upload.unusable", what=error.what, why=error.why)
        return Finding(False, saw, expected, error.next_step)
    if missing := lacking(Template(text, variant=world.place.variant)):
        names = ", ".join(missing.values())
        return _not_uploaded(world, say("check.upload.lacks", names=names), expected)
    if world.template_path.exists() and world.template.text != text:
        return _not_uploaded(world, say("check.upload.differs"), expected)
    return Finding(
        True,
        say("check.upload.there", version=world.uploaded.version, key=source.key),
        expected,
        facts={"version": world.uploaded.version, "etag": world.uploaded.etag},
    )


def _not_uploaded(world: World, saw: str, expected: str) -> Finding:
    """The finished template is not where the pipeline reads it: it is elsewhere, or not yet zipped."""
    source = world.place.pipeline.source
    there = {"bucket": source.bucket, "key": source.key}
    if stray := world.stray_upload:
        there |= {"wrong_bucket": stray.bucket, "wrong_key": stray.key}
        kind = "key" if stray.bucket == source.bucket else "bucket"
        saw = say(f"check.upload.wrong_{kind}", saw=saw, **there)
        return Finding(False, saw, expected, say("check.upload.again", **there))
    zipped = check_zip(world)
    if not zipped.passed:
        return Finding(False, saw, expected, say("check.upload.zip_first", next=zipped.next, **there))
    return Finding(False, saw, expected, say("check.upload.make", **there))


@STEPS.do(8)
def do_upload(world: World, view: StepView) -> Outcome:
    """Upload the zip to the pipeline's own source key."""
    zipped = check_zip(world)
    if not zipped.passed:
        raise StepError.not_passed(6, LAB.step(6).title, zipped.saw, zipped.expected, zipped.next)
    refuse_other(world)
    source = world.place.pipeline.source
    view.line(say("do.upload.doing", bucket=source.bucket, key=source.key))
    version = world.bucket.put(source.key, world.package_path.read_bytes())
    rows = {
        say("do.upload.bucket"): source.bucket,
        say("do.upload.key"): source.key,
        say("do.upload.version"): version,
    }
    return Outcome(parts=[pairs(rows)])


@STEPS.check(9)
def check_pipeline(world: World) -> Finding:
    """The pipeline has run on the uploaded version, and the cluster takes connections."""
    expected = say("check.pipeline.expected")
    uploaded = check_upload(world)
    if not uploaded.passed:
        return Finding(False, uploaded.saw, expected, uploaded.next, final=True)
    assert world.uploaded is not None  # noqa: S101 - check_upload has seen it
    run = world.place.pipeline.execution_of(world.uploaded.version)
    if run is None:
        saw = say("check.pipeline.asleep", version=world.uploaded.version)
        next_step = say("check.pipeline.start", name=world.place.pipeline.name)
        # It looks for new objects from time to time; after that, it will not start by itself.
        waited = (datetime.now(UTC) - world.uploaded.modified).total_seconds()
        coming = say("check.pipeline.notices") if waited < POLLING_SECONDS else ""
        return Finding(False, saw, expected, next_step, coming=coming)
    if run.status not in {"Succeeded", "InProgress", "Stopping"}:
        return _failed_run(world, run, expected)
    state = world.stack_state
    if run.status != "Succeeded" or not state.settled:
        saw = say("check.pipeline.works", status=state.status)
        coming = say("check.pipeline.run")
        return Finding(False, saw, expected, say("check.pipeline.wait"), coming=coming)
    cluster = world.cluster
    if cluster is None or not cluster.available:
        saw = _cluster_seen(cluster)
        coming = say("check.pipeline.creating") if cluster and cluster.status in _ON_ITS_WAY else ""
        return Finding(False, saw, expected, say("check.pipeline.available"), coming=coming)
    return Finding(
        True,
        say("check.pipeline.done", cluster=cluster.identifier),
        expected,
        facts={
            "execution": run.execution_id,
            "stack": state.status,
            "cluster": cluster.identifier,
            "engine": cluster.engine,
            "endpoint": cluster.endpoint,
        },
    )


def _cluster_seen(cluster: ClusterState | None) -> str:
    if cluster is None:
        return say("check.pipeline.no_cluster")
    return say("check.pipeline.cluster", status=cluster.status)


def _failed_run(world: World, run: Execution, expected: str) -> Finding:
    failed = next((s for s in world.place.pipeline.state() if s.status == "Failed"), None)
    if failed:
        saw = say("check.pipeline.stage_failed", stage=failed.name, reason=failed.reason)
    else:
        saw = say("check.pipeline.ended", status=run.status)
    event = world.stack.failure() if failed and failed.name != world.place.pipeline.stages[0] else None
    if event:
        cause = {"resource": event.resource, "type": event.type, "reason": event.reason}
        saw = say("check.pipeline.because", failed=saw, **cause)
    facts = {"execution": run.execution_id, "failed": event.resource if event else ""}
    return Finding(False, saw, expected, _way_on(world, saw), facts, final=True)


# What CloudFormation gives as its reason, and the way on that is not to mend the template.
_WAYS_ON = (
    (r"engine mode serverless you requested is currently unavailable", "engine_ended"),
    (r"already scheduled for deletion", "secret_deleted"),
    (r"_IN_PROGRESS state and can ?not be updated", "stack_busy"),
    (r"UPDATE_ROLLBACK_FAILED state", "rollback_failed"),
)


def _way_on(world: World, saw: str) -> str:
    for pattern, way in _WAYS_ON:
        if re.search(pattern, saw):
            return say(f"check.pipeline.way.{way}", stack=world.stack.name)
    return say("check.pipeline.mend")


@STEPS.do(9)
def do_wait(world: World, view: StepView) -> Outcome:
    """Watch the pipeline and the stack until they are done; start the pipeline if it sleeps."""
    uploaded = check_upload(world)
    if not uploaded.passed:
        raise StepError.not_passed(8, LAB.step(8).title, uploaded.saw, uploaded.expected, uploaded.next)
    watch = Watch(world, view, check_pipeline)
    asleep = world.place.pipeline.polling_disabled
    _, started = poll(watch.running, bool, seconds=0 if asleep else POLLING_SECONDS)
    if not started:
        since = f"{asleep:%Y-%m-%d}" if asleep else ""
        view.line(say("do.pipeline.asleep", since=since) if asleep else say("do.pipeline.starting"))
        world.place.pipeline.start()
    poll(watch.look, lambda finding: finding.passed or finding.final, seconds=LAB.step(9).patience)
    watch.end()
    return Outcome()
