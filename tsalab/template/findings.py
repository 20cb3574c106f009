"""Is a block of the lab in the template? By meaning, so that work done by hand counts too.

The logical id, the type, the properties and the place must be right; comments, spacing,
quoting, the order of properties and any more of them do not matter.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import yaml
from yaml.nodes import MappingNode, Node, SequenceNode

from tsalab.messages import say
from tsalab.template import fragments
from tsalab.template.document import Block, Document, get, pairs, place
from tsalab.template.meaning import REFERENCE, Difference, Value, differences, meaning

# Sections, resources, their attributes: a block of the lab that stands deeper was not meant for a resource.
_DEPTH = 3


@dataclass(frozen=True)
class Finding:
    """What a check of one block saw.

    Attributes
    ----------
    present
        Whether the block is there, as the lab needs it.
    saw, expected
        One line each.
    line, column
        Where, counted from 1; None when there is no such place.
    next
        What to do about it; empty when nothing but the block itself is missing.
    """

    present: bool
    saw: str
    expected: str
    line: int | None = None
    column: int | None = None
    next: str = ""


def find(document: Document, name: str, variant: str) -> Finding:
    """Look for a fragment.

    Raises
    ------
    TemplateError
        When the fragment or variant is unknown.
    """
    blocks = fragments.blocks(name, variant)
    try:
        root = document.root
    except yaml.YAMLError as error:
        return _unreadable(error, _wanted(name, blocks))
    policy = fragments.fragment(name).policy
    findings = [
        _find_policy(root, block.value) if policy else _find_resource(root, block) for block in blocks
    ]
    wrong = next((finding for finding in findings if not finding.present), None)
    if wrong is not None:
        return wrong
    wanted = _wanted(name, blocks)
    return Finding(True, wanted, wanted, findings[0].line, findings[0].column)


def _wanted(name: str, blocks: tuple[Block, ...]) -> str:
    if fragments.fragment(name).policy:
        return say("template.finding.policy", name=fragments.POLICY, role=fragments.ROLE)
    names = blocks[0].name
    for block in blocks[1:]:
        names = say("template.finding.and", names=names, name=block.name)
    return say("template.finding.resources", names=names, count=len(blocks))


def _unreadable(error: yaml.YAMLError, expected: str) -> Finding:
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return Finding(False, say("template.finding.no_yaml"), expected)
    saw = say("template.finding.no_yaml_from", line=mark.line + 1)
    return Finding(False, saw, expected, mark.line + 1, mark.column + 1)


def _find_resource(root: Node | None, wanted: Block) -> Finding:
    name, expected = wanted.name, say("template.finding.resources", names=wanted.name, count=1)
    here = [(key, value) for found, key, value in pairs(get(root, "Resources")) if found == name]
    if not here:
        return _elsewhere(root, wanted, expected)
    if len(here) > 1:
        lines = ", ".join(str(place(key)[0]) for key, _ in here)
        saw = say("template.finding.times", name=name, count=len(here))
        once = say("template.finding.once", name=name)
        return Finding(False, saw, once, *place(here[1][0]), say("finding.once", name=name, lines=lines))
    key, value = here[0]
    wrong = next(_differ(wanted, key, value), None)
    if wrong is not None:
        return Finding(False, wrong.saw, wrong.expected, *place(wrong.node), wrong.next)
    return Finding(True, expected, expected, *place(key))


def _elsewhere(root: Node | None, wanted: Block, expected: str) -> Finding:
    """A resource that is not under Resources: one level off, in another section, misspelt, or nowhere."""
    name = wanted.name
    for key, where in _keys(root, ""):
        if key.value == name:
            saw = (
                say("template.finding.under", name=name, section=where)
                if where
                else say("template.finding.top", name=name)
            )
            return Finding(False, saw, expected, *place(key), say("finding.move", name=name))
    kind = get(wanted.value, "Type")
    for other, key, value in pairs(get(root, "Resources")):
        type_ = get(value, "Type")
        if kind is not None and type_ is not None and type_.value == kind.value:
            saw = say("finding.misspelt", name=name, other=other)
            next_step = say("finding.rename", line=place(key)[0], other=other, name=name)
            return Finding(False, saw, expected, *place(key), next_step)
    return Finding(False, say("template.finding.absent", name=name), expected)


def _keys(node: Node | None, where: str, depth: int = 0) -> Iterator[tuple[Node, str]]:
    """Keys of the first levels, each with the name of what it stands under."""
    for name, key, value in pairs(node):
        yield key, where
        if depth < _DEPTH:
            yield from _keys(value, name, depth + 1)


def _differ(wanted: Block, key: Node, node: Node) -> Iterator[Difference]:
    name = wanted.name
    if not isinstance(node, MappingNode):
        saw, whole = say("template.finding.empty", name=name), say("template.finding.whole", name=name)
        yield Difference(name, saw, whole, key, say("finding.indent", name=name))
        return
    for attribute, _, value in pairs(wanted.value):
        if attribute == "DependsOn":
            yield from _dependencies(name, meaning(value), node)
        else:
            yield from differences(meaning(value), get(node, attribute), key, f"{name}.{attribute}")


def _dependencies(name: str, expected: Value, node: Node) -> Iterator[Difference]:
    """A reference to a resource is a dependency too, so it counts as one."""
    listed = get(node, "DependsOn")
    found = _names(meaning(listed)) if listed is not None else set()
    found |= set(REFERENCE.findall(str(_flat(meaning(node)))))
    missing = sorted(_names(expected) - found)
    if missing:
        path = f"{name}.DependsOn"
        names, where = ", ".join(missing), listed or node
        lacks = say("template.finding.lacks", path=path, names=names)
        has = say("template.finding.has", path=path, value=names)
        next_step = say("finding.add_item", item=names, path=path, line=place(where)[0])
        yield Difference(path, lacks, has, where, next_step)


def _names(value: Value) -> set[str]:
    return {item for item in (value if isinstance(value, list) else [value]) if isinstance(item, str)}


def _flat(value: Value) -> str:
    if isinstance(value, dict):
        return " ".join(_flat(item) for item in value.values())
    if isinstance(value, list):
        return " ".join(_flat(item) for item in value)
    return value or ""


def _find_policy(root: Node | None, wanted: Node) -> Finding:
    role, name = fragments.ROLE, fragments.POLICY
    expected = say("template.finding.policy", name=name, role=role)
    holders = [
        (holder, item)
        for holder, _, resource in pairs(get(root, "Resources"))
        for item in _items(get(resource, "Properties", "Policies"))
        if _named(item, name)
    ]
    here = [item for holder, item in holders if holder == role]
    if not here and holders:
        holder, item = holders[0]
        saw = say("template.finding.policy", name=name, role=holder)
        next_step = say("finding.policy_moves", policy=name, role=role)
        return Finding(False, saw, expected, *place(item), next_step)
    if not here:
        return _stray_policy(root, expected)
    if len(here) > 1:
        saw = say("template.finding.policy_times", name=name, role=role, count=len(here))
        once = say("template.finding.policy_once", name=name, role=role)
        lines = ", ".join(str(place(item)[0]) for item in here)
        return Finding(False, saw, once, *place(here[1]), say("finding.once", name=name, lines=lines))
    wrong = next(differences(meaning(wanted), here[0], here[0], name), None)
    if wrong is not None:
        return Finding(False, wrong.saw, wrong.expected, *place(wrong.node), wrong.next)
    return Finding(True, expected, expected, *place(here[0]))


def _stray_policy(root: Node | None, expected: str) -> Finding:
    """The policy is in no list of policies: beside the list, without its dash, or nowhere."""
    role, name = fragments.ROLE, fragments.POLICY
    for holder, _, resource in pairs(get(root, "Resources")):
        found = next((item for item in _within(resource) if _named(item, name)), None)
        if found is not None:
            saw = say("finding.policy_beside", policy=name, role=holder)
            next_step = say("finding.policy_joins", policy=name, role=role)
            return Finding(False, saw, expected, *place(get(found, "PolicyName") or found), next_step)
    return Finding(False, say("template.finding.no_policy", name=name, role=role), expected)


def _within(node: Node | None) -> Iterator[Node]:
    """A resource's values, to the depth at which a policy can have slipped."""
    for level in (node, get(node, "Properties")):
        if level is not None:
            yield level
            for _, _, value in pairs(level):
                yield value
                yield from _items(value)


def _items(node: Node | None) -> list[Node]:
    return node.value if isinstance(node, SequenceNode) else []


def _named(item: Node, name: str) -> bool:
    found = get(item, "PolicyName")
    return found is not None and meaning(found) == name
