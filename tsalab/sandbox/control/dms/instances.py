"""Replication instances and the subnet groups that they stand in.

An instance here is an address in a subnet with security groups: what reaches a database from
it is decided by these (`reach`). The work itself is done by a process a task (`runs`).
"""

from __future__ import annotations

import ipaddress
import random
import re
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from tsalab import settings
from tsalab.sandbox.control.dms import naming
from tsalab.sandbox.control.dms.naming import Record
from tsalab.sandbox.control.json_service import Answer, ApiError, now
from tsalab.sandbox.control.pipeline.roles import trusts

if TYPE_CHECKING:
    from tsalab.sandbox.control.dms.store import Store

TOUCHES = (
    "services.ec2._ensure_defaults_initialized",
    "services.ec2._instances",
    "services.ec2._security_groups",
    "services.ec2._subnets",
    "services.ec2._vpcs",
    "services.iam._roles",
)
ENGINE = "3.5.4"  # the version of AWS's whose behaviour is followed
ROLE, POLICY = "dms-vpc-role", "arn:aws:iam::aws:policy/service-role/AmazonDMSVPCManagementRole"
KIND, GROUP = "Replication instance", "Replication subnet group"
_CLASS = re.compile(r"dms\.[a-z]\d[a-z]*\.(micro|small|medium|large|\d*xlarge)")
_STORAGE = range(5, 6145)  # GiB
_DEFAULT = "default"
_CREATES = (
    "ReplicationInstanceIdentifier ReplicationInstanceClass AllocatedStorage VpcSecurityGroupIds "
    "AvailabilityZone ReplicationSubnetGroupIdentifier PreferredMaintenanceWindow EngineVersion "
    "AutoMinorVersionUpgrade Tags PubliclyAccessible MultiAZ NetworkType"
)
_MODIFIES = (
    "ReplicationInstanceArn AllocatedStorage ApplyImmediately ReplicationInstanceClass VpcSecurityGroupIds "
    "PreferredMaintenanceWindow AutoMinorVersionUpgrade ReplicationInstanceIdentifier MultiAZ NetworkType"
)
FILTERS: dict[str, Callable[[Record], str]] = {
    "replication-instance-arn": lambda row: str(row["ReplicationInstanceArn"]),
    "replication-instance-id": lambda row: str(row["ReplicationInstanceIdentifier"]),
    "replication-instance-class": lambda row: str(row["ReplicationInstanceClass"]),
    "engine-version": lambda row: str(row["EngineVersion"]),
}


