"""The gallery's network and the machine in it, as EC2 tells of them; and the distribution before it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from botocore.exceptions import ClientError

from tsalab.cloud.account import Account
from tsalab.cloud.refusals import error_code
from tsalab.errors import CloudError
from tsalab.messages import say


@dataclass(frozen=True)
class InstanceState:
    """What EC2 says of a machine."""

    status: str
    kind: str
    launched: datetime
    groups: tuple[str, ...] = ()


def networks(account: Account, ids: Iterable[str]) -> dict[str, str]:
    """States of those VPCs and subnets that exist, by their ids.

    Parameters
    ----------
    account
        The account to look in.
    ids
        ``vpc-…`` and ``subnet-…``.
    """
    asked = list(ids)
    found: dict[str, str] = {}
    # By filter rather than by id: an id that does not exist is then no error.
    api = account.client("ec2")
    asking = (
        ("vpc", api.describe_vpcs, "Vpcs", "VpcId"),
        ("subnet", api.describe_subnets, "Subnets", "SubnetId"),
    )
    for kind, call, listed, key in asking:
        wanted = [each for each in asked if each.startswith(f"{kind}-")]
        if not wanted:
            continue
        with account.doing(say("cloud.doing.network", kind=kind)):
            rows = call(Filters=[{"Name": f"{kind}-id", "Values": wanted}])[listed]
        found |= {row[key]: row.get("State", "available") for row in rows}
    return found


def instance(account: Account, instance_id: str) -> InstanceState | None:
    """A machine as it is now, or None when there is none."""
    with account.doing(say("cloud.doing.instance", instance=instance_id)):
        by_id = [{"Name": "instance-id", "Values": [instance_id]}]
        answer = account.client("ec2").describe_instances(Filters=by_id)
    for reservation in answer["Reservations"]:
        for row in reservation["Instances"]:
            groups = tuple(group["GroupId"] for group in row.get("SecurityGroups", ()))
            return InstanceState(row["State"]["Name"], row["InstanceType"], row["LaunchTime"], groups)
    return None


def private_address(account: Account, instance_id: str) -> str:
    """A machine's address inside its network.

    Raises
    ------
    CloudError
        When there is no such machine.
    """
    with account.doing(say("cloud.doing.instance", instance=instance_id)):
        by_id = [{"Name": "instance-id", "Values": [instance_id]}]
        answer = account.client("ec2").describe_instances(Filters=by_id)
    for reservation in answer["Reservations"]:
        for row in reservation["Instances"]:
            return str(row["PrivateIpAddress"])
    raise CloudError.missing(say("cloud.kind.instance"), instance_id, say("cloud.no_instance"))


def distribution_status(account: Account, distribution_id: str) -> str | None:
    """``Deployed`` or ``InProgress``; None when there is no such distribution."""
    with account.doing(say("cloud.doing.distribution", distribution=distribution_id)):
        try:
            answer = account.client("cloudfront").get_distribution(Id=distribution_id)
        except ClientError as error:
            if error_code(error) == "NoSuchDistribution":
                return None
            raise
    return str(answer["Distribution"]["Status"])
