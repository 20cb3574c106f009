"""Lab 3's template: what the stack was made from before the lab began."""

from __future__ import annotations

from collections.abc import Iterator

from tsalab.errors import TemplateError
from tsalab.steps.template import FRAGMENTS, LAB3
from tsalab.steps.undo.move import Back
from tsalab.template import Template, read_package

# What the lab's four fragments bring into the stack.
ADDED = (
    "DatabaseInstance",
    "DatabaseCluster",
    "DatabaseSecretAttachment",
    "DatabaseSecret",
    "DatabaseSubnetGroup",
)


def lab3(back: Back) -> Template | None:
    """Lab 3's template: the version that step 8 replaced, else the newest without the lab's blocks.

    A bucket that lost its history still has the lab's own upload: without its blocks it
    is lab 3's.
    """
    if "lab3" not in back.memo:
        back.memo["lab3"] = _find(back)
    found: Template | None = back.memo["lab3"]
    return found


def _find(back: Back) -> Template | None:
    seen: list[Template] = []
    for version in _versions(back):
        for template in _read(back, version):
            if _is_lab3(template):
                return template
            seen.append(template)
    return next((bare for bare in map(_bare, seen) if bare is not None and _is_lab3(bare)), None)


def _versions(back: Back) -> Iterator[str]:
    """Versions of the upload: the one that step 8 replaced, then all of them, newest first."""
    if kept := str(back.checkpoints.facts(8).get("version", "")):
        yield kept
    yield from back.world.bucket.versions(back.world.place.pipeline.source.key)


def _read(back: Back, version: str) -> list[Template]:
    """The template in a version of the upload, if it is one."""
    found = back.world.bucket.get(back.world.place.pipeline.source.key, version)
    try:
        variant = back.world.place.variant
        return [Template(read_package(found.body), variant=variant)] if found else []
    except TemplateError:
        return []


def _is_lab3(template: Template) -> bool:
    names = set(template.resources)
    policy = template.has("read-secrets-policy").present
    return names >= set(LAB3) and not names & set(ADDED) and not policy


def _bare(template: Template) -> Template | None:
    try:
        for name in FRAGMENTS.values():
            template = template.remove(name)
    except TemplateError:
        return None
    return None if template.problems() else template
