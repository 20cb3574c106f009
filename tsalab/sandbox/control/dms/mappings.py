"""Table mappings: which tables a task takes, and what their schema is called on the target.

After "Using table mapping to specify task settings" in the DMS user guide. Selection rules
are honoured whole, wildcards included; of transformations, renaming a schema is. Every other
rule is refused when the task is made: a rule that is quietly ignored would be a wrong copy.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tsalab.sandbox.control.dms.naming import invalid

_ACTIONS = ("include", "exclude", "explicit")
_NAMES = {"rule-type", "rule-id", "rule-name", "object-locator", "rule-action", "filters", "load-order"}
_TRANSFORMS = {"rule-type", "rule-id", "rule-name", "object-locator", "rule-action", "rule-target", "value"}


@dataclass(frozen=True)
class Selection:
    """One selection rule.

    Parameters
    ----------
    schema, table
        Patterns, with DMS's wildcards.
    action
        ``include``, ``exclude``, or ``explicit`` (no wildcards).
    order
        A higher number is loaded earlier.
    """

    schema: str
    table: str
    action: str
    order: int = 0

    def meets(self, schema: str, table: str) -> bool:
        """Whether the rule is about a table."""
        if self.action == "explicit":
            return (schema, table) == (self.schema, self.table)
        return _like(self.schema, schema) and _like(self.table, table)


@dataclass(frozen=True)
class Mappings:
    """The rules of a task.

    Parameters
    ----------
    selections
        Which tables.
    renames
        What a schema is called on the target, by a pattern of its name.
    """

    selections: tuple[Selection, ...]
    renames: tuple[tuple[str, str], ...] = ()

    def takes(self, schema: str, table: str) -> bool:
        """Whether a table is selected: some rule includes it and none excludes it."""
        met = [rule.action for rule in self.selections if rule.meets(schema, table)]
        return bool(met) and "exclude" not in met

    def takes_all(self, schema: str) -> bool:
        """Whether every table of a schema is selected, whatever it is called."""
        met = [rule for rule in self.selections if rule.action != "explicit" and _like(rule.schema, schema)]
        return any(rule.table == "%" for rule in met if rule.action == "include") and not any(
            rule.action == "exclude" for rule in met
        )

    def target_schema(self, schema: str) -> str:
        """What a schema is called on the target."""
        for pattern, name in self.renames:
            if _like(pattern, schema):
                return name
        return schema

    def chosen(self, there: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
        """The selected of a source's tables, those of a higher load order first."""
        found = [pair for pair in there if self.takes(*pair)]
        return sorted(found, key=lambda pair: (-self._order(*pair), pair))

    def _order(self, schema: str, table: str) -> int:
        return max((rule.order for rule in self.selections if rule.meets(schema, table)), default=0)


def _like(pattern: str, name: str) -> bool:
    """Whether a name fits a pattern: ``%`` any characters, ``_`` one, ``[ab]`` and ``[a-d]`` one of a set."""
    made = ""
    for part in re.findall(r"\[[^\]]+\]|.", pattern, re.DOTALL):
        if len(part) > 1:
            made += "[" + re.sub(r"[\\^\[]", r"\\\g<0>", part[1:-1]) + "]"
        else:
            made += {"%": ".*", "_": "."}.get(part, re.escape(part))
    return re.fullmatch(made, name, re.DOTALL) is not None


def read(text: str) -> Mappings:
    """Read a task's ``TableMappings``.

    Raises
    ------
    ApiError
        When it is no such JSON, or holds a rule that the sandbox does not do.
    """
    try:
        document = json.loads(text)
        rules = document["rules"]
    except (ValueError, KeyError, TypeError):
        raise invalid(
            "Invalid Table Mappings document. Invalid json: expected an object with rules."
        ) from None
    if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
        raise invalid("Invalid Table Mappings document. rules is not a list of objects.")
    ids = [str(rule.get("rule-id", "")) for rule in rules]
    if len(set(ids)) != len(ids) or "" in ids:
        raise invalid("Invalid Table Mappings document. Each rule needs a rule-id of its own.")
    selections, renames = [], []
    for rule in rules:
        kind = rule.get("rule-type")
        if kind == "selection":
            selections.append(_selection(rule))
        elif kind == "transformation":
            renames.append(_rename(rule))
        else:
            raise invalid(f"The sandbox does not do rules of type {kind} (rule-id {rule['rule-id']}).")
    if not any(rule.action != "exclude" for rule in selections):
        raise invalid(
            "Invalid Table Mappings document. At least one selection rule with action include is required."
        )
    return Mappings(tuple(selections), tuple(renames))


def _selection(rule: Mapping[str, Any]) -> Selection:
    place = _locator(rule)
    if rule.get("rule-action") not in _ACTIONS:
        raise invalid(f"Invalid rule-action of rule-id {rule['rule-id']}: one of {', '.join(_ACTIONS)}.")
    _refuse_beyond(rule, _NAMES)
    if rule.get("filters"):
        raise invalid(f"The sandbox does not do source filters (rule-id {rule['rule-id']}).")
    if place.get("table-type", "table") != "table":
        raise invalid(f"The sandbox moves tables, no views (rule-id {rule['rule-id']}).")
    order = rule.get("load-order", 0)
    return Selection(place["schema-name"], place["table-name"], rule["rule-action"], int(order))


def _rename(rule: Mapping[str, Any]) -> tuple[str, str]:
    action, target = rule.get("rule-action"), rule.get("rule-target")
    if (action, target) != ("rename", "schema"):
        raise invalid(
            f"The sandbox does not do the transformation {action} of a {target} (rule-id {rule['rule-id']}); "
            "it renames schemas only."
        )
    _refuse_beyond(rule, _TRANSFORMS)
    place = _locator(rule, table=False)
    if not rule.get("value"):
        raise invalid(f"rule-id {rule['rule-id']} has no value to rename the schema to.")
    return place["schema-name"], str(rule["value"])


def _locator(rule: Mapping[str, Any], *, table: bool = True) -> dict[str, str]:
    place = rule.get("object-locator")
    wanted = ("schema-name", "table-name") if table else ("schema-name",)
    if not isinstance(place, dict) or not all(isinstance(place.get(name), str) for name in wanted):
        raise invalid(
            f"Invalid Table Mappings document. rule-id {rule['rule-id']} needs {', '.join(wanted)}."
        )
    return place


def _refuse_beyond(rule: Mapping[str, Any], known: set[str]) -> None:
    if beyond := sorted(name for name in set(rule) - known if rule[name] is not None):
        raise invalid(f"The sandbox does not do {', '.join(beyond)} of a rule (rule-id {rule['rule-id']}).")
