"""Take what DMS needed away again, what uses something before what is used."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from tsalab.cloud.refusals import error_code
from tsalab.cloud.replication import ROLE, ROLE_POLICY, SOURCE, TAG, TARGET, Replication
from tsalab.cloud.waiting import poll
from tsalab.errors import CloudError
from tsalab.messages import say

TASK, ENDPOINT, INSTANCE, GROUP = "task", "endpoint", "instance", "group"
_REMOVES = 1200.0  # seconds; AWS takes about five minutes for an instance


@dataclass(frozen=True)
class Thing:
    """One resource of DMS.

    Parameters
    ----------
    kind, name, arn
        Its kind as `cloud.replication` in the messages has it.
    """

    kind: str
    name: str
    arn: str


class Removal:
    """What there is of the lab's things of DMS, and takes it away.

    Parameters
    ----------
    replication
        What they are called.
    """

    def __init__(self, replication: Replication) -> None:
        self._replication = replication
        self._account = replication.account

    @property
    def _api(self) -> Any:
        return self._account.client("dms")

    def may_look(self) -> bool:
        """Whether the caller may see what DMS has; only who chose DMS is given that permission."""
        with self._account.doing(say("cloud.doing.dms_look", name=self._replication.name)):
            try:
                self._api.describe_replication_subnet_groups()
            except ClientError as error:
                if error_code(error) == "AccessDeniedException":
                    return False
                raise
        return True

    def things(self) -> list[Thing]:
        """What there is, in the order in which it can be deleted."""
        known, found = self._replication, []
        if (task := known.task()) is not None:
            found.append(Thing(TASK, known.name, task.arn))
        for side in (SOURCE, TARGET):
            if (arn := known.endpoint(side)) is not None:
                found.append(Thing(ENDPOINT, known.side(side), arn))
        if (instance := known.instance()) is not None:
            found.append(Thing(INSTANCE, known.name, instance.arn))
        if (group := self._group()) is not None:
            found.append(Thing(GROUP, known.name, group))
        return found

    def is_ours(self, thing: Thing) -> bool:
        """Whether something of the lab's name bears our tag."""
        with self._account.doing(say("cloud.doing.dms_look", name=thing.name)):
            tags = self._api.list_tags_for_resource(ResourceArn=thing.arn)["TagList"]
        return any({"Key": tag["Key"], "Value": tag["Value"]} == TAG for tag in tags)

    def remove(self) -> Iterator[Thing]:
        """Delete all that bears our tag; gives each thing when it is gone.

        Raises
        ------
        CloudError
            When AWS refuses, or something does not go.
        """
        for thing in self.things():
            if self.is_ours(thing):
                self._delete(thing)
                yield thing

    def role(self) -> bool:
        """Delete the role that DMS needs, if it was made here; returns whether it was."""
        api = self._account.client("iam")
        with self._account.doing(say("cloud.doing.dms_role_remove", name=ROLE)):
            try:
                found = api.get_role(RoleName=ROLE)["Role"]
            except ClientError as error:
                if error_code(error) == "NoSuchEntity":
                    return False
                raise
            if TAG not in found.get("Tags", []):
                return False
            api.detach_role_policy(RoleName=ROLE, PolicyArn=ROLE_POLICY)
            api.delete_role(RoleName=ROLE)
        return True

    def _group(self) -> str | None:
        name = self._replication.name
        with self._account.doing(say("cloud.doing.dms_look", name=name)):
            try:
                self._api.describe_replication_subnet_groups(
                    Filters=[{"Name": "replication-subnet-group-id", "Values": [name]}]
                )
            except ClientError as error:
                if error_code(error) == "ResourceNotFoundFault":
                    return None
                raise
        account = self._account.identity["account"]
        return f"arn:aws:dms:{self._account.region}:{account}:subgrp:{name}"

    def _delete(self, thing: Thing) -> None:
        if thing.kind == TASK:
            self._replication.stop()
        with self._account.doing(say("cloud.doing.dms_delete", name=thing.name)):
            if thing.kind == TASK:
                self._api.delete_replication_task(ReplicationTaskArn=thing.arn)
            elif thing.kind == ENDPOINT:
                self._api.delete_endpoint(EndpointArn=thing.arn)
            elif thing.kind == INSTANCE:
                self._api.delete_replication_instance(ReplicationInstanceArn=thing.arn)
            else:
                self._api.delete_replication_subnet_group(ReplicationSubnetGroupIdentifier=thing.name)
            _, gone = poll(self.things, lambda left: thing not in left, seconds=_REMOVES)
        if not gone:
            what = say("cloud.doing.dms_delete", name=thing.name)
            raise CloudError.timed_out(what, _REMOVES, say(f"cloud.replication.{thing.kind}"))
