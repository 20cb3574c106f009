"""Where an instance goes and what it names: key pair, image, subnet, groups, profile, addresses."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import random
from typing import Any

from tsalab.sandbox.control import keypairs

TOUCHES = (
    "services.ec2._STUB_AMIS",
    "services.ec2._instances",
    "services.ec2._security_groups",
    "services.ec2._subnets",
    "services.iam._instance_profiles",
)
# Ranges kept for documentation (RFC 5737): such an address is nobody's.
_PUBLIC = ("192.0.2", "198.51.100", "203.0.113")


class Ec2Error(ValueError):
    """A request that EC2 refuses: its code and its message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def key(key_name: str | None) -> str:
    """Public key of a key pair in OpenSSH's form; nothing without a key pair."""
    if not key_name:
        return ""
    public = keypairs.public_key(key_name)
    if public is None:
        raise Ec2Error("InvalidKeyPair.NotFound", f"The key pair '{key_name}' does not exist")
    return public


def check_placement(image: str, subnet: str | None, groups: list[str]) -> None:
    """Refuse an image, subnet or security group that does not exist."""
    from ministack.services import ec2

    if image not in {ami[0] for ami in ec2._STUB_AMIS}:
        raise Ec2Error("InvalidAMIID.NotFound", f"The image id '[{image}]' does not exist")
    if subnet is not None and subnet not in ec2._subnets:
        raise Ec2Error("InvalidSubnetID.NotFound", f"The subnet ID '{subnet}' does not exist")
    for group in groups:
        if group not in ec2._security_groups:
            raise Ec2Error("InvalidGroup.NotFound", f"The security group '{group}' does not exist")


def profile(named: str | None) -> tuple[dict[str, str] | None, str | None]:
    """Instance profile's record for EC2, and the name of its role."""
    from ministack.services import iam

    if not named:
        return None, None
    name = named.rpartition("/")[2]
    profile = iam._instance_profiles.get(name)
    if profile is None:
        raise Ec2Error(
            "InvalidParameterValue",
            f"Value ({named}) for parameter iamInstanceProfile.name is invalid. "
            "Invalid IAM Instance Profile name",
        )
    roles = profile.get("Roles") or []
    role = roles[0] if roles else None
    role_name = role.get("RoleName") if isinstance(role, dict) else role
    return {"Arn": profile["Arn"], "Id": profile["InstanceProfileId"]}, role_name


def private_address(subnet: str | None) -> str | None:
    """A free address of a subnet; None lets MiniStack make one up."""
    from ministack.services import ec2

    if subnet is None:
        return None
    network = ipaddress.ip_network(ec2._subnets[subnet]["CidrBlock"])
    taken = {record["PrivateIpAddress"] for record in ec2._instances.values()}
    for _ in range(100):
        # AWS keeps the first four addresses and the last of each subnet.
        address = str(network[random.randint(4, network.num_addresses - 2)])  # noqa: S311 - an address
        if address not in taken:
            return address
    raise Ec2Error("InsufficientFreeAddressesInSubnet", f"The subnet '{subnet}' has no free addresses.")


def address(record: dict[str, Any], region: str) -> None:
    """Give an instance a public address and name, and its subnet's zone."""
    from ministack.services import ec2

    taken = {other["PublicIpAddress"] for other in ec2._instances.values() if other is not record}
    free = [f"{net}.{host}" for net in _PUBLIC for host in range(1, 255) if f"{net}.{host}" not in taken]
    public = random.choice(free)  # noqa: S311 - an address, not a secret
    zone = "compute-1" if region == "us-east-1" else f"{region}.compute"
    record["PublicIpAddress"] = public
    record["PublicDnsName"] = f"ec2-{public.replace('.', '-')}.{zone}.sandbox.internal"
    subnet = ec2._subnets.get(record["SubnetId"], {})
    record["Placement"]["AvailabilityZone"] = subnet.get("AvailabilityZone", f"{region}a")


def decoded(user_data: str) -> str:
    """User data as text."""
    try:
        return base64.b64decode(user_data, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise Ec2Error("InvalidParameterValue", "Invalid BASE64 encoding of user data") from error
