"""The notebooks' parameters: one table, and the refusal of what is not in it.

papermill only warns of an unknown parameter and then ignores it, so a misspelt
``-p proflie class3`` would run the lab on the wrong account. It puts what it was given
into a cell that begins with ``# Parameters``; the names assigned there are held against
the table.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from tsalab import messages
from tsalab.errors import SettingError
from tsalab.messages import say

_MARK = "# Parameters"


@dataclass(frozen=True)
class Parameter:
    """One row of the table."""

    name: str
    default: str
    help: str
    allows: Callable[[str], bool]

    @property
    def expected(self) -> str:
        """What it takes, in words."""
        return say(f"settings.expected.{self.name}")


def _matches(pattern: str) -> Callable[[str], bool]:
    return lambda value: re.fullmatch(pattern, value) is not None


PARAMETERS = (
    Parameter(
        "profile",
        "sandbox",
        "AWS profile; `sandbox` is the embedded one",
        _matches(r"[\w.@+=:,/-]{1,128}"),
    ),
    Parameter(
        "learner",
        "learner",
        "who does the lab; stands in every record",
        lambda value: 0 < len(value) <= 100 and value.isprintable(),
    ),
    Parameter(
        "workdir",
        "",
        "folder for infra.yml and the app's code; empty: work/<profile>",
        lambda value: value.isprintable() or not value,
    ),
    Parameter(
        "method",
        "dump",
        "how the data moves: `dump`, as the lab was written, or `copy`",
        _matches("dump|copy"),
    ),
    Parameter(
        "region",
        "",
        "AWS region; empty: the profile's",
        _matches(r"|[a-z]{2}(-[a-z]+)+-\d"),
    ),
    Parameter(
        "variant",
        "",
        "of the lab: `as-written`, or `current`, which AWS accepts today; empty: as the profile says",
        _matches("|as-written|current"),
    ),
    Parameter(
        "bootstrap",
        "",
        "name of lab 1's stack, which holds the pipeline; empty: `TSA-Bootstrap`, or as the folder was begun",
        _matches("|[A-Za-z][A-Za-z0-9-]{0,127}"),
    ),
    Parameter(
        "confirm",
        "ask",
        "before the clean-up deletes anything: `ask`, or `yes`, do it",
        _matches("ask|yes"),
    ),
    Parameter(
        "mode",
        "guided",
        "who does the steps: `guided`, the cells; `challenge`, you, and the cells only check",
        _matches("guided|challenge"),
    ),
)

NAMES = tuple(parameter.name for parameter in PARAMETERS)


def check(values: dict[str, Any]) -> None:
    """Refuse what is not in the table or cannot be a value of it, and a language without a file.

    Raises
    ------
    SettingError
        Naming the parameter.
    """
    messages.refuse_unknown_language()
    refuse_unknown(values)
    for parameter in PARAMETERS:
        if parameter.name in values:
            value = values[parameter.name]
            if not isinstance(value, str) or not parameter.allows(value):
                raise SettingError.malformed(parameter.name, value, parameter.expected)


def refuse_unknown(names: Iterable[str]) -> None:
    """Refuse names that are not in the table.

    Raises
    ------
    SettingError
        Naming them all.
    """
    unknown = set(names) - set(NAMES)
    if unknown:
        raise SettingError.unknown(unknown, NAMES)


def injected(cells: Iterable[str]) -> set[str]:
    """Names that papermill assigned, read from the source of the cells run so far."""
    names: set[str] = set()
    for source in cells:
        if source.lstrip().startswith(_MARK):
            for node in ast.parse(source).body:
                targets = node.targets if isinstance(node, ast.Assign) else []
                names |= {target.id for target in targets if isinstance(target, ast.Name)}
    return names


def cells_so_far() -> list[str]:
    """Source of the cells run in this kernel; empty outside one."""
    import sys  # IPython is only asked when it is there already

    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return list(shell.user_ns.get("In", [])) if shell else []
