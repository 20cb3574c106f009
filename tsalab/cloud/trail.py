"""CloudTrail: what was called in the account in the last 90 days."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from tsalab.cloud.account import Account
from tsalab.messages import say


def events(account: Account, names: Iterable[str], since: datetime, until: datetime) -> Iterator[Any]:
    """CloudTrail's records of some operations, as JSON; management events alone.

    Parameters
    ----------
    account
        Whose.
    names
        Operations; each is a question of its own, and AWS answers two a second.
    since, until
        Of when.
    """
    for name in names:
        asked = [{"AttributeKey": "EventName", "AttributeValue": name}]
        with account.doing(say("cloud.doing.trail")):
            api = account.client("cloudtrail")
            pages = api.get_paginator("lookup_events").paginate(
                LookupAttributes=asked, StartTime=since, EndTime=until
            )
            rows = [row["CloudTrailEvent"] for page in pages for row in page["Events"]]
        yield from map(json.loads, rows)
