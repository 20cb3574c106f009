"""Names that a template refers to: Ref, GetAtt, Sub, DependsOn, conditions and mappings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from tsalab.messages import error, say
from tsalab.template.document import get, pairs
from tsalab.template.problem import Problem, at, suggestion

PSEUDO = frozenset(
    f"AWS::{name}"
    for name in (
        "AccountId",
        "NotificationARNs",
        "NoValue",
        "Partition",
        "Region",
        "StackId",
        "StackName",
        "URLSuffix",
    )
)
_SUBSTITUTE = re.compile(r"\$\{([^!{}][^{}]*)\}")


@dataclass(frozen=True)
class Reference:
    """A name used at a node, and the kind of thing it has to name."""

    kind: str  # "Ref", "GetAtt", "Condition", "Mapping"
    name: str
    node: Node


def reference_problems(root: Node) -> Iterator[Problem]:
    """Names that nothing in the template has, and circles of dependencies."""
    resources = {name: value for name, _, value in pairs(get(root, "Resources"))}
    known = {
        "GetAtt": set(resources),
        "Ref": set(resources) | _names(root, "Parameters") | PSEUDO,
        "Condition": _names(root, "Conditions"),
        "Mapping": _names(root, "Mappings"),
    }
    depends: dict[str, set[str]] = {}
    for section in ("Resources", "Outputs", "Conditions"):
        for owner, _, value in pairs(get(root, section)):
            for reference in _uses(section, value):
                if reference.name in known[reference.kind]:
                    depends.setdefault(owner if section == "Resources" else "", set()).add(reference.name)
                else:
                    yield _unknown(owner, reference, known[reference.kind])
    yield from _circles(resources, depends, root)


def _names(root: Node, section: str) -> set[str]:
    return {name for name, _, _ in pairs(get(root, section))}


def _unknown(owner: str, reference: Reference, known: set[str]) -> Problem:
    kind, name = reference.kind, reference.name
    said = error(
        "template.problem.unknown",
        owner=owner,
        name=name,
        kind=say(f"template.problem.kind.{kind}"),
        next=suggestion(name, known, say("template.problem.unknown.add")),
    )
    return at(reference.node, **said)


def _uses(section: str, value: Node) -> Iterator[Reference]:
    if section == "Resources":
        for item in _scalars(get(value, "DependsOn")):
            yield Reference("GetAtt", item.value, item)
    if section != "Conditions":
        condition = get(value, "Condition")
        if isinstance(condition, ScalarNode):
            yield Reference("Condition", condition.value, condition)
    yield from _walk(value, set())


def _walk(node: Node, seen: set[int]) -> Iterator[Reference]:
    if id(node) in seen:  # an alias, which is a problem of its own
        return
    seen.add(id(node))
    if node.tag.startswith("!"):
        yield from _function(node.tag[1:], node)
    if isinstance(node, MappingNode):
        for name, _, value in pairs(node):
            if name == "Ref" or (name.startswith("Fn::") and len(node.value) == 1):
                yield from _function(name.removeprefix("Fn::"), value)
            yield from _walk(value, seen)
    elif isinstance(node, SequenceNode):
        for item in node.value:
            yield from _walk(item, seen)


def _function(name: str, node: Node) -> Iterator[Reference]:
    first = _scalars(node)[:1]
    match name:
        case "Ref" if isinstance(node, ScalarNode):
            yield Reference("Ref", node.value, node)
        case "GetAtt" if first:
            yield Reference("GetAtt", first[0].value.split(".")[0], first[0])
        case "Sub":
            yield from _substitutes(node)
        case "If" | "Condition" if first:
            yield Reference("Condition", first[0].value, first[0])
        case "FindInMap" if first and isinstance(node, SequenceNode):
            yield Reference("Mapping", first[0].value, first[0])
        case _:
            return


def _substitutes(node: Node) -> Iterator[Reference]:
    items = node.value if isinstance(node, SequenceNode) else [node]
    if not items or not isinstance(items[0], ScalarNode):
        return
    own = {name for name, _, _ in pairs(items[1])} if len(items) > 1 else set()
    for name in _SUBSTITUTE.findall(items[0].value):
        name = name.strip()
        if name in own:
            continue
        kind = "GetAtt" if "." in name else "Ref"
        yield Reference(kind, name.split(".")[0], items[0])


def _scalars(node: Node | None) -> list[ScalarNode]:
    items = node.value if isinstance(node, SequenceNode) else [node]
    return [item for item in items if isinstance(item, ScalarNode)]


def _circles(resources: dict[str, Node], depends: dict[str, set[str]], root: Node) -> Iterator[Problem]:
    """The first circle of resources that wait for one another."""
    done: set[str] = set()
    for start in resources:
        circle = _circle(start, depends, [], done)
        if circle:
            key = next(key for name, key, _ in pairs(get(root, "Resources")) if name == circle[0])
            chain = circle[0]
            for name in [*circle[1:], circle[0]]:
                chain = say("template.problem.circle.needs", chain=chain, name=name)
            yield at(key, **error("template.problem.circle", chain=chain))
            return


def _circle(name: str, depends: dict[str, set[str]], path: list[str], done: set[str]) -> list[str]:
    if name in path:
        return path[path.index(name) :]
    if name in done:
        return []
    for other in sorted(depends.get(name, ())):
        circle = _circle(other, depends, [*path, name], done)
        if circle:
            return circle
    done.add(name)
    return []
