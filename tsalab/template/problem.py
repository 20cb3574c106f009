"""`Problem`: one thing in a template that CloudFormation would refuse, and where."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from yaml.nodes import Node

from tsalab.messages import say
from tsalab.template.document import place


@dataclass(frozen=True, order=True)
class Problem:
    """What is wrong, why, and what to do next.

    Attributes
    ----------
    line, column
        Where, counted from 1.
    what, why, next
        One sentence each.
    """

    line: int
    column: int
    what: str
    why: str
    next: str

    def __str__(self) -> str:
        return say("template.problem.shown", line=self.line, what=self.what, why=self.why, next=self.next)


def at(node: Node, what: str, why: str, next_step: str) -> Problem:
    """Problem at the beginning of a node."""
    return Problem(*place(node), what, why, next_step)


def suggestion(name: str, known: Iterable[str], otherwise: str) -> str:
    """What to do about a name that is not known: write the nearest one that is."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return say("template.problem.nearest", name=near[0]) if near else otherwise
