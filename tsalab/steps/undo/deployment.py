"""Undo of steps 8 and 9: lab 3's template goes through the pipeline again, and the cluster with it.

An upload starts the pipeline by itself, so a lab cannot rest between the two steps: going
back to before step 9 goes back to before step 8.
"""

from __future__ import annotations

from tsalab.cloud.pipeline import Execution
from tsalab.cloud.waiting import poll
from tsalab.course import LAB
from tsalab.errors import ResetError, TemplateError
from tsalab.messages import say
from tsalab.show import StepView
from tsalab.steps.infrastructure import POLLING_SECONDS
from tsalab.steps.step import STEPS
from tsalab.steps.undo.lab3 import ADDED, lab3
from tsalab.steps.undo.move import Back, Loss, Move
from tsalab.steps.undo.rows import lost_rows
from tsalab.steps.world import World
from tsalab.template import read_package, zipped


@STEPS.undo(8, 9)
def undo_deployment(back: Back) -> list[Move]:
    """Upload lab 3's template and wait until the stack is what it says."""
    world = back.world
    source = world.place.pipeline.source
    place = f"s3://{source.bucket}/{source.key}"
    template = lab3(back)
    if template is None:
        raise ResetError.no_lab3(place)
    losses = []
    if _uploaded(world) != template.text:
        losses.append(Loss(say("reset.upload.what"), place, say("reset.upload.lost")))
    losses += [
        Loss(name, say("reset.resource.where", stack=world.stack.name), say("reset.resource.lost"))
        for name in ADDED
        if world.resources.get(name)
    ]
    if world.resources.get("DatabaseCluster"):
        losses += lost_rows(back)
    if not losses and not _deployed(world):
        where = say("reset.resource.where", stack=world.stack.name)
        losses.append(Loss(say("reset.update.what"), where, say("reset.update.lost")))

    def do(view: StepView) -> None:
        fresh = world.again()
        if _uploaded(fresh) != template.text:
            view.line(say("reset.upload.doing", place=place))
            fresh.bucket.put(source.key, zipped(template.text.encode()))
        _wait(world.again(), view)

    return [Move(say("reset.part.stack"), losses, do, after=(say("reset.part.server"),))]


def _uploaded(world: World) -> str | None:
    try:
        return read_package(world.uploaded.body) if world.uploaded else None
    except TemplateError:
        return None


def _deployed(world: World) -> bool:
    """Whether the pipeline has done with what is uploaded."""
    run = world.place.pipeline.execution_of(world.uploaded.version) if world.uploaded else None
    return run is not None and run.status == "Succeeded" and world.stack_state.settled


def _wait(world: World, view: StepView) -> None:
    """Watch the pipeline and the stack until the uploaded template is deployed.

    Raises
    ------
    ResetError
        When it fails, or is not done in the time that step 9 has.
    """
    pipeline, stack = world.place.pipeline, world.stack
    seen = {event.event_id for event in stack.events()}
    version = world.uploaded.version if world.uploaded else ""
    patience = 0 if pipeline.polling_disabled else POLLING_SECONDS
    run, _ = poll(lambda: pipeline.execution_of(version), bool, seconds=patience)
    # One that failed, or that was never begun, is begun by hand; then it is that one which counts.
    by_hand = "" if run and run.status in {"Succeeded", "InProgress"} else pipeline.start()

    def look() -> Execution | None:
        if by_hand:
            found = next((each for each in pipeline.executions() if each.execution_id == by_hand), None)
        else:
            found = pipeline.execution_of(version)
        for event in reversed(stack.events()):
            if event.event_id not in seen:
                seen.add(event.event_id)
                view.event(event)
        return found

    run, ended = poll(
        look, lambda found: bool(found and found.status != "InProgress"), seconds=LAB.step(9).patience
    )
    if run is None or run.status != "Succeeded":
        event = stack.failure() if ended else None
        raise ResetError.not_deployed(stack.name, f"{event.resource}: {event.reason}" if event else "")
