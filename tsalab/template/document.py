"""A template's text together with the places of what it holds.

PyYAML gives the nodes and where they begin; where a block *ends* is read from the lines,
because YAML counts the blank lines and comments that follow a block as its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

BOM = "\ufeff"
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# What YAML 1.1 takes for the end of a line. Marks count these, so lines have to be cut at the same places.
_LINE = re.compile("[^\r\n\x85\u2028\u2029]*(?:\r\n|[\r\n\x85\u2028\u2029])|[^\r\n\x85\u2028\u2029]+$")


@dataclass(frozen=True)
class Block:
    """One entry of a mapping, or one item of a list, and the lines it covers.

    Attributes
    ----------
    name
        The key; empty for an item of a list.
    first, end
        Index of its first line, and of the line after its last (0-based; trailing blank
        lines and comments that stand further left are not its own).
    indent
        Columns before the key or the dash.
    value
        Node of the value.
    key
        Node of the key; of the value for an item of a list.
    """

    name: str
    first: int
    end: int
    indent: int
    value: Node
    key: Node


class Document:
    """A text, its lines and its YAML nodes.

    Parameters
    ----------
    text
        The template. `root` raises `yaml.YAMLError` when it is not YAML.
    """

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def lines(self) -> list[str]:
        """The text cut at every line end, each line with its end."""
        return _LINE.findall(self.text)

    @cached_property
    def newline(self) -> str:
        """How this file ends its lines: the first end found, else a line feed."""
        first = self.lines[0] if self.lines else ""
        ending = first[len(first.rstrip("\r\n")) :]
        return ending or "\n"

    @cached_property
    def root(self) -> Node | None:
        """Root node; None for an empty file.

        Raises
        ------
        yaml.YAMLError
            When the text is not one YAML document.
        """
        loader = _LOADER(self.text.removeprefix(BOM))
        try:
            node: Node | None = loader.get_single_node()
        finally:
            loader.dispose()
        return node

    @cached_property
    def sections(self) -> dict[str, Block]:
        """The top-level blocks by name (of duplicates, the first)."""
        if not isinstance(self.root, MappingNode) or self.root.flow_style:
            return {}
        return _by_name(self.entries(self.root, len(self.lines)))

    def section(self, name: str) -> dict[str, Block]:
        """Blocks of a top-level section such as ``Resources``, by name; empty when there is none."""
        block = self.sections.get(name)
        if block is None or not is_block(block.value, MappingNode):
            return {}
        return _by_name(self.entries(block.value, block.end))

    @property
    def resources(self) -> dict[str, Block]:
        """The resources by logical id, in file order."""
        return self.section("Resources")

    def child(self, block: Block, name: str) -> Block | None:
        """Entry of a block's mapping, where that is written as a block."""
        if not is_block(block.value, MappingNode):
            return None
        return _by_name(self.entries(block.value, block.end)).get(name)

    def entries(self, node: Node, end: int) -> Iterator[Block]:
        """Entries of a mapping, or items of a list, that is written as a block.

        Parameters
        ----------
        node
            The mapping or list.
        end
            Line after the last that may belong to it.
        """
        if isinstance(node, MappingNode):
            pairs = list(node.value)
            starts = [key.start_mark.line for key, _ in pairs]
        elif isinstance(node, SequenceNode):
            pairs = [(item, item) for item in node.value]
            starts = self._dashes(node)
        else:
            return
        for index, (key, value) in enumerate(pairs):
            bound = starts[index + 1] if index + 1 < len(starts) else end
            first = starts[index]
            indent = node.start_mark.column
            name = key.value if key is not value and isinstance(key, ScalarNode) else ""
            yield Block(name, first, self._last(first, bound, indent), indent, value, key)

    def _dashes(self, node: SequenceNode) -> list[int]:
        """Lines of the dashes of a list: the dash may stand on a line before its item."""
        column, starts, after = node.start_mark.column, [], node.start_mark.line
        for item in node.value:
            line = max(item.start_mark.line, after)
            while line > after and self.lines[line][column : column + 1] != "-":
                line -= 1
            starts.append(line)
            after = line + 1
        return starts

    def _last(self, first: int, bound: int, indent: int) -> int:
        """Line after the last that is a block's own."""
        end = bound
        while end > first + 1:
            line = self.lines[end - 1]
            content = line.strip()
            outside = len(line) - len(line.lstrip(" ")) <= indent
            if content and not (outside and (content.startswith("#") or content in {"...", "---"})):
                break
            end -= 1
        return end


def is_block(node: Node, kind: type[Node]) -> bool:
    """Whether a node is of this kind and written over lines, not in braces or brackets."""
    return isinstance(node, kind) and not getattr(node, "flow_style", False)


def place(node: Node) -> tuple[int, int]:
    """Line and column of a node, counted from 1."""
    return node.start_mark.line + 1, node.start_mark.column + 1


def pairs(node: Node | None) -> Iterator[tuple[str, ScalarNode, Node]]:
    """Entries of a mapping whose keys are scalars: name, key node, value node."""
    if isinstance(node, MappingNode):
        for key, value in node.value:
            if isinstance(key, ScalarNode):
                yield key.value, key, value


def get(node: Node | None, *path: str) -> Node | None:
    """Value at a path of keys; None where the path ends."""
    for name in path:
        node = next((value for key, _, value in pairs(node) if key == name), None)
    return node


def _by_name(blocks: Iterator[Block]) -> dict[str, Block]:
    found: dict[str, Block] = {}
    for block in blocks:
        found.setdefault(block.name, block)
    return found
