"""Values with their spelling taken out, so that two ways to write one thing are equal.

A scalar becomes its text (``16`` and ``"16"``, ``true`` and ``"true"`` are the same to
CloudFormation). ``!Ref``, ``!GetAtt``, ``!Sub`` and a ``!Join`` with plain parts become
one text with marked references, shown as ``!Sub`` writes them: ``!Join ['', [!Ref
'AWS::StackName', 'Data']]`` is ``${AWS::StackName}Data``. Every other function keeps its long name as a key.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TypeAlias

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from tsalab.messages import say
from tsalab.template.document import get, pairs

Value: TypeAlias = "str | list[Value] | dict[str, Value] | None"

_BOOLEANS = {"yes": "true", "on": "true", "true": "true", "no": "false", "off": "false", "false": "false"}
# Around a reference, where no text of a template has them; `show` writes them as ${…}.
_OPEN, _CLOSE = "\ue000", "\ue001"
REFERENCE = re.compile(f"{_OPEN}([^{_CLOSE}.]+)")  # the resource or parameter that a reference names
_SUBSTITUTE = re.compile(r"\$\{([^!{}]+)\}")
_THE_SECRET = ("RDSMasterSecret", "${DatabaseSecret}")
# Texts for people. They must be there, but any words will do.
_FREE_TEXT = frozenset({"Description", "DBSubnetGroupDescription"})


@dataclass(frozen=True)
class Difference:
    """One place where a value is not what it should be; `node` is the nearest node there is.

    `next` is what to do about it.
    """

    path: str
    saw: str
    expected: str
    node: Node
    next: str


def meaning(node: Node) -> Value:
    """Value of a node with the spelling taken out."""
    if isinstance(node, ScalarNode):
        plain = _scalar(node)
        return _function(node.tag[1:], plain) if node.tag.startswith("!") else plain
    if isinstance(node, SequenceNode):
        items: Value = [meaning(item) for item in node.value]
        return _function(node.tag[1:], items) if node.tag.startswith("!") else items
    entries = {key: meaning(value) for key, _, value in pairs(node)}
    if node.tag.startswith("!"):
        return _function(node.tag[1:], entries)
    if len(entries) == 1:
        ((key, value),) = entries.items()
        if key == "Ref" or key.startswith("Fn::"):
            return _function(key.removeprefix("Fn::"), value)
    return entries


def _scalar(node: ScalarNode) -> str | None:
    text: str = node.value
    match node.tag:
        case "tag:yaml.org,2002:null":
            return None
        case "tag:yaml.org,2002:bool":
            return _BOOLEANS[text.lower()]
        case _:
            return text


def _function(name: str, argument: Value) -> Value:
    match name, argument:
        case (("Ref" | "GetAtt"), str(target)):
            return _OPEN + target + _CLOSE
        case "GetAtt", [str(resource), str(attribute)]:
            return f"{_OPEN}{resource}.{attribute}{_CLOSE}"
        case "Sub", str(text):
            return _SUBSTITUTE.sub(f"{_OPEN}\\1{_CLOSE}", text).replace("${!", "${")
        case "Join", [str(glue), [*parts]] if all(isinstance(part, str) for part in parts):
            return glue.join(str(part) for part in parts)
        case _:
            return {name if name == "Ref" else f"Fn::{name}": argument}


def differences(expected: Value, node: Node | None, parent: Node, path: str) -> Iterator[Difference]:
    """Where a node lacks what is expected; what it has besides is the learner's own affair.

    Parameters
    ----------
    expected
        The meaning wanted.
    node
        The value found; None when there is none.
    parent
        Where the value would stand.
    path
        Name of the value, for messages.
    """
    above, _, name = path.rpartition(".")
    if node is None:
        saw = say("template.finding.absent", name=path)
        yield Difference(path, saw, _is(path, expected), parent, _add(above, name, expected))
    elif name in _FREE_TEXT:
        if not meaning(node):
            saw, fill = (
                say("template.finding.empty", name=path),
                say("finding.fill", name=name, line=_line(node)),
            )
            yield Difference(path, saw, say("template.finding.text", path=path), node, fill)
    elif isinstance(expected, dict) and not any(key.startswith("Fn::") for key in expected):
        yield from _missing_entries(expected, node, path)
    elif isinstance(expected, list):
        yield from _missing_items(expected, node, path)
    elif not _matches(name, expected, meaning(node)):
        found = meaning(node)
        # A password that somebody wrote into the template is no thing to print.
        if name.lower().endswith("password") and "{{resolve:" not in show(found):
            found = say("finding.literal")
        yield Difference(path, _is(path, found), _is(path, expected), node, _write(expected, node))


def _line(node: Node) -> int:
    return node.start_mark.line + 1


def _add(above: str, name: str, expected: Value) -> str:
    if isinstance(expected, str):
        return say("finding.add_line", name=name, value=_spelled(expected), above=above)
    return say("finding.add", name=name, above=above)


def _item(value: Value) -> str:
    return _spelled(value) if isinstance(value, str) else show(value)


def _write(expected: Value, node: Node) -> str:
    if isinstance(expected, str):
        return say("finding.write", line=_line(node), value=_spelled(expected))
    return say("finding.copy", line=_line(node))


def _spelled(value: str) -> str:
    """A value as it is written in a template, in the shortest way there is."""
    alone = re.fullmatch(f"{_OPEN}([^{_CLOSE}.]+){_CLOSE}", value)
    if alone:
        return f"!Ref {alone[1]}"
    return f"!Sub '{show(value)}'" if REFERENCE.search(value) else show(value)


def _missing_entries(expected: dict[str, Value], node: Node, path: str) -> Iterator[Difference]:
    if not isinstance(node, MappingNode):
        saw, wanted = _is(path, meaning(node)), _has(path, ", ".join(expected))
        yield Difference(path, saw, wanted, node, say("finding.copy", line=_line(node)))
        return
    for key, value in expected.items():
        yield from differences(value, get(node, key), node, f"{path}.{key}")


def _missing_items(expected: list[Value], node: Node, path: str) -> Iterator[Difference]:
    """Every expected item has to be there, in any order; one value stands for a list of one."""
    items = node.value if isinstance(node, SequenceNode) and not node.tag.startswith("!") else [node]
    for wanted in expected:
        faults = [list(differences(wanted, item, node, path)) for item in items]
        if [] in faults:
            continue
        if len(faults) == 1:
            yield from faults[0]
        else:
            lacking = say("finding.add_item", item=_item(wanted), path=path, line=_line(node))
            saw = _is(path, meaning(node))
            yield Difference(path, saw, _has(path, show(wanted)), node, lacking)


def _is(path: str, value: Value) -> str:
    return say("template.finding.is", path=path, value=show(value))


def _has(path: str, value: str) -> str:
    return say("template.finding.has", path=path, value=value)


def _matches(name: str, expected: Value, found: Value) -> bool:
    if name == "Action" and isinstance(found, str) and isinstance(expected, str):
        return fnmatchcase(expected.lower(), found.lower())
    if name == "Resource" and expected == "*":
        # A policy that names the secret alone is better than the lab's, and does the same.
        return found == "*" or any(part in show(found) for part in _THE_SECRET)
    return found == expected


def show(value: Value) -> str:
    """A value as one short line."""
    match value:
        case None:
            text = say("template.finding.nothing")
        case str():
            text = value.replace(_OPEN, "${").replace(_CLOSE, "}")
        case list():
            text = "[" + ", ".join(show(item) for item in value) + "]"
        case _:
            text = "{" + ", ".join(f"{key}: {show(item)}" for key, item in value.items()) + "}"
    return text if len(text) <= 120 else text[:117] + "…"
