"""Undo of steps 1 to 6: the template and its zip in the learner's folder."""

from __future__ import annotations

from collections.abc import Iterator

from tsalab.errors import TemplateError
from tsalab.messages import say
from tsalab.show import StepView
from tsalab.steps.step import STEPS
from tsalab.steps.template import FRAGMENTS
from tsalab.steps.undo.lab3 import lab3
from tsalab.steps.undo.move import Back, Loss, Move
from tsalab.steps.world import World
from tsalab.template import Template, read_package


@STEPS.undo(1, 2, 3, 4, 5, 6)
def undo_files(back: Back) -> list[Move]:
    """Take the lab's blocks out of infra.yml again, and the zip away; before step 1 there is neither."""
    world, losses = back.world, []
    known = set(_known(back))
    now = _text(world)
    want = None if back.to == 1 else _wanted(back, now)
    folder = str(world.place.workdir)
    if now is not None and now != want:
        losses.append(Loss("infra.yml", folder, _lost(back, own=now not in known, gone=want is None)))
    zipped = world.package_path.exists()
    if zipped:
        losses.append(Loss("infra.yml.zip", folder, say("reset.zip_gone")))

    def do(view: StepView) -> None:
        path, package_path = world.template_path, world.package_path
        if zipped and package_path.exists():
            if _zipped(world) in known | {now}:
                package_path.unlink()
            else:
                back.keep(package_path)
        if now is not None and now != want:
            if now not in known:
                back.keep(path)
            elif want is None:
                path.unlink(missing_ok=True)
            if want is not None:
                Template(want).write(path)
        view.line(say("reset.template.done"))

    return [Move(say("reset.part.files"), losses, do)]


def _lost(back: Back, *, own: bool, gone: bool) -> str:
    if own:
        return say("reset.template.kept", name=f"infra.yml.{back.mark}")
    if gone:
        return say("reset.template.gone")
    names = ", ".join(name for step, name in FRAGMENTS.items() if step >= back.to)
    return say("reset.template.fragments", fragments=names)


def _text(world: World) -> str | None:
    path = world.template_path
    return path.read_bytes().decode("utf-8", "replace") if path.exists() else None


def _zipped(world: World) -> str:
    try:
        return read_package(world.package_path)
    except TemplateError:
        return ""


def _known(back: Back) -> Iterator[str]:
    """Texts that infra.yml has on the lab's own way: losing one of them loses nothing of the learner's."""
    template = lab3(back)
    if template is None:
        return
    yield template.text
    for name in FRAGMENTS.values():
        template = template.add(name)
        yield template.text


def _wanted(back: Back, now: str | None) -> str | None:
    """The text before a step: the learner's own, without what the steps from there on put in."""
    if now is None:
        return None
    kept = back.checkpoints.template(back.to)
    try:
        text = Template(now, variant=back.world.place.variant)
        for step, name in FRAGMENTS.items():
            if step >= back.to:
                text = text.remove(name)
    except TemplateError:
        return kept if kept is not None else _rebuilt(back)
    if back.to > max(FRAGMENTS):
        return now
    return text.text


def _rebuilt(back: Back) -> str | None:
    template = lab3(back)
    if template is None:
        return None
    for step, name in FRAGMENTS.items():
        if step < back.to:
            template = template.add(name)
    return template.text
