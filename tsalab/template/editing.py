"""Put a block of the lab into a template, and take it out, leaving every other byte alone.

A learner's file may be indented otherwise than the lab's text; then the block is, too.
"""

from __future__ import annotations

from collections.abc import Sequence

import yaml
from yaml.nodes import MappingNode, SequenceNode

from tsalab.errors import TemplateError
from tsalab.template import fragments
from tsalab.template.document import Block, Document, get, is_block
from tsalab.template.findings import find

_STEP = 2  # how far one level of the lab's text is indented


def insert(document: Document, name: str, variant: str) -> str:
    """Text with the fragment in it; unchanged when it is there already.

    Raises
    ------
    TemplateError
        When the fragment is there but differs, or the text has no place for it.
    """
    _parse(document)
    if find(document, name, variant).present:
        return document.text
    if fragments.fragment(name).policy:
        text = _insert_policy(document, name, variant)
    else:
        text = document.text
        for block in fragments.blocks(name, variant):
            text = _insert_resource(Document(text), name, variant, block)
    finding = find(Document(text), name, variant)
    if not finding.present:
        raise TemplateError.differs(name, finding.saw, finding.expected, finding.line)
    return text


def remove(document: Document, name: str, variant: str) -> str:
    """Text without the fragment, with the blank line before it gone too; unchanged when it is not there.

    Raises
    ------
    TemplateError
        When the text cannot be read.
    """
    _parse(document)
    if fragments.fragment(name).policy:
        return _remove_policy(document)
    text = document.text
    for wanted in reversed(fragments.blocks(name, variant)):
        current = Document(text)
        block = current.resources.get(wanted.name)
        if block is not None:
            text = _cut(current, block, with_blank=True)
    return text


def _parse(document: Document) -> None:
    try:
        root = document.root
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise TemplateError.not_yaml(None if mark is None else mark.line + 1) from error
    if not isinstance(root, MappingNode) or not is_block(get(root, "Resources") or root, MappingNode):
        raise TemplateError.no_place("Resources")


def _insert_resource(document: Document, name: str, variant: str, block: Block) -> str:
    resources = document.resources
    if block.name in resources:
        return document.text
    if not resources:
        raise TemplateError.no_place("Resources")
    before = fragments.ORDER[: fragments.ORDER.index(block.name)]
    anchor = next((resources[each] for each in reversed(before) if each in resources), None)
    anchor = anchor or list(resources.values())[-1]
    lines = _indented(fragments.lines(name, variant, block), anchor.indent, _width(document, anchor))
    return _splice(document, anchor.end, [_gap(name, variant, block), *lines])


def _gap(name: str, variant: str, block: Block) -> str:
    """The line between a block and the one above it: the lab's own between the two of one fragment."""
    above = fragments.document(name, variant).lines[block.first - 1]
    return above if not above.strip() else "\n"


def _width(document: Document, block: Block) -> int:
    """How far a file's levels are indented: a resource's attributes, seen from its name."""
    for entry in document.entries(block.value, block.end):
        return entry.indent - block.indent
    return _STEP


def _insert_policy(document: Document, name: str, variant: str) -> str:
    role = document.resources.get(fragments.ROLE)
    properties = document.child(role, "Properties") if role else None
    if role is None or properties is None:
        raise TemplateError.no_place(fragments.ROLE)
    width = _width(document, role)
    (block,) = fragments.blocks(name, variant)
    lines = fragments.lines(name, variant, block)
    policies = document.child(properties, "Policies")
    if policies is None:
        return _begin_policies(document, properties, width, lines)
    if is_block(policies.value, SequenceNode):
        items = list(document.entries(policies.value, policies.end))
        return _splice(document, items[-1].end, _indented(lines, items[0].indent, width))
    if not policies.value.value:  # the key with nothing below it, or an empty text
        lines = _indented(lines, policies.indent + width, width)
        return _splice(document, policies.first + 1, lines)
    raise TemplateError.no_place(f"{fragments.ROLE}.Properties.Policies")


def _begin_policies(document: Document, properties: Block, width: int, lines: Sequence[str]) -> str:
    """A role without policies: the list begins above RoleName, else at the end of the properties."""
    entries = {entry.name: entry for entry in document.entries(properties.value, properties.end)}
    if not entries:
        raise TemplateError.no_place(f"{fragments.ROLE}.Properties")
    name = entries.get("RoleName")
    indent = next(iter(entries.values())).indent
    head = " " * indent + "Policies:\n"
    at = name.first if name else properties.end
    return _splice(document, at, [head, *_indented(lines, indent + width, width)])


def _remove_policy(document: Document) -> str:
    role = document.resources.get(fragments.ROLE)
    properties = document.child(role, "Properties") if role else None
    policies = document.child(properties, "Policies") if properties else None
    if policies is None or not is_block(policies.value, SequenceNode):
        return document.text
    items = list(document.entries(policies.value, policies.end))
    for item in items:
        name = get(item.value, "PolicyName")
        if name is not None and name.value == fragments.POLICY:
            return _cut(document, policies if len(items) == 1 else item, with_blank=False)
    return document.text


def _indented(lines: Sequence[str], to: int, width: int) -> list[str]:
    """Lines moved from the lab's indentation to a file's own, `width` columns a level.

    What follows a dash on its line stays two columns from it, and so do the lines aligned with it.
    """
    moved: list[str] = []
    columns: dict[int, int] = {}  # of the levels that are open: the lab's column, and the new one
    for line in lines:
        content = line.lstrip(" ")
        if not content.strip():
            moved.append(line)
            continue
        old = len(line) - len(content)
        columns = {column: new for column, new in columns.items() if column <= old}
        if old not in columns:
            columns[old] = columns[max(columns)] + width if columns else to
        if content.startswith("- ") and content[2:].strip():
            columns[old + 2] = columns[old] + 2
        moved.append(" " * columns[old] + content)
    return moved


def _splice(document: Document, at: int, lines: Sequence[str]) -> str:
    """Text with lines put before line `at`, ended as the file ends its lines."""
    added = "".join(line.rstrip("\r\n") + document.newline for line in lines)
    head, tail = "".join(document.lines[:at]), "".join(document.lines[at:])
    if head and not head.endswith(("\r", "\n")):  # the file has no last newline: it gets none
        return head + document.newline + added.removesuffix(document.newline) + tail
    return head + added + tail


def _cut(document: Document, block: Block, *, with_blank: bool) -> str:
    """Text without a block; a file that ended without a newline still does."""
    lines, first = document.lines, block.first
    if with_blank and first > 0 and not lines[first - 1].strip():
        first -= 1
    head, tail = "".join(lines[:first]), "".join(lines[block.end :])
    unfinished = not lines[block.end - 1].endswith(("\r", "\n"))
    return head.removesuffix(document.newline) if unfinished and not tail else head + tail
