"""Security groups: who is let in where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tsalab.cloud.account import Account
from tsalab.messages import say


@dataclass(frozen=True)
class Rule:
    """One way in: TCP ports, from a range of addresses or from a security group.

    Parameters
    ----------
    first, last
        The ports, both included.
    source
        An address range such as ``0.0.0.0/0``, or a group's id.
    rule_id
        The rule's own id; empty for one that is still to be made.
    """

    first: int
    last: int
    source: str
    rule_id: str = field(default="", compare=False)

    def opens(self, port: int) -> bool:
        """Whether it is about a port."""
        return self.first <= port <= self.last


class SecurityGroups:
    """The security groups of an account."""

    def __init__(self, account: Account) -> None:
        self._account = account

    @property
    def _api(self) -> Any:
        return self._account.client("ec2")

    def rules(self, groups: Sequence[str]) -> list[Rule]:
        """Every TCP rule that lets something into one of the groups."""
        if not groups:
            return []
        wanted = [{"Name": "group-id", "Values": list(groups)}]
        with self._account.doing(say("cloud.doing.group_rules", groups=", ".join(groups))):
            pages = self._api.get_paginator("describe_security_group_rules").paginate(Filters=wanted)
            rows = [row for page in pages for row in page["SecurityGroupRules"]]
        return [_rule(row) for row in rows if not row["IsEgress"] and row["IpProtocol"] in ("tcp", "-1")]

    def let_in(self, group: str, rule: Rule) -> None:
        """Add a rule."""
        permission: dict[str, Any] = {"IpProtocol": "tcp", "FromPort": rule.first, "ToPort": rule.last}
        if rule.source.startswith("sg-"):
            permission["UserIdGroupPairs"] = [{"GroupId": rule.source}]
        else:
            permission["IpRanges"] = [{"CidrIp": rule.source}]
        with self._account.doing(say("cloud.doing.group_open", source=rule.source, group=group)):
            self._api.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])

    def shut_out(self, group: str, rules: Sequence[Rule]) -> None:
        """Remove rules."""
        with self._account.doing(say("cloud.doing.group_shut", group=group)):
            self._api.revoke_security_group_ingress(
                GroupId=group, SecurityGroupRuleIds=[rule.rule_id for rule in rules]
            )


def _rule(row: dict[str, Any]) -> Rule:
    source = (
        row.get("CidrIpv4") or row.get("CidrIpv6") or row.get("ReferencedGroupInfo", {}).get("GroupId", "")
    )
    every = row["IpProtocol"] == "-1"
    first, last = (0, 65535) if every else (row.get("FromPort", 0), row.get("ToPort", 65535))
    return Rule(first, last, source, row["SecurityGroupRuleId"])
