"""Step 24: the app's new code is committed and pushed."""

from __future__ import annotations

import shlex

from tsalab.cloud.repository import BRANCH
from tsalab.course import LAB
from tsalab.errors import StepError
from tsalab.messages import say
from tsalab.show import StepView
from tsalab.steps.code import EDIT_STEPS, SAVE_STEPS, need_clone
from tsalab.steps.source import EDITS
from tsalab.steps.step import STEPS, Finding, Outcome
from tsalab.steps.world import World


@STEPS.check(24)
def check_commit(world: World) -> Finding:
    """The repository's newest commit holds every edit, and nothing is left uncommitted."""
    expected = say("check.commit.all")
    for edit in EDITS.values():
        seen = edit.look(world.pushed(edit.file), world.secret_name)
        if not seen.ok:
            return _not_there(world, say("check.commit.lacks", file=edit.file, saw=seen.saw), expected)
    head = world.repository.head()
    if world.clone.exists and (changed := world.clone.changed()):
        saw = say("check.commit.changed", files=", ".join(changed))
        return Finding(False, saw, expected, say("check.commit.commit"))
    # A clone that was left behind is no fault: the edits came from elsewhere.
    if world.clone.exists and world.clone.head() != head and world.clone.contains(head):
        return Finding(False, say("check.commit.ahead"), expected, _push(world))
    saw = say("check.commit.done", commit=head[:10])
    return Finding(True, saw, expected, facts={"commit": head})


def _not_there(world: World, lacks: str, expected: str) -> Finding:
    """CodeCommit lacks an edit: it got stuck on its way from the learner's editor."""
    if not world.clone.exists:
        return Finding(False, lacks, expected, LAB.step(24).by_hand)
    for step, name in EDIT_STEPS.items():
        edit = EDITS[name]
        seen = edit.look(world.code(edit.file), world.secret_name)
        if not seen.ok:
            doing = seen.next or LAB.step(step).by_hand
            next_step = say("check.commit.finish", step=step, title=LAB.step(step).title, next=doing)
            return Finding(False, lacks, expected, next_step)
    if changed := world.clone.changed():
        saw = say("check.commit.uncommitted", files=", ".join(changed), lacks=lacks)
        return Finding(False, saw, expected, say("check.commit.commit"))
    head = world.clone.head()
    for branch, commit in world.repository.branches().items():
        if commit == head and branch != BRANCH:
            saw = say("check.commit.branch", commit=head[:10], branch=branch, main=BRANCH)
            return Finding(False, saw, expected, say("check.commit.to_main", main=BRANCH))
    saw = say("check.commit.unpushed", commit=head[:10], lacks=lacks)
    return Finding(False, saw, expected, _push(world))


def _push(world: World) -> str:
    """The push that brings what is checked out to the branch that the web server pulls."""
    return say("check.commit.push" if world.clone.branch() == BRANCH else "check.commit.to_main", main=BRANCH)


@STEPS.do(24)
def do_commit(world: World, view: StepView, *, message: str = "Use Aurora RDS") -> Outcome:
    """Commit what changed, and push."""
    need_clone(world)
    for step_id in SAVE_STEPS:
        saved = STEPS[step_id].check(world)
        if not saved.passed:
            raise StepError.not_passed(
                step_id, LAB.step(step_id).title, saved.saw, saved.expected, saved.next
            )
    if world.clone.changed():
        view.line(shlex.join(["git", "commit", "-a", "-m", message]))
        world.clone.commit(message)
    view.line(shlex.join(["git", "push"]))
    world.clone.push(on_output=view.output)
    return Outcome({"commit": world.clone.head()})