class Instances:
    """Operations on instances and subnet groups.

    Parameters
    ----------
    store
        All of DMS's records.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self.operations: dict[str, Callable[[Answer], Answer | None]] = {
            "CreateReplicationInstance": self._create,
            "DescribeReplicationInstances": self._describe,
            "ModifyReplicationInstance": self._modify,
            "DeleteReplicationInstance": self._delete,
            "CreateReplicationSubnetGroup": self._create_group,
            "DescribeReplicationSubnetGroups": self._describe_groups,
            "ModifyReplicationSubnetGroup": self._modify_group,
            "DeleteReplicationSubnetGroup": self._delete_group,
        }

    def resume(self) -> None:
        """Go on with what the sandbox's end interrupted: nothing of an instance runs by itself."""
        for record in list(self._store.instances.values()):
            if record["ReplicationInstanceStatus"] == "deleting":
                self._gone(record["ReplicationInstanceArn"])
            else:
                record["ReplicationInstanceStatus"] = "available"

    def _create(self, request: Answer) -> Answer:
        naming.only(request, _CREATES, "a replication instance")
        if request.get("MultiAZ"):
            raise naming.invalid("The sandbox's replication instances have no standby: leave MultiAZ out.")
        self._must_have_role()
        name = naming.identifier(request["ReplicationInstanceIdentifier"], longest=63)
        _check(request)
        with self._store.lock:
            if any(row["ReplicationInstanceIdentifier"] == name for row in self._store.instances.values()):
                raise naming.exists(KIND, name)
            self._store.refuse_beyond_quota("ReplicationInstances")
            group = self._group(request)
            arn = self._store.new_arn("rep")
            subnet = self._subnet(group, request.get("AvailabilityZone"))
            address = self._address(subnet)
            self._store.instances[arn] = {
                "ReplicationInstanceIdentifier": name,
                "ReplicationInstanceClass": request["ReplicationInstanceClass"],
                "ReplicationInstanceStatus": "creating",
                "AllocatedStorage": request.get("AllocatedStorage") or 50,
                "InstanceCreateTime": now(),
                "VpcSecurityGroups": self._groups(request, group["VpcId"]),
                "AvailabilityZone": _zone(subnet),
                "ReplicationSubnetGroup": group["ReplicationSubnetGroupIdentifier"],
                "PreferredMaintenanceWindow": request.get("PreferredMaintenanceWindow")
                or "sun:06:00-sun:06:30",
                "MultiAZ": False,
                "EngineVersion": request.get("EngineVersion") or ENGINE,
                "AutoMinorVersionUpgrade": request.get("AutoMinorVersionUpgrade", True),
                "ReplicationInstanceArn": arn,
                "ReplicationInstancePrivateIpAddress": address,
                "PubliclyAccessible": request.get("PubliclyAccessible", True),
                "NetworkType": "IPV4",
            }
            self._store.tags[arn] = naming.tags_of(request)
            answer = self._told(self._store.instances[arn])
        self._later(lambda: self._settle(arn, "available"))
        return {"ReplicationInstance": answer}

    def _describe(self, request: Answer) -> Answer:
        with self._store.lock:
            rows = naming.filtered(self._store.instances.values(), request, FILTERS, "Replication Instances")
            page, more = naming.paged(rows, request)
            return {"ReplicationInstances": [self._told(row) for row in page], **more}

    def _modify(self, request: Answer) -> Answer:
        naming.only(request, _MODIFIES, "a replication instance")
        if request.get("MultiAZ"):
            raise naming.invalid("The sandbox's replication instances have no standby: leave MultiAZ out.")
        _check(request)
        with self._store.lock:
            record = self._available(request["ReplicationInstanceArn"])
            if request.get("ReplicationInstanceIdentifier"):
                name = naming.identifier(request["ReplicationInstanceIdentifier"], longest=63)
                others = [row for row in self._store.instances.values() if row is not record]
                if any(row["ReplicationInstanceIdentifier"] == name for row in others):
                    raise naming.exists(KIND, name)
                record["ReplicationInstanceIdentifier"] = name
            if request.get("VpcSecurityGroupIds"):
                group = self._store.groups[record["ReplicationSubnetGroup"]]
                record["VpcSecurityGroups"] = self._groups(request, group["VpcId"])
            names = ["AllocatedStorage", "ReplicationInstanceClass", "PreferredMaintenanceWindow"]
            names.append("AutoMinorVersionUpgrade")
            record |= {name: request[name] for name in names if request.get(name) is not None}
            record["ReplicationInstanceStatus"] = "modifying"
            answer = self._told(record)
        self._later(lambda: self._settle(answer["ReplicationInstanceArn"], "available"))
        return {"ReplicationInstance": answer}

    def _delete(self, request: Answer) -> Answer:
        arn = request["ReplicationInstanceArn"]
        with self._store.lock:
            record = self._store.instance(arn)
            if record["ReplicationInstanceStatus"] not in ("available", "failed"):
                raise naming.wrong_state(f"Replication Instance {arn} is not available.")
            tasks = [row for row in self._store.tasks.values() if row["ReplicationInstanceArn"] == arn]
            if tasks:
                raise naming.wrong_state(
                    f"Replication Instance {arn} has {len(tasks)} replication tasks; delete them first."
                )
            record["ReplicationInstanceStatus"] = "deleting"
            answer = self._told(record)
        self._later(lambda: self._gone(arn))
        return {"ReplicationInstance": answer}

    def _gone(self, arn: str) -> None:
        with self._store.lock:
            self._store.instances.pop(arn, None)
            self._store.tags.pop(arn, None)
            for key in [key for key in self._store.connections if key.startswith(f"{arn} ")]:
                del self._store.connections[key]
        self._store.changed()

    def _settle(self, arn: str, status: str) -> None:
        with self._store.lock:
            if arn in self._store.instances:
                self._store.instances[arn]["ReplicationInstanceStatus"] = status
        self._store.changed()

    def _later(self, call: Callable[[], None]) -> None:
        """After the time that the sandbox takes for such things (the setting ``pace``)."""
        timer = threading.Timer(float(settings.get("pace")), call)
        timer.daemon = True
        timer.start()

    def _available(self, arn: str) -> Record:
        record = self._store.instance(arn)
        if record["ReplicationInstanceStatus"] != "available":
            raise naming.wrong_state(f"Replication Instance {arn} is not available.")
        return record

    def _told(self, record: Record) -> Record:
        """An instance as the API describes it."""
        group = self._store.groups.get(record["ReplicationSubnetGroup"])
        address = record["ReplicationInstancePrivateIpAddress"]
        return record | {
            "ReplicationSubnetGroup": group and _group_told(group),
            "ReplicationInstancePrivateIpAddresses": [address],
            "PendingModifiedValues": {},
        }

    # Where it stands.

    def _must_have_role(self) -> None:
        """DMS makes its network interfaces as a role of a fixed name, which nobody makes for the API."""
        from ministack.services import iam

        role = iam._roles.get(ROLE)
        arn = f"arn:aws:iam::{self._store.context.account_id}:role/{ROLE}"
        if (
            role is None
            or not trusts(role["AssumeRolePolicyDocument"], "dms.amazonaws.com")
            or POLICY not in role.get("AttachedPolicies", ())
        ):
            raise ApiError("AccessDeniedFault", f"The IAM Role {arn} is not configured properly.")

    def _group(self, request: Answer) -> Record:
        name = (request.get("ReplicationSubnetGroupIdentifier") or "").lower()
        if name:
            return self._store.group(name)
        if _DEFAULT not in self._store.groups:
            self._store.groups[_DEFAULT] = self._new_group(_DEFAULT, "default", self._default_subnets())
        return self._store.groups[_DEFAULT]

    def _default_subnets(self) -> list[str]:
        from ministack.services import ec2

        ec2._ensure_defaults_initialized()
        own = {vpc["VpcId"] for vpc in ec2._vpcs.values() if vpc.get("IsDefault")}
        found = [subnet["SubnetId"] for subnet in ec2._subnets.values() if subnet["VpcId"] in own]
        if not found:
            raise naming.not_found(GROUP, _DEFAULT)
        return found

    def _groups(self, request: Answer, vpc: str) -> list[Record]:
        from ministack.services import ec2

        wanted = request.get("VpcSecurityGroupIds") or [
            group["GroupId"]
            for group in ec2._security_groups.values()
            if group["VpcId"] == vpc and group["GroupName"] == "default"
        ]
        for group in wanted:
            if ec2._security_groups.get(group, {}).get("VpcId") != vpc:
                raise naming.invalid(f"The security group {group} does not exist in VPC {vpc}.")
        return [{"VpcSecurityGroupId": group, "Status": "active"} for group in wanted]

    def _subnet(self, group: Record, zone: str | None) -> Record:
        from ministack.services import ec2

        there: list[Record] = [ec2._subnets[name] for name in group["Subnets"] if name in ec2._subnets]
        fitting = [subnet for subnet in there if zone in (None, _zone(subnet))]
        if not fitting:
            raise naming.invalid(
                f"{GROUP} {group['ReplicationSubnetGroupIdentifier']} has no subnet in {zone or 'any zone'}."
            )
        return fitting[0]

    def _address(self, subnet: Record) -> str:
        from ministack.services import ec2

        network = ipaddress.ip_network(subnet["CidrBlock"])
        taken = {record["PrivateIpAddress"] for record in ec2._instances.values()}
        taken |= {row["ReplicationInstancePrivateIpAddress"] for row in self._store.instances.values()}
        for _ in range(100):
            # AWS keeps the first four addresses and the last of each subnet.
            address = str(network[random.randint(4, network.num_addresses - 2)])  # noqa: S311 - an address
            if address not in taken:
                return address
        raise ApiError("InsufficientResourceCapacityFault", f"{subnet['SubnetId']} has no free addresses.")

    # Subnet groups.

    def _create_group(self, request: Answer) -> Answer:
        self._must_have_role()
        name = naming.identifier(request["ReplicationSubnetGroupIdentifier"], longest=255)
        with self._store.lock:
            if name in self._store.groups or name == _DEFAULT:
                raise naming.exists(GROUP, name)
            self._store.refuse_beyond_quota("ReplicationSubnetGroups")
            made = self._new_group(name, request["ReplicationSubnetGroupDescription"], request["SubnetIds"])
            self._store.groups[name] = made
            self._store.tags[self._store.arn(f"subgrp:{name}")] = naming.tags_of(request)
            return {"ReplicationSubnetGroup": _group_told(made)}

    def _new_group(self, name: str, description: str, subnets: Iterable[str]) -> Record:
        from ministack.services import ec2

        wanted = sorted(set(subnets))
        found = [ec2._subnets.get(subnet) for subnet in wanted]
        if None in found:
            missing = [subnet for subnet, there in zip(wanted, found, strict=True) if there is None]
            raise ApiError("InvalidSubnet", f"The subnets {', '.join(missing)} do not exist.")
        there: list[dict[str, Any]] = [subnet for subnet in found if subnet is not None]
        vpcs = {subnet["VpcId"] for subnet in there}
        if len(vpcs) != 1:
            raise ApiError("InvalidSubnet", "All subnets of a replication subnet group are in one VPC.")
        if len({_zone(subnet) for subnet in there}) < 2:
            raise ApiError(
                "ReplicationSubnetGroupDoesNotCoverEnoughAZs",
                "Replication Subnet Group should cover at least 2 availability zones.",
            )
        return {
            "ReplicationSubnetGroupIdentifier": name,
            "ReplicationSubnetGroupDescription": description,
            "VpcId": vpcs.pop(),
            "Subnets": {subnet["SubnetId"]: _zone(subnet) for subnet in there},
        }

    def _describe_groups(self, request: Answer) -> Answer:
        fields = {
            "replication-subnet-group-id": lambda row: str(row["ReplicationSubnetGroupIdentifier"]),
        }
        with self._store.lock:
            rows = naming.filtered(self._store.groups.values(), request, fields, "Replication Subnet Groups")
            page, more = naming.paged(rows, request)
            return {"ReplicationSubnetGroups": [_group_told(row) for row in page], **more}

    def _modify_group(self, request: Answer) -> Answer:
        with self._store.lock:
            record = self._store.group(request["ReplicationSubnetGroupIdentifier"].lower())
            name = record["ReplicationSubnetGroupIdentifier"]
            description = (
                request.get("ReplicationSubnetGroupDescription")
                or record["ReplicationSubnetGroupDescription"]
            )
            made = self._new_group(name, description, request["SubnetIds"])
            if made["VpcId"] != record["VpcId"] and self._users(name):
                raise ApiError("SubnetAlreadyInUse", f"{GROUP} {name} has instances in {record['VpcId']}.")
            self._store.groups[name] = made
            return {"ReplicationSubnetGroup": _group_told(made)}

    def _delete_group(self, request: Answer) -> None:
        with self._store.lock:
            name = self._store.group(request["ReplicationSubnetGroupIdentifier"].lower())[
                "ReplicationSubnetGroupIdentifier"
            ]
            if self._users(name):
                raise naming.wrong_state(
                    f"Replication Subnet Group {name} is in use by a replication instance."
                )
            del self._store.groups[name]
            self._store.tags.pop(self._store.arn(f"subgrp:{name}"), None)

    def _users(self, name: str) -> int:
        return sum(row["ReplicationSubnetGroup"] == name for row in self._store.instances.values())


def _check(request: Answer) -> None:
    kind, storage = request.get("ReplicationInstanceClass"), request.get("AllocatedStorage")
    if kind is not None and not _CLASS.fullmatch(kind):
        raise naming.invalid(f"Invalid replication instance class: {kind}")
    if storage is not None and storage not in _STORAGE:
        raise naming.invalid(f"AllocatedStorage must be from {_STORAGE.start} to {_STORAGE.stop - 1} GB.")
    if request.get("NetworkType") not in (None, "", "IPV4"):
        raise naming.invalid("The sandbox's networks are IPV4 only.")


def _zone(subnet: Record) -> str:
    return str(subnet["AvailabilityZone"])


def _group_told(record: Record) -> Record:
    """A subnet group as the API describes it."""
    return record | {
        "SubnetGroupStatus": "Complete",
        "Subnets": [
            {"SubnetIdentifier": name, "SubnetAvailabilityZone": {"Name": zone}, "SubnetStatus": "Active"}
            for name, zone in record["Subnets"].items()
        ],
        "SupportedNetworkTypes": ["IPV4"],
    }
