"""One event of CloudTrail, and many, checked for what shows that somebody edited them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tsalab.messages import say

_AHEAD = timedelta(days=1)  # how far a clock may be wrong
_NEVER, _EVER = datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)
_OWN = frozenset({"IAMUser", "AssumedRole", "Root"})  # identities whose ARN bears their account


class TrailError(ValueError):
    """A trail that cannot be used; its text says why."""


@dataclass(frozen=True)
class Event:
    """One call, as CloudTrail tells it.

    Parameters
    ----------
    id
        CloudTrail's own, unique.
    time
        When AWS took the call.
    source, name
        Service and operation: ``rds.amazonaws.com``, ``CreateDBCluster``.
    account, region
        Where.
    who
        ARN of the caller; the service's name when AWS itself called.
    request, response
        Parameters and answer, as far as CloudTrail keeps them.
    more
        What it tells besides (``additionalEventData``).
    """

    id: str
    time: datetime
    source: str
    name: str
    account: str
    region: str
    who: str
    request: Mapping[str, Any] = field(default_factory=dict, repr=False)
    response: Mapping[str, Any] = field(default_factory=dict, repr=False)
    more: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass
class Events:
    """Events by account; those that refused a call are left out.

    Parameters
    ----------
    since, until
        Of when the trail is complete; what happened before or later may be missing.
    """

    since: datetime = _NEVER
    until: datetime = _EVER
    _by_account: dict[str, list[Event]] = field(default_factory=dict, repr=False)
    _seen: dict[str, int] = field(default_factory=dict, repr=False)

    @property
    def accounts(self) -> list[str]:
        """Accounts of which there are events."""
        return sorted(self._by_account)

    def of(self, account: str) -> list[Event]:
        """An account's events, oldest first."""
        return sorted(self._by_account.get(account, ()), key=lambda one: one.time)

    def add(self, record: object, wanted: frozenset[str], now: datetime | None = None) -> Event:
        """Take one of CloudTrail's records.

        Parameters
        ----------
        record
            The JSON object.
        wanted
            Names of operations that are kept; the others only tell how far the trail reaches.
        now
            The present; the clock's when None.

        Raises
        ------
        TrailError
            When it is none, contradicts itself, or is there with other content.
        """
        event = _event(record, now or datetime.now(UTC))
        content = hash(json.dumps(record, sort_keys=True, default=str))
        known = event.id in self._seen  # CloudTrail may deliver one event twice
        if self._seen.setdefault(event.id, content) != content:
            raise TrailError(say("grade.trail.twice", id=event.id))
        self.since, self.until = min(self.since, event.time), max(self.until, event.time)
        mine = self._by_account.setdefault(event.account, [])
        if event.name in wanted and not _failed(record) and not known:
            mine.append(event)
        return event

    def reach(self, since: datetime, until: datetime, account: str) -> None:
        """Say of when the trail of an account is complete, where its events alone do not tell.

        Parameters
        ----------
        since, until
            Of when.
        account
            Whose; it may have no events at all.
        """
        self.since, self.until = since, until
        self._by_account.setdefault(account, [])


def of_records(records: Iterable[object], wanted: frozenset[str], now: datetime | None = None) -> Events:
    """Events of records that are at hand already.

    Raises
    ------
    TrailError
        As `Events.add`.
    """
    found = Events()
    for record in records:
        found.add(record, wanted, now)
    return found


def _failed(record: object) -> bool:
    return isinstance(record, dict) and bool(record.get("errorCode"))


def _event(record: object, now: datetime) -> Event:
    if not isinstance(record, dict):
        raise TrailError(say("grade.trail.no_event"))
    texts = {name: record.get(name) for name in _TEXTS}
    for name, value in texts.items():
        if not isinstance(value, str) or not value:
            raise TrailError(say("grade.trail.lacks", name=name))
    if not str(texts["eventVersion"]).startswith("1."):
        raise TrailError(say("grade.trail.lacks", name="eventVersion"))
    identity = record.get("userIdentity")
    if not isinstance(identity, dict):
        raise TrailError(say("grade.trail.lacks", name="userIdentity"))
    arn, account = str(identity.get("arn", "")), str(identity.get("accountId", ""))
    if identity.get("type") in _OWN and arn and account and arn.split(":")[4:5] != [account]:
        raise TrailError(say("grade.trail.contradicts", id=texts["eventID"], name="userIdentity"))
    moment = _moment(str(texts["eventTime"]))
    if moment > now + _AHEAD:
        raise TrailError(say("grade.trail.contradicts", id=texts["eventID"], name="eventTime"))
    return Event(
        id=str(texts["eventID"]),
        time=moment,
        source=str(texts["eventSource"]),
        name=str(texts["eventName"]),
        account=str(texts["recipientAccountId"]),
        region=str(texts["awsRegion"]),
        who=arn or str(identity.get("invokedBy", "")),
        request=_mapping(record.get("requestParameters")),
        response=_mapping(record.get("responseElements")),
        more=_mapping(record.get("additionalEventData")),
    )


_TEXTS = (
    "eventVersion",
    "eventTime",
    "eventSource",
    "eventName",
    "awsRegion",
    "eventID",
    "recipientAccountId",
)


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise TrailError(say("grade.trail.lacks", name="eventTime")) from error
    if found.tzinfo is None:
        raise TrailError(say("grade.trail.lacks", name="eventTime"))
    return found


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
