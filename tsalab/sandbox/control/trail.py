"""CloudTrail: events of what was really called, and ``LookupEvents`` over them.

MiniStack's own knows neither the caller's name nor what CloudFormation creates, and forgets
at its end. Here an event is made of each call that `calls` has seen, of each push that git's
server took, and of each resource that CloudFormation made, changed or deleted. Trails that
deliver files are not done; asking for one fails.
"""

from __future__ import annotations

import json
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from tsalab.sandbox.control import trail_events as events
from tsalab.sandbox.control.borrowed import acting_for
from tsalab.sandbox.control.calls import Call, observers
from tsalab.sandbox.control.json_service import Answer, ApiError, JsonService
from tsalab.sandbox.control.taken import ACTIONS

if TYPE_CHECKING:
    from tsalab.sandbox.control.context import Context

TOUCHES = (
    "core.iam_evaluator.resolve_credential",
    "services.cloudformation.stacks._delete_resource",
    "services.cloudformation.stacks._provision_resource",
    "services.cloudformation.stacks._update_resource",
)
FILE = ("control", "trail.jsonl")
_TARGET = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101"
_MOST = 20_000  # events that can be looked up; the file has them all
_PAGE = 50
_OWN = "cloudtrail"
# What a lookup may ask for, and where an event has it.
_ATTRIBUTES: Mapping[str, Callable[[Answer], str]] = {
    "EventId": lambda one: str(one["eventID"]),
    "EventName": lambda one: str(one["eventName"]),
    "EventSource": lambda one: str(one["eventSource"]),
    "ReadOnly": lambda one: str(one["readOnly"]).lower(),
    "Username": lambda one: events.user_of(one),
    "AccessKeyId": lambda one: str(one["userIdentity"].get("accessKeyId", "")),
}


def install(context: Context) -> None:
    """Write down events from now on, and answer questions for them."""
    from ministack.services.cloudformation import stacks

    service = CloudTrail(context)
    service.register()
    observers[:] = [service.called]
    stacks._provision_resource = service.making(stacks._provision_resource)
    stacks._update_resource = service.changing(stacks._update_resource)
    stacks._delete_resource = service.removing(stacks._delete_resource)
    git = context.estate.git
    git.on_push = service.pushing(git.on_push, git.authenticate)


