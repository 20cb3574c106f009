"""Steps 15 to 23: the app's code learns to ask for the secret."""

from __future__ import annotations

import difflib
import re
import shlex
from contextlib import suppress
from urllib.parse import urlsplit

from tsalab.course import LAB
from tsalab.errors import StepError
from tsalab.files import replace_bytes
from tsalab.messages import say
from tsalab.server import node
from tsalab.show import Part, StepView, diff, excerpt, note, pairs
from tsalab.steps.source import APP, CONFIG, EDITS, Edit, Seen, edits, missing_comma, with_comma
from tsalab.steps.step import STEPS, Finding, Outcome
from tsalab.steps.world import World

EDIT_STEPS = {
    16: "config-make-room",
    17: "config-secret-name",
    18: "config-drop-db",
    21: "app-drop-pool",
    22: "app-add-pool",
}
SAVE_STEPS = {19: CONFIG, 23: APP}


def done_in_repository(world: World) -> bool:
    """Whether the repository's newest commit holds every edit, wherever they were made."""
    secret = world.secret_name
    return all(edit.look(world.pushed(edit.file), secret).ok for edit in EDITS.values())


def _look(world: World, edit: Edit) -> Seen:
    """What a file of the app shows: the clone's, or CodeCommit's when the edit came there from elsewhere."""
    seen = edit.look(world.code(edit.file), world.secret_name)
    if seen.ok or not world.clone.exists:
        return seen
    elsewhere = edit.look(world.pushed(edit.file), world.secret_name)
    return elsewhere if elsewhere.ok and not world.clone.changed() else seen


def same_repository(origin: str, url: str) -> bool:
    """Whether an origin is the repository of a clone URL, written in any of CodeCommit's three ways."""
    have, want = urlsplit(origin), urlsplit(url)
    if have.scheme == "codecommit" or origin.startswith("codecommit::"):  # git-remote-codecommit
        return re.split(r"[/@]", origin)[-1] == want.path.rpartition("/")[2]
    same_port = have.scheme != want.scheme or have.port == want.port
    return (have.hostname, have.path.rstrip("/")) == (want.hostname, want.path) and same_port


@STEPS.check(15)
def check_clone(world: World) -> Finding:
    """The learner has the app's code, or has already pushed what the lab asks for."""
    expected = say("check.clone.expected", repository=world.place.repository)
    if world.clone.exists:
        origin, url = world.clone.origin(), world.repository.clone_url()
        if not same_repository(origin, url):
            name = world.clone.folder.name
            saw = say("check.clone.other" if origin else "check.clone.no_origin", folder=name, origin=origin)
            next_step = say("check.clone.away", next=say("check.clone.make", url=url))
            return Finding(False, saw, expected, next_step, final=True)
        saw = say("check.clone.there", origin=origin)
        return Finding(True, saw, expected, facts={"head": world.clone.head()})
    if done_in_repository(world):
        head = world.repository.head()
        return Finding(True, say("check.clone.in_repository"), expected, facts={"head": head})
    next_step = say("check.clone.make", url=world.repository.clone_url())
    return Finding(False, say("check.clone.absent"), expected, next_step)


@STEPS.do(15)
def do_clone(world: World, view: StepView) -> Outcome:
    """Clone the repository."""
    if not world.clone.exists:
        url = world.repository.clone_url()
        view.line(shlex.join(["git", "clone", url]))
        world.clone.clone(url)
    world.clone.configure()
    rows = {say("do.clone.folder"): world.clone.folder, say("do.clone.origin"): world.clone.origin()}
    return Outcome(parts=[pairs(rows)])


