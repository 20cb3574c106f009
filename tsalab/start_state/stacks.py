"""The bootstrap stack, and the child stack that its pipeline creates from lab 3's template."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tsalab import resources
from tsalab.cloud.bucket import Bucket
from tsalab.cloud.inventory import TAG
from tsalab.cloud.pipeline import Pipeline
from tsalab.cloud.stacks import Stack, StackState
from tsalab.cloud.waiting import poll
from tsalab.errors import CloudError
from tsalab.messages import say
from tsalab.start_state.run import NOTICED, Run
from tsalab.template import package

# What a run of the pipeline ends as, when it did not succeed.
_ENDED_BADLY = frozenset({"Failed", "Superseded", "Stopped", "Cancelled"})


def bootstrap(run: Run, stack: Stack, ssh_location: str | None) -> None:
    """Create the bootstrap stack, or wait for the one that somebody began."""
    state = _after_deletion(run, stack)
    ours = state is not None and state.tags.get(TAG["Key"]) == TAG["Value"]
    if state is not None and ours and state.status == "ROLLBACK_COMPLETE":
        # What a creation of ours that failed leaves: it holds nothing, and can only be deleted.
        stack.delete()
        state, _ = poll(stack.state, lambda seen: seen is None, seconds=run.patience)
    there = state is not None
    if not there:
        _create_bootstrap(run, stack.name, ssh_location)
    try:
        _settled(run, stack, stack.state)
    except CloudError as error:
        if _not_created(stack) and Bucket(run.account, run.bucket).is_named():
            raise CloudError.bucket_taken(run.bucket, error.why) from error
        raise
    became = say("start_state.there" if there else "start_state.created", name=stack.name)
    run.tell(say("start_state.part.stack"), became)


def _not_created(stack: Stack) -> bool:
    """Whether its creation failed before it had its bucket: no other failure is the name's."""
    state = stack.state()
    failed = state is not None and state.status in {"CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED"}
    return failed and not stack.resources().get("StackData")


def _create_bootstrap(run: Run, name: str, ssh_location: str | None) -> None:
    values = {
        "KeyName": run.names.key_pair,
        "ChildStackName": run.names.gallery,
        "DataBucketName": run.bucket,
    }
    if ssh_location:
        values["SSHLocation"] = ssh_location
    body = (resources.templates() / "bootstrap.yml").read_text(encoding="utf-8")
    with run.account.doing(say("cloud.doing.stack_create", name=name)):
        run.account.client("cloudformation").create_stack(
            StackName=name,
            TemplateBody=body,
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()],
            Capabilities=["CAPABILITY_IAM"],
            Tags=[TAG],  # which CloudFormation hands on to what the stack holds
        )


def child(run: Run, stack: Stack, pipeline: Pipeline) -> StackState:
    """Have the pipeline create the child stack; one that is there is never brought back to lab 3."""
    if _after_deletion(run, stack) is not None:
        state = _settled(run, stack, stack.state)
        run.tell(say("start_state.part.stack"), say("start_state.there", name=stack.name))
        return state
    source = pipeline.source
    version = Bucket(run.account, source.bucket).put(source.key, _zipped())
    run.tell(
        say("start_state.part.template"), say("start_state.template", bucket=source.bucket, key=source.key)
    )
    state = _settled(run, stack, _Deployment(stack, pipeline, version).look)
    run.tell(
        say("start_state.part.stack"), say("start_state.created_by", name=stack.name, pipeline=pipeline.name)
    )
    return state


def _zipped() -> bytes:
    with tempfile.TemporaryDirectory(prefix="tsalab-template-") as folder:
        template = resources.templates() / "infra-lab3.yml"
        return package(template, Path(folder) / "infra.yml.zip").read_bytes()


class _Deployment:
    """The pipeline's run for one version of the template."""

    def __init__(self, stack: Stack, pipeline: Pipeline, version: str) -> None:
        self._stack = stack
        self._pipeline = pipeline
        self._version = version
        self._begin = time.monotonic()
        self._started = False

    def look(self) -> StackState | None:
        """The stack, once the run has succeeded.

        Raises
        ------
        CloudError
            When the run has failed.
        """
        run = self._pipeline.execution_of(self._version)
        if run is None:
            patience = 0 if self._pipeline.polling_disabled else NOTICED
            if not self._started and time.monotonic() - self._begin >= patience:
                self._pipeline.start()
                self._started = True
            return None
        if run.status == "Succeeded":
            return self._stack.state()
        state = self._stack.state()
        if run.status in _ENDED_BADLY and (state is None or state.settled):
            if run.status != "Failed":  # the stages are those of another run by now
                reason = say("start_state.overtaken", status=run.status)
                raise CloudError.pipeline_failed(self._pipeline.name, reason)
            raise self._failure(state)
        return None

    def _failure(self, state: StackState | None) -> CloudError:
        first = self._stack.failure() if state is not None else None
        if first is not None and state is not None:
            return CloudError.stack_failed(self._stack.name, state.status, first.resource, first.reason)
        reasons = [stage.reason for stage in self._pipeline.state() if stage.status == "Failed"]
        return CloudError.pipeline_failed(self._pipeline.name, "; ".join(reasons))


def _after_deletion(run: Run, stack: Stack) -> StackState | None:
    """The stack as it is, once a deletion that is under way has ended; None when there is none (any more)."""
    state, ended = poll(
        stack.state,
        lambda seen: seen is None or seen.status != "DELETE_IN_PROGRESS",
        seconds=run.patience,
    )
    if not ended and state is not None:
        raise CloudError.timed_out(say("start_state.the_stack", name=stack.name), run.patience, state.status)
    return state


def _settled(run: Run, stack: Stack, look: Callable[[], StackState | None]) -> StackState:
    """The stack once nothing is in progress any more; an update that was rolled back leaves it usable."""
    state, there = poll(look, lambda seen: seen is not None and seen.settled, seconds=run.patience)
    if not there or state is None:
        seen = stack.state()
        last = say("start_state.no_such_stack") if seen is None else seen.status
        raise CloudError.timed_out(say("start_state.the_stack", name=stack.name), run.patience, last)
    if not state.healthy and state.status != "UPDATE_ROLLBACK_COMPLETE":
        first = stack.failure()
        resource, reason = (first.resource, first.reason) if first else ("", state.reason)
        if state.status == "REVIEW_IN_PROGRESS":
            reason = reason or say("start_state.only_reviewed")
        raise CloudError.stack_failed(stack.name, state.status, resource, reason)
    return state
