"""CloudFormation stacks: their state, resources, events and what failed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from tsalab.cloud.account import Account
from tsalab.cloud.refusals import error_code
from tsalab.messages import say

# A stack's own event with which an operation begins; what is older belongs to an earlier one.
_BEGINNINGS = frozenset({"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", "DELETE_IN_PROGRESS"})


@dataclass(frozen=True)
class StackState:
    """What CloudFormation says of a stack."""

    name: str
    stack_id: str
    status: str
    reason: str
    outputs: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    @property
    def settled(self) -> bool:
        """Whether nothing is in progress; a change set that waits for somebody is nothing of that."""
        return self.status == "REVIEW_IN_PROGRESS" or not self.status.endswith("IN_PROGRESS")

    @property
    def healthy(self) -> bool:
        """Whether the last operation did what it was asked to."""
        return self.status in {"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"}


@dataclass(frozen=True)
class StackEvent:
    """One line of a stack's history."""

    event_id: str
    time: str
    resource: str
    type: str
    status: str
    reason: str


@dataclass(frozen=True)
class StackResource:
    """What CloudFormation says of one resource of a stack."""

    physical_id: str
    status: str
    reason: str
    changed: datetime


class Stack:
    """A stack by name."""

    def __init__(self, account: Account, name: str) -> None:
        self._account = account
        self.name = name

    @property
    def _api(self) -> Any:
        return self._account.client("cloudformation")

    def state(self) -> StackState | None:
        """The stack as it is now, or None when there is none of that name.

        Raises
        ------
        CloudError
            When AWS refuses to answer.
        """
        with self._account.doing(say("cloud.doing.stack", stack=self.name)):
            try:
                stack = self._api.describe_stacks(StackName=self.name)["Stacks"][0]
            except ClientError as error:
                if error_code(error) == "ValidationError" and "does not exist" in str(error):
                    return None
                raise
        return StackState(
            name=stack["StackName"],
            stack_id=stack["StackId"],
            status=stack["StackStatus"],
            reason=stack.get("StackStatusReason", ""),
            outputs={o["OutputKey"]: o["OutputValue"] for o in stack.get("Outputs", [])},
            parameters={p["ParameterKey"]: p.get("ParameterValue", "") for p in stack.get("Parameters", [])},
            tags={tag["Key"]: tag["Value"] for tag in stack.get("Tags", [])},
        )

    def resources(self) -> dict[str, str]:
        """Physical ids by logical id, of the resources that exist."""
        return {
            name: row.physical_id
            for name, row in self.inventory().items()
            if row.status not in {"DELETE_COMPLETE", "CREATE_FAILED"}
        }

    def inventory(self) -> dict[str, StackResource]:
        """Every resource by its logical id, also those that failed or are gone."""
        with self._account.doing(say("cloud.doing.stack_resources", stack=self.name)):
            pages = self._api.get_paginator("list_stack_resources").paginate(StackName=self.name)
            summaries = [row for page in pages for row in page["StackResourceSummaries"]]
        return {
            row["LogicalResourceId"]: StackResource(
                physical_id=row.get("PhysicalResourceId", ""),
                status=row["ResourceStatus"],
                reason=row.get("ResourceStatusReason", ""),
                changed=row["LastUpdatedTimestamp"],
            )
            for row in summaries
        }

    def events(self, limit: int = 200) -> list[StackEvent]:
        """The newest events, newest first."""
        with self._account.doing(say("cloud.doing.stack_events", stack=self.name)):
            pages = self._api.get_paginator("describe_stack_events").paginate(
                StackName=self.name, PaginationConfig={"MaxItems": limit}
            )
            rows = [row for page in pages for row in page["StackEvents"]]
        return [
            StackEvent(
                event_id=row["EventId"],
                time=row["Timestamp"].isoformat(),
                resource=row["LogicalResourceId"],
                type=row["ResourceType"],
                status=row["ResourceStatus"],
                reason=row.get("ResourceStatusReason", ""),
            )
            for row in rows
        ]

    def failure(self) -> StackEvent | None:
        """The event that made the newest operation fail: its first failure, not the rollback's."""
        found = None
        for event in self.events():
            if event.status.endswith("_FAILED") and "cancelled" not in event.reason.lower():
                found = event
            if event.resource == self.name and event.status in _BEGINNINGS:
                break
        return found

    def delete(self) -> None:
        """Ask for the stack's deletion; returns at once."""
        with self._account.doing(say("cloud.doing.stack_delete", stack=self.name)):
            self._api.delete_stack(StackName=self.name)
