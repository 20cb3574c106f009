"""Faults of the network: a security group that no longer lets somebody in."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from tsalab.cloud.groups import Rule, SecurityGroups
from tsalab.errors import FaultError
from tsalab.faults.fault import Facts, Fault, Tell
from tsalab.messages import say
from tsalab.steps import World

_PRIVATE, _PUBLIC = "PrivateSecurityGroup", "PublicSecurityGroup"
_SSH, _MYSQL = 22, 3306


def _close(world: World, _tell: Tell, *, name: str, group: str, port: int) -> Facts:
    groups, identifier = SecurityGroups(world.place.account), world.resources[group]
    rules = [rule for rule in groups.rules([identifier]) if rule.opens(port)]
    if not rules:
        raise FaultError.not_now(name, say("faults.why.no_rule", group=group, port=port))
    groups.shut_out(identifier, rules)
    world.place.disconnect()  # sessions that are open would stay open, and hide it
    return {"rules": [{"first": r.first, "last": r.last, "source": r.source} for r in rules]}


def _open(world: World, _tell: Tell, facts: Mapping[str, Any], *, group: str, port: int, source: str) -> None:
    groups, identifier = SecurityGroups(world.place.account), world.resources[group]
    if any(rule.opens(port) for rule in groups.rules([identifier])):
        return
    # As the template has it, when nobody noted what was there.
    usual = world.resources.get(source) or world.stack_state.parameters[source]
    wanted = [Rule(**rule) for rule in facts.get("rules", ())] or [Rule(port, port, usual)]
    for rule in wanted:
        groups.let_in(identifier, rule)


FAULTS = (
    Fault(
        "security-group-closed",
        12,
        partial(_close, name="security-group-closed", group=_PRIVATE, port=_MYSQL),
        partial(_open, group=_PRIVATE, port=_MYSQL, source=_PUBLIC),
    ),
    Fault(
        "ssh-closed",
        12,
        partial(_close, name="ssh-closed", group=_PUBLIC, port=_SSH),
        partial(_open, group=_PUBLIC, port=_SSH, source="SSHLocation"),
    ),
)
