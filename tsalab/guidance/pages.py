"""Why a step is done, and how it is done without its cell."""

from __future__ import annotations

from collections.abc import Callable

from tsalab.course import Edit, Guide, Step, guide
from tsalab.course.course import StepId
from tsalab.guidance.names import Names
from tsalab.guidance.place import Guided, asked, step_of
from tsalab.messages import say
from tsalab.show import Part, StepView, details, log, note
from tsalab.show.bundle import name_of
from tsalab.steps import World
from tsalab.steps.source import DEFAULT_SECRET


def why(lab: Guided, step_id: StepId | None = None) -> None:
    """Show why a step is done.

    Parameters
    ----------
    lab
        Who asks.
    step_id
        The step; the one where the learner is when None.

    Raises
    ------
    StepError
        When there is no such step.
    """
    _show(lab, step_id, "why", lambda step, names: [note(names.text(guide(step.id).why))])


def by_hand(lab: Guided, step_id: StepId | None = None) -> None:
    """Show how to do a step with the console, in an editor, in a terminal and on the web server.

    Parameters
    ----------
    lab
        Who asks.
    step_id
        The step; the one where the learner is when None.

    Raises
    ------
    StepError
        When there is no such step.
    """
    _show(lab, step_id, "by-hand", ways)


def _show(lab: Guided, step_id: StepId | None, kind: str, parts: Callable[[Step, Names], list[Part]]) -> None:
    word = say(f"guidance.word.{kind}")
    step = None if step_id is None else step_of(step_id)
    title = word if step is None else f"{name_of(step.id, step.title)} · {word}"
    with StepView(_place(kind, step_id), title, redactor=lab.place.redactor) as view:
        world = World(lab.place)
        if step is None:
            found = asked(lab, None, world)
            if found is None:
                view.end([note(say("guidance.all_done"))])
                return
            step = found[0]
            view.title = f"{name_of(step.id, step.title)} · {word}"
        view.end(parts(step, Names(world)))


def _place(kind: str, step_id: StepId | None) -> str:
    """The word for the output's display id; its first part keeps it from being read as a step's."""
    return kind if step_id is None else f"{kind}-{step_id}"


def ways(step: Step, names: Names) -> list[Part]:
    """Every way to do a step by hand, each folded away under its place."""
    texts = guide(step.id)
    found = [note(step.by_hand)]
    if texts.console:
        found.append(details(say("guidance.way.console"), note(names.text(texts.console))))
    if texts.edit:
        found.append(details(say("guidance.way.editor"), *edit_parts(texts.edit, names)))
    if texts.terminal:
        found.append(details(say("guidance.way.terminal"), *_terminal(texts, names)))
    if texts.server or texts.root:
        found.append(details(say("guidance.way.server"), *_server(texts, names)))
    return found + [note(sentence) for sentence in names.lacking]


def exact_parts(step: Step, names: Names) -> list[Part]:
    """The exact thing that a step needs: the block or the commands, as `ways` shows them."""
    texts = guide(step.id)
    found: list[Part] = []
    if texts.edit and (block := block_of(texts.edit, names)):
        found.append(log(block))
    if texts.terminal:
        found += _terminal(texts, names)
    if texts.server or texts.root:
        found += _server(texts, names)
    return found + [note(sentence) for sentence in names.lacking]


def block_of(edit: Edit, names: Names) -> str:
    """The block of an edit, with the secret's real name in it."""
    text = edit.text(names.variant)
    return text.replace(DEFAULT_SECRET, str(names["secret"])) if DEFAULT_SECRET in text else text


def edit_parts(edit: Edit, names: Names) -> list[Part]:
    """What to do in an editor."""
    folder = names["workdir" if edit.file == "infra.yml" else "clone"]
    where = say("guidance.within", line=edit.within) if edit.within else ""
    how = say(f"guidance.edit.{edit.how}", file=f"{folder}/{edit.file}", line=edit.line, within=where)
    found = [note(how)]
    block = block_of(edit, names)
    return [*found, log(block)] if block else found


def _terminal(texts: Guide, names: Names) -> list[Part]:
    commands = [names.command(command) for command in texts.terminal]
    return [note(say("guidance.once")), log(names.setup), note(say("guidance.then")), log(commands)]


def _server(texts: Guide, names: Names) -> list[Part]:
    found = [note(say("guidance.log_in")), log(names.login)]
    if texts.server:
        found += [note(say("guidance.on_server")), log([names.command(each) for each in texts.server])]
    if texts.root:
        found += [
            note(say("guidance.as_root")),
            log("sudo su -"),
            note(say("guidance.then")),
            log([names.command(each) for each in texts.root]),
        ]
    return found
