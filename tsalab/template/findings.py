"""Is a block of the lab in the template? By meaning, so that work done by hand counts too.

The logical id, the type, the properties and the place must be right; comments, spacing,
quoting, the order of properties and any more of them do not matter.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import yaml
from yaml.nodes import MappingNode, Node, SequenceNode

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
    """

    present: bool
    saw: str
    expected: str
    line: int | None = None
    column: int | None = None


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
        return f"the policy {fragments.POLICY} is in {fragments.ROLE}"
    names = " and ".join(block.name for block in blocks)
    return f"{names} {'are' if len(blocks) > 1 else 'is'} under Resources"


def _unreadable(error: yaml.YAMLError, expected: str) -> Finding:
    mark = getattr(error, "problem_mark", None)
    saw = "the file cannot be read as YAML"
    if mark is None:
        return Finding(False, saw, expected)
    return Finding(False, f"{saw}, from line {mark.line + 1} on", expected, mark.line + 1, mark.column + 1)


def _find_resource(root: Node | None, wanted: Block) -> Finding:
    name, expected = wanted.name, f"{wanted.name} is under Resources"
    here = [(key, value) for found, key, value in pairs(get(root, "Resources")) if found == name]
    if not here:
        return _elsewhere(root, name, expected)
    if len(here) > 1:
        return Finding(
            False, f"{name} is there {len(here)} times", f"{name} is there once", *place(here[1][0])
        )
    key, value = here[0]
    wrong = next(_differ(wanted, key, value), None)
    if wrong is not None:
        return Finding(False, wrong.saw, wrong.expected, *place(wrong.node))
    return Finding(True, expected, expected, *place(key))


def _elsewhere(root: Node | None, name: str, expected: str) -> Finding:
    """A resource that is not under Resources: one level off, in another section, or nowhere."""
    for key, where in _keys(root, ""):
        if key.value == name:
            return Finding(False, f"{name} stands {where or 'at the top level'}", expected, *place(key))
    return Finding(False, f"there is no {name}", expected)


def _keys(node: Node | None, where: str, depth: int = 0) -> Iterator[tuple[Node, str]]:
    """Keys of the first levels, each with the words for where it stands."""
    for name, key, value in pairs(node):
        yield key, where
        if depth < _DEPTH:
            yield from _keys(value, f"under {name}", depth + 1)


def _differ(wanted: Block, key: Node, node: Node) -> Iterator[Difference]:
    name = wanted.name
    if not isinstance(node, MappingNode):
        yield Difference(name, f"{name} is empty", f"{name} has a Type and Properties", key)
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
        yield Difference(
            path, f"{path} lacks {', '.join(missing)}", f"{path} has {', '.join(missing)}", listed or node
        )


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
    expected = f"the policy {name} is in {role}"
    holders = [
        (holder, item)
        for holder, _, resource in pairs(get(root, "Resources"))
        for item in _items(get(resource, "Properties", "Policies"))
        if _named(item, name)
    ]
    here = [item for holder, item in holders if holder == role]
    if not here and holders:
        holder, item = holders[0]
        return Finding(False, f"the policy {name} is in {holder}", expected, *place(item))
    if not here:
        return Finding(False, f"there is no policy {name} in {role}", expected)
    if len(here) > 1:
        saw = f"the policy {name} is in {role} {len(here)} times"
        return Finding(False, saw, expected + " once", *place(here[1]))
    wrong = next(differences(meaning(wanted), here[0], here[0], name), None)
    if wrong is not None:
        return Finding(False, wrong.saw, wrong.expected, *place(wrong.node))
    return Finding(True, expected, expected, *place(here[0]))


def _items(node: Node | None) -> list[Node]:
    return node.value if isinstance(node, SequenceNode) else []


def _named(item: Node, name: str) -> bool:
    found = get(item, "PolicyName")
    return found is not None and meaning(found) == name
