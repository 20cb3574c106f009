"""Make what DMS needs: its role, a subnet group, an instance, endpoints, a task; each unless it is there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from tsalab.cloud.refusals import error_code
from tsalab.cloud.replication import ROLE, ROLE_POLICY, SOURCE, TAG, TARGET, Replication, TaskState
from tsalab.cloud.waiting import poll
from tsalab.errors import CloudError
from tsalab.messages import say

CLASS = "dms.t3.medium"
STORAGE = 20  # GiB
_SETTINGS = {"FullLoadSettings": {"TargetTablePrepMode": "DROP_AND_CREATE"}}
# AWS makes an instance in about ten minutes; what a role may is known everywhere only after seconds.
_MAKES, _KNOWN = 1800.0, 60.0


@dataclass(frozen=True)
class Database:
    """A database that an endpoint stands for.

    Parameters
    ----------
    engine
        ``mariadb``, ``aurora`` or ``mysql``.
    host, port, user, password
        As the instance of DMS reaches it.
    """

    engine: str
    host: str
    port: int
    user: str
    password: str = field(repr=False)


class Making:
    """Makes the lab's things of DMS.

    Parameters
    ----------
    replication
        What they are called, and what there is of them.
    """

    def __init__(self, replication: Replication) -> None:
        self._replication = replication
        self._account = replication.account

    @property
    def _api(self) -> Any:
        return self._account.client("dms")

    def role(self) -> None:
        """The role that DMS needs in every account; the console makes it for whoever uses DMS there."""
        api = self._account.client("iam")
        allowed = {
            "Effect": "Allow",
            "Principal": {"Service": "dms.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
        trust = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        with self._account.doing(say("cloud.doing.dms_role", name=ROLE)):
            try:
                api.get_role(RoleName=ROLE)
            except ClientError as error:
                if error_code(error) != "NoSuchEntity":
                    raise
                api.create_role(RoleName=ROLE, AssumeRolePolicyDocument=trust, Tags=[TAG])
                api.attach_role_policy(RoleName=ROLE, PolicyArn=ROLE_POLICY)

    def instance(self, subnets: Sequence[str], groups: Sequence[str]) -> str:
        """The instance, in some subnets and security groups; returns its ARN when it is available.

        Raises
        ------
        CloudError
            When AWS refuses it, or it does not become available.
        """
        known, name = self._replication, self._replication.name
        if known.instance() is None:
            self._group(subnets)
            with self._account.doing(say("cloud.doing.dms_make", name=name)):
                self._api.create_replication_instance(
                    ReplicationInstanceIdentifier=name,
                    ReplicationInstanceClass=CLASS,
                    AllocatedStorage=STORAGE,
                    ReplicationSubnetGroupIdentifier=name,
                    VpcSecurityGroupIds=list(groups),
                    PubliclyAccessible=False,
                    Tags=[TAG],
                )
        found, there = poll(
            known.instance, lambda one: one is not None and one.status == "available", seconds=_MAKES
        )
        if not there or found is None:
            what = say("cloud.doing.dms_make", name=name)
            raise CloudError.timed_out(what, _MAKES, found.status if found else "")
        return found.arn

    def _group(self, subnets: Sequence[str]) -> None:
        name = self._replication.name

        def once() -> ClientError | None:
            """What stands in its way: a role that was just made is not known everywhere."""
            try:
                self._api.create_replication_subnet_group(
                    ReplicationSubnetGroupIdentifier=name,
                    ReplicationSubnetGroupDescription=say("cloud.dms_group"),
                    SubnetIds=list(subnets),
                    Tags=[TAG],
                )
            except ClientError as error:
                if error_code(error) == "ResourceAlreadyExistsFault":
                    return None
                if error_code(error) == "AccessDeniedFault":
                    return error
                raise
            return None

        with self._account.doing(say("cloud.doing.dms_group_make", name=name)):
            refused, _ = poll(once, lambda found: found is None, seconds=_KNOWN)
            if refused is not None:
                raise refused

    def endpoint(self, side: str, database: Database) -> str:
        """An endpoint; returns its ARN. What its password is, it tells nobody."""
        known, name = self._replication.endpoint(side), self._replication.side(side)
        if known is not None:
            return known
        with self._account.doing(say("cloud.doing.dms_make", name=name)):
            answer = self._api.create_endpoint(
                EndpointIdentifier=name,
                EndpointType=side,
                EngineName=database.engine,
                ServerName=database.host,
                Port=database.port,
                Username=database.user,
                Password=database.password,
                Tags=[TAG],
            )
        return str(answer["Endpoint"]["EndpointArn"])

    def task(self, kind: str, schema: str, into: str) -> TaskState:
        """The task that moves one schema into a database.

        Parameters
        ----------
        kind
            ``full-load`` or ``full-load-and-cdc``.
        schema, into
            What it is called on the source, and on the target.

        Raises
        ------
        CloudError
            When there is no instance or endpoint, or AWS refuses.
        """
        known = self._replication
        if (there := known.task()) is not None:
            return there
        instance, source, target = known.instance(), known.endpoint(SOURCE), known.endpoint(TARGET)
        if instance is None or source is None or target is None:
            raise CloudError.no_replication(known.name)
        with self._account.doing(say("cloud.doing.dms_make", name=known.name)):
            self._api.create_replication_task(
                ReplicationTaskIdentifier=known.name,
                SourceEndpointArn=source,
                TargetEndpointArn=target,
                ReplicationInstanceArn=instance.arn,
                MigrationType=kind,
                TableMappings=json.dumps(mappings(schema, into)),
                ReplicationTaskSettings=json.dumps(_SETTINGS),
                Tags=[TAG],
            )
        return known.settled()


def mappings(schema: str, into: str) -> dict[str, Any]:
    """Rules that take all tables of a schema, and say what it is called on the target."""
    taken = {
        "rule-type": "selection",
        "rule-id": "1",
        "rule-name": "tables",
        "object-locator": {"schema-name": schema, "table-name": "%"},
        "rule-action": "include",
    }
    renamed = {
        "rule-type": "transformation",
        "rule-id": "2",
        "rule-name": "schema",
        "rule-target": "schema",
        "object-locator": {"schema-name": schema},
        "rule-action": "rename",
        "value": into,
    }
    return {"rules": [taken, renamed]}
