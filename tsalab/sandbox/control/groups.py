"""Security groups in force: who may connect to an instance or a cluster, by EC2's own state.

Read at every new connection, so that whatever changed a rule (the API, a stack's update)
holds at once. A cluster is asked about "the web servers": the loopback port behind its name
cannot tell one from another, and the lab has one. When none runs, whoever connects is this
computer itself, and no security group's business.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tsalab.sandbox.control.context import Context

TOUCHES = ("services.ec2._instances", "services.ec2._security_groups", "services.rds._clusters")
Rule = Mapping[str, Any]
_ALL = "-1"
_TCP = ("tcp", "6")


def install(context: Context) -> None:
    """Let the machines ask."""

    def server_rule(instance_id: str, port: int, address: str) -> bool:
        from ministack.services import ec2

        with context.scope():
            record = ec2._instances.get(instance_id)
            return record is None or admits(rules_of(_groups_of(record)), port, address)

    def cluster_rule(cluster_id: str) -> bool:
        from ministack.services import ec2, rds

        with context.scope():
            record = rds._clusters.get(cluster_id)
            running = [each for each in ec2._instances.values() if each["State"]["Name"] == "running"]
            if record is None or not running:
                return True
            rules = rules_of(group["VpcSecurityGroupId"] for group in record["VpcSecurityGroups"])
            return any(
                admits(rules, record["Port"], each["PrivateIpAddress"], _groups_of(each)) for each in running
            )

    context.estate.firewall.server_rule = server_rule
    context.estate.firewall.cluster_rule = cluster_rule


def admits(rules: Iterable[Rule], port: int, address: str, groups: Iterable[str] = ()) -> bool:
    """Whether a rule lets a TCP connection in.

    Parameters
    ----------
    rules
        Ingress rules, as EC2 describes them.
    port
        Where to.
    address, groups
        Where from: the address, and the security groups of the instance that has it.
    """
    source = ipaddress.ip_address(address)
    mine = set(groups)
    for rule in rules:
        protocol = str(rule.get("IpProtocol", _ALL))
        if protocol != _ALL and (
            protocol not in _TCP or not rule.get("FromPort", 0) <= port <= rule.get("ToPort", 65535)
        ):
            continue
        ranges = [each["CidrIp"] for each in rule.get("IpRanges", ())]
        ranges += [each["CidrIpv6"] for each in rule.get("Ipv6Ranges", ())]
        if any(source in ipaddress.ip_network(cidr, strict=False) for cidr in ranges):
            return True
        if mine & {pair.get("GroupId") for pair in rule.get("UserIdGroupPairs", ())}:
            return True
    return False


def _groups_of(instance: Mapping[str, Any]) -> list[str]:
    return [group["GroupId"] for group in instance.get("SecurityGroups", ())]


def rules_of(groups: Iterable[str]) -> list[Rule]:
    """The ingress rules of security groups."""
    from ministack.services import ec2

    return [rule for group in groups for rule in ec2._security_groups.get(group, {}).get("IpPermissions", ())]
