"""Database Migration Service: replication instances, endpoints and tasks that really move data.

`instances`, `endpoints`, `connections` and `tasks` answer the API; `reach` says what an instance
reaches in its VPC; `working` keeps the processes (`runs`) in which our own engine does a task's
work (`worker`, `loading`, `following`). What is not done is refused when it is asked for.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tsalab.sandbox.control import json_service

if TYPE_CHECKING:
    from tsalab.sandbox.control.context import Context
    from tsalab.sandbox.control.dms.service import MigrationService

TOUCHES = (
    *json_service.TOUCHES,
    "services.iam._AWS_MANAGED_POLICY_PREFIX",
    "services.iam._aws_managed_policies",
    "services.iam._make_aws_managed_record",
)
# What the managed policy of `dms-vpc-role` allows (AWS Managed Policy Reference).
_NETWORK = (
    "CreateNetworkInterface",
    "DeleteNetworkInterface",
    "DescribeAvailabilityZones",
    "DescribeDhcpOptions",
    "DescribeInternetGateways",
    "DescribeNetworkInterfaces",
    "DescribeSecurityGroups",
    "DescribeSubnets",
    "DescribeVpcs",
    "ModifyNetworkInterfaceAttribute",
)


def install(context: Context) -> MigrationService:
    """Add DMS to MiniStack, and the managed policy that its role needs to IAM."""
    from ministack.services import iam

    from tsalab.sandbox.control.dms.service import MigrationService

    name = "service-role/AmazonDMSVPCManagementRole"
    statement = {"Effect": "Allow", "Action": [f"ec2:{action}" for action in _NETWORK], "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam._aws_managed_policies[f"{iam._AWS_MANAGED_POLICY_PREFIX}{name}"] = iam._make_aws_managed_record(
        name, document, "Lets DMS make its network interfaces."
    )
    service = MigrationService(context)
    service.register()
    return service


def resume(context: Context) -> None:
    """Go on with what the sandbox's end interrupted, once the machines are back."""
    of(context).resume()


def close(context: Context) -> None:
    """End the tasks' processes."""
    of(context).working.close()


def of(context: Context) -> MigrationService:  # noqa: ARG001 - one sandbox a process
    """The service that `install` added."""
    from ministack import app

    service: MigrationService = app._loaded_modules["dms"]
    return service
