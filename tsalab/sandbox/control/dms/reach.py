"""What a replication instance reaches: names and addresses of its VPC, past the security groups.

As on AWS an endpoint names a server and a port: a cluster's endpoint, or the private address
(or name) of an instance that runs a database. A connection that no rule lets in is dropped
there, and the caller finds out by waiting (error 110); here the answer is given at once.
"""

from __future__ import annotations

import errno
import ipaddress
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tsalab.sandbox.control import groups
from tsalab.sandbox.machines.passages import Way

if TYPE_CHECKING:
    from tsalab.sandbox.control.context import Context

TOUCHES = ("services.ec2._instances", "services.ec2._subnets", "services.rds._clusters")
_MYSQL = 3306
_LOOKUP_FAILED = -2
_PATIENCE = 5.0


class UnreachableError(Exception):
    """Why a server is not reached, in MySQL's words.

    Parameters
    ----------
    number
        Of the client's error: 2003 or 2005.
    message
        Its words.
    """

    def __init__(self, number: int, message: str) -> None:
        super().__init__(message)
        self.number, self.message = number, message


@dataclass(frozen=True)
class Standpoint:
    """Where connections come from: a replication instance.

    Parameters
    ----------
    address, vpc, groups
        Its private address, and what it stands in.
    """

    address: str
    vpc: str
    groups: tuple[str, ...]


def find(context: Context, origin: Standpoint, host: str, port: int) -> Way:
    """The way to a database, if there is one now.

    Parameters
    ----------
    context
        The sandbox.
    origin
        Where from.
    host, port
        As an endpoint names them.

    Raises
    ------
    UnreachableError
        When nobody would answer.
    """
    from ministack.services import ec2, rds

    name = host.lower().rstrip(".")
    with context.scope():
        for cluster_id, record in list(rds._clusters.items()):
            names = {str(record.get(one, "")).lower() for one in ("Endpoint", "ReaderEndpoint")}
            if name in names:
                _to_cluster(context, origin, record, host, port)
                return Way(cluster_id=cluster_id)
        for instance_id, record in list(ec2._instances.items()):
            known = ("PrivateIpAddress", "PrivateDnsName", "PublicDnsName")
            if name in {str(record.get(one, "")).lower() for one in known}:
                _to_server(origin, record, host, port)
                return Way(
                    address=_listening(context, instance_id, host, port),
                    as_from=origin.address,
                    to=record["PrivateIpAddress"],
                )
    try:
        ipaddress.ip_address(name)
    except ValueError:
        raise UnreachableError(2005, f"Unknown MySQL server host '{host}' ({_LOOKUP_FAILED})") from None
    raise _refused(host, errno.ETIMEDOUT)


def _to_cluster(
    context: Context, origin: Standpoint, record: Mapping[str, Any], host: str, port: int
) -> None:
    from ministack.services import ec2

    members = [group["VpcSecurityGroupId"] for group in record["VpcSecurityGroups"]]
    inside = {ec2._security_groups.get(group, {}).get("VpcId") for group in members}
    if context.estate.routes.resolve(host, record["Port"]) is None:  # it has no instance (yet)
        raise UnreachableError(2005, f"Unknown MySQL server host '{host}' ({_LOOKUP_FAILED})")
    admitted = groups.admits(groups.rules_of(members), record["Port"], origin.address, origin.groups)
    if port != record["Port"] or origin.vpc not in inside or not admitted:
        raise _refused(host, errno.ETIMEDOUT)


def _to_server(origin: Standpoint, record: Mapping[str, Any], host: str, port: int) -> None:
    from ministack.services import ec2

    vpc = ec2._subnets.get(record["SubnetId"], {}).get("VpcId")
    members = [group["GroupId"] for group in record.get("SecurityGroups", ())]
    admitted = groups.admits(groups.rules_of(members), port, origin.address, origin.groups)
    if record["State"]["Name"] != "running" or vpc != origin.vpc or not admitted:
        raise _refused(host, errno.ETIMEDOUT)


def _listening(context: Context, instance_id: str, host: str, port: int) -> tuple[str, int]:
    """Where a server's database listens on loopback."""
    if port == _MYSQL:
        address = ("127.0.0.1", context.ports.get(f"machine/{instance_id}/mariadb"))
        if _taken(address):
            return address
    raise _refused(host, errno.ECONNREFUSED)


def _taken(address: tuple[str, int]) -> bool:
    """Whether somebody listens there."""
    try:
        with socket.create_connection(address, _PATIENCE):
            return True
    except OSError:
        return False


def _refused(host: str, reason: int) -> UnreachableError:
    return UnreachableError(2003, f"Can't connect to MySQL server on '{host}' ({reason})")