def _register_edit(step_id: int, name: str) -> None:
    edit = EDITS[name]

    @STEPS.check(step_id)
    def check(world: World) -> Finding:
        seen = _look(world, edit)
        next_step = seen.next or LAB.step(step_id).by_hand
        facts = {"line": seen.line} if seen.line else {}
        return Finding(
            seen.ok,
            say("check.code.in_file", file=edit.file, saw=seen.saw),
            edit.expected,
            next_step,
            facts,
            final=True,
            evidence=() if seen.ok else _wanted(world, edit),
        )

    @STEPS.do(step_id)
    def do(world: World, _view: StepView) -> Outcome:
        need_clone(world)
        before = world.code(edit.file)
        after = _applied(world, edit, before)
        replace_bytes(world.clone.folder / edit.file, after.encode())
        return Outcome(parts=[diff(_difference(before, after, edit.file))])


def _applied(world: World, edit: Edit, text: str) -> str:
    return edits(world.place.variant)[edit.name].apply(text, world.secret_name)


def need_clone(world: World) -> None:
    """Refuse to go on without the learner's clone.

    Raises
    ------
    StepError
        When there is none.
    """
    if not world.clone.exists:
        raise StepError.file_missing(world.clone.folder, say("check.clone.first"))


def _wanted(world: World, edit: Edit) -> tuple[Part, ...]:
    """What the step would change in the file as it is, where that is known."""
    text = world.code(edit.file)
    with suppress(StepError):  # the lines that it is about are not there: words must do
        after = _applied(world, edit, text)
        return (diff(_difference(text, after, edit.file), title=say("check.code.wanted")),)
    return ()


def _difference(before: str, after: str, name: str) -> str:
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), name, name, lineterm="")
    return "\n".join(lines)


for _step_id, _name in EDIT_STEPS.items():
    _register_edit(_step_id, _name)


def _register_save(step_id: int, file: str) -> None:
    @STEPS.check(step_id)
    def check(world: World) -> Finding:
        expected = say("check.save.expected", file=file)
        edits = [edit for edit in EDITS.values() if edit.file == file]
        for edit in edits:
            seen = _look(world, edit)
            if not seen.ok:
                step = next(step for step, name in EDIT_STEPS.items() if name == edit.name)
                doing = seen.next or LAB.step(step).by_hand
                next_step = say("check.code.finish", step=step, title=LAB.step(step).title, next=doing)
                return Finding(
                    False, seen.saw, expected, next_step, final=True, evidence=_wanted(world, edit)
                )
        text = world.code(file)
        if not all(edit.look(text, world.secret_name).ok for edit in edits):
            text = world.pushed(file)
        if error := node.syntax_error(world.server, text):
            return _unsound(file, text, error, expected)
        return Finding(True, say("check.save.sound", file=file, count=len(text.splitlines())), expected)


def _unsound(file: str, text: str, error: str, expected: str) -> Finding:
    """A file that Node.js refuses: the comma that is missing, else the line it names."""
    saw = say("check.save.error", file=file, error=error)
    if line := missing_comma(text):
        shown = diff(_difference(text, with_comma(text, line), file), title=say("check.code.wanted"))
        saw = say("check.code.no_comma", file=file, line=line, error=error)
        next_step = say("check.code.comma", file=file, line=line)
        return Finding(False, saw, expected, next_step, final=True, evidence=(shown,))
    number = re.match(r"line (\d+)", error)
    lines = (excerpt(text, int(number[1])),) if number else ()
    return Finding(False, saw, expected, say("check.code.mend", file=file), final=True, evidence=lines)


for _step_id, _file in SAVE_STEPS.items():
    _register_save(_step_id, _file)


@STEPS.check(20)
def check_look(world: World) -> Finding:
    """config.js is finished, and app.js is there to be edited."""
    expected = say("check.look.expected")
    saved = STEPS[19].check(world)
    if not saved.passed:
        return Finding(False, saved.saw, expected, say("check.look.finish"))
    count = len(world.code(APP).splitlines())
    return Finding(True, say("check.look.there", count=count), expected)


@STEPS.do(20, always=True)
def do_look(world: World, _view: StepView) -> Outcome:
    """Say where the file is."""
    return Outcome(parts=[note(f"{world.clone.folder / APP}")])
