"""What helps with a step: why it is done, three hints, how to do it by hand.

The texts are in ``lab4-guide.yml`` and ``cleanup-guide.yml``. Names in braces are the
learner's own; `FIELDS` lists them, and `tsalab.guidance.names` fills them in.
"""

from __future__ import annotations

import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml

from tsalab.course.course import CLEANUP, LAB, Course, StepId
from tsalab.resources import quoted

LEVELS = ("nudge", "pointer", "exact")
"""A hint's levels: where to look, what has to change, the exact thing."""

# What a guide's texts may name. A name that nobody fills in is a mistake of ours.
FIELDS = frozenset(
    {
        "bootstrap",
        "bucket",
        "buckets",
        "clone",
        "clone_url",
        "cluster",
        "database",
        "endpoint",
        "host",
        "key",
        "key_pair",
        "pipeline",
        "repositories",
        "repository",
        "secret",
        "stack",
        "url",
        "workdir",
    }
)
Action = Literal["paste", "delete", "blank", "save", "open"]


@dataclass(frozen=True)
class Edit:
    """What a person does in an editor.

    Parameters
    ----------
    file
        In the working folder, or in the clone of the app.
    action
        ``paste`` or ``delete`` a block, add a ``blank`` line, ``save`` or ``open`` the file.
    block
        The block's file in ``templates/fragments``.
    place
        ``above`` or ``below`` a line.
    line
        How that line begins, without its indentation.
    within
        How an earlier line begins, after which it is looked for.
    """

    file: str
    action: Action
    block: str = ""
    place: str = ""
    line: str = ""
    within: str = ""

    @property
    def how(self) -> str:
        """What is done where, in a word, as in ``paste_above``."""
        return f"{self.action}_{self.place}" if self.place else self.action

    def text(self, variant: str) -> str:
        """The block as a variant of the lab quotes it; empty when the edit has none."""
        return quoted(self.block, variant).rstrip("\n") if self.block else ""


@dataclass(frozen=True)
class Guide:
    """What helps with one step.

    Parameters
    ----------
    why
        Why the step is done.
    hints
        One for each of `LEVELS`.
    console
        How to do it with AWS's console; empty where it cannot be done there.
    edit
        What to do in an editor, if anything.
    terminal
        Commands for a terminal in the working folder, in order.
    server
        Commands for the web server, as ``ec2-user``.
    root
        Commands for the web server, as root.
    """

    why: str
    hints: tuple[str, ...]
    console: str = ""
    edit: Edit | None = None
    terminal: tuple[str, ...] = ()
    server: tuple[str, ...] = ()
    root: tuple[str, ...] = ()

    @property
    def texts(self) -> tuple[str, ...]:
        """Every text of it in which names are filled in."""
        return (self.why, *self.hints, self.console, *self.terminal, *self.server, *self.root)


def guide(step_id: StepId) -> Guide:
    """The guide of a step.

    Raises
    ------
    KeyError
        When there is no such step.
    """
    return _guides("cleanup-guide" if isinstance(step_id, str) else "lab4-guide")[step_id]


@cache
def _guides(name: str) -> Mapping[StepId, Guide]:
    text = (Path(__file__).parent / f"{name}.yml").read_text(encoding="utf-8")
    course = CLEANUP if name.startswith("cleanup") else LAB
    return read(yaml.load(text, Loader=yaml.CSafeLoader), course)


def read(rows: Iterable[Mapping[str, Any]], course: Course) -> dict[StepId, Guide]:
    """Make the guides of a course from the rows of its file.

    Raises
    ------
    ValueError
        When a step has no guide or two, lacks one of its texts, or names an unknown field: a
        mistake of ours, which a test finds before a person does.
    """
    found: dict[StepId, Guide] = {}
    for row in rows:
        if row["id"] in found:
            raise ValueError(f"step {row['id']} has two guides")
        found[row["id"]] = _guide(row)
    if list(found) != [step.id for step in course.steps]:
        raise ValueError(f"the guides are of the steps {list(found)}, not of those of {course.title}")
    return found


def _guide(row: Mapping[str, Any]) -> Guide:
    name = f"the guide of step {row['id']}"
    ways = row.get("by_hand") or {}
    if unknown := set(ways) - {"console", "editor", "terminal", "server", "root"}:
        raise ValueError(f"{name} does something in {', '.join(sorted(unknown))}")
    made = Guide(
        why=str(row.get("why") or "").strip(),
        hints=tuple(str((row.get("hints") or {}).get(level) or "").strip() for level in LEVELS),
        console=str(ways.get("console") or "").strip(),
        edit=_edit(ways["editor"], name) if "editor" in ways else None,
        terminal=tuple(ways.get("terminal", ())),
        server=tuple(ways.get("server", ())),
        root=tuple(ways.get("root", ())),
    )
    if not (made.why and all(made.hints) and ways):
        raise ValueError(f"{name} lacks why, a hint, or by_hand")
    if unknown := {field for text in made.texts for field in _fields(text)} - FIELDS:
        raise ValueError(f"{name} names {', '.join(sorted(unknown))}, which nobody fills in")
    return made


def _edit(row: Mapping[str, Any], name: str) -> Edit:
    actions: list[Action] = ["paste", "delete", "blank", "save", "open"]
    given = [action for action in actions if row.get(action)]
    place = next((place for place in ("above", "below") if row.get(place)), "")
    if len(given) != 1 or (given[0] in {"paste", "blank"}) != bool(place):
        raise ValueError(f"{name} does not say what to do where in {row['file']}")
    block = str(row[given[0]]) if given[0] in {"paste", "delete"} else ""
    line = str(row.get(place, ""))
    return Edit(str(row["file"]), given[0], block, place, line, str(row.get("within", "")))


def _fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