class CloudTrail(JsonService):
    """The events of one sandbox, on the disk and in memory.

    Parameters
    ----------
    context
        The sandbox.
    """

    def __init__(self, context: Context) -> None:
        super().__init__(context, _OWN, _TARGET)
        self.operations = {"LookupEvents": self._lookup}
        self._path = context.folder.path(*FILE)
        self._known: deque[Answer] = deque(self._read(), maxlen=_MOST)
        self._writing = threading.Lock()

    def _read(self) -> Iterator[Answer]:
        if not self._path.exists():
            return
        for line in self._path.read_text(encoding="utf-8").splitlines():
            try:
                yield json.loads(line)
            except ValueError:
                continue  # what a kill left of the last line

    def add(self, event: Answer) -> None:
        """Keep an event."""
        line = json.dumps(event, ensure_ascii=False).encode() + b"\n"
        with self._writing:
            self._known.append(event)
            handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                os.write(handle, line)
            finally:
                os.close(handle)

    # --- where events come from -----------------------------------------------------------

    def called(self, call: Call) -> None:
        """A call was answered. Questions for the trail are in none, nor is what no service of AWS does."""
        if call.key == self.context.root_key[0]:
            if event := events.of_service(self.context, call):
                self.add(event)
        elif call.service != _OWN:
            self.add(events.of_call(self.context, call))

    def pushing(self, original: Callable[..., None], gate: Any) -> Callable[..., None]:
        """The git server's ``on_push`` with an event."""

        def pushed(name: str, ref: str, old: str, new: str) -> None:
            original(name, ref, old, new)
            self.add(events.of_push(self.context, gate.pushing.get(name), name, ref, new))

        return pushed

    def making(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """What creates a resource of a stack, with events."""

        def provision(kind: str, logical_id: str, props: dict[str, Any], stack_name: str) -> Any:
            made = original(kind, logical_id, props, stack_name)
            self._of_stack("create", kind, made[0], props, stack_name)
            return made

        return provision

    def changing(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """What changes a resource of a stack, with events."""

        def update(
            kind: str, physical_id: str, old: Any, new: dict[str, Any], stack_name: str, *rest: Any
        ) -> Any:
            made = original(kind, physical_id, old, new, stack_name, *rest)
            self._of_stack("update", kind, physical_id, new, stack_name)
            return made

        return update

    def removing(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """What deletes a resource of a stack, with events."""

        def delete(
            kind: str, physical_id: str, props: dict[str, Any], stack_name: str = "", *rest: Any
        ) -> Any:
            gone = original(kind, physical_id, props, stack_name, *rest)
            self._of_stack("delete", kind, physical_id, props, stack_name)
            return gone

        return delete

    def _of_stack(self, verb: str, kind: str, name: str, props: Mapping[str, Any], stack: str) -> None:
        if kind not in ACTIONS:
            return
        who = acting_for(self.context, stack)
        for action in ACTIONS[kind].needed(verb, props):
            for event in events.of_resource(self.context, action, kind, name, props, who):
                self.add(event)

    # --- what is asked --------------------------------------------------------------------

    def _lookup(self, request: Answer) -> Answer:
        asked = request.get("LookupAttributes") or []
        if len(asked) > 1:  # AWS takes one at a time
            raise ApiError("InvalidLookupAttributesException", "You can specify only one lookup attribute.")
        for one in asked:
            if one["AttributeKey"] not in _ATTRIBUTES:
                key = one["AttributeKey"]
                raise ApiError("NotImplementedException", f"The sandbox looks up nothing by {key}.")
        since, until = (_seconds(request.get(name)) for name in ("StartTime", "EndTime"))
        if since is not None and until is not None and since > until:
            raise ApiError("InvalidTimeRangeException", "The start time is after the end time.")
        most = int(request.get("MaxResults", _PAGE))
        if not 1 <= most <= _PAGE:
            raise ApiError("InvalidMaxResultsException", "MaxResults is a number from 1 to 50.")
        found = [one for one in self._newest() if _fits(one, asked, since, until)]
        start = _position(found, request.get("NextToken"))
        answer: Answer = {"Events": [_row(one) for one in found[start : start + most]]}
        if start + most < len(found):
            answer["NextToken"] = str(found[start + most]["eventID"])
        return answer

    def _newest(self) -> list[Answer]:
        """Management events, newest first: data events are for trails, and no lookup has them."""
        with self._writing:
            return [one for one in reversed(self._known) if one["managementEvent"]]


def _position(found: list[Answer], token: str | None) -> int:
    if token is None:
        return 0
    for position, one in enumerate(found):
        if one["eventID"] == token:
            return position
    raise ApiError("InvalidNextTokenException", "The token is none that was given out.")


def _seconds(moment: Any) -> float | None:
    return None if moment is None else float(moment)


def _fits(event: Answer, asked: list[Answer], since: float | None, until: float | None) -> bool:
    moment = events.seconds_of(event)
    if (since is not None and moment < int(since)) or (until is not None and moment > until):
        return False
    return all(_ATTRIBUTES[one["AttributeKey"]](event) == one["AttributeValue"] for one in asked)


def _row(event: Answer) -> Answer:
    row: Answer = {
        "EventId": event["eventID"],
        "EventName": event["eventName"],
        "EventSource": event["eventSource"],
        "EventTime": events.seconds_of(event),
        "ReadOnly": str(event["readOnly"]).lower(),
        "Resources": [],
        "CloudTrailEvent": json.dumps(event),
    }
    if key := event["userIdentity"].get("accessKeyId"):
        row["AccessKeyId"] = key
    if user := events.user_of(event):
        row["Username"] = user
    return row
