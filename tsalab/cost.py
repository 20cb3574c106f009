"""What the lab would have cost so far, as an estimate at AWS's list prices.

The prices are those of us-east-1 on demand, in US dollars, without a free tier:

===============  ========  ==============  ================================================
what             price     per             source
===============  ========  ==============  ================================================
Aurora           0.12      ACU and hour    aws.amazon.com/rds/aurora/pricing, Serverless
web server       0.0416    hour            aws.amazon.com/ec2/pricing/on-demand, t3.medium
its address      0.005     hour            aws.amazon.com/vpc/pricing, public IPv4 address
its volume       0.00088   hour            aws.amazon.com/ebs/pricing, gp3, 8 GiB at 0.08 a
                                           GiB and month of 730 hours
secret           0.00055   hour            aws.amazon.com/secrets-manager/pricing, 0.40 a
                                           month of 730 hours
a bucket's GB    0.023     month           aws.amazon.com/s3/pricing, S3 Standard
DMS instance     0.074     hour            aws.amazon.com/dms/pricing, dms.t3.medium
its volume       0.0032    hour            the same, 20 GiB at 0.115 a GiB and month
snapshot's GiB   0.021     month           aws.amazon.com/rds/aurora/pricing, backup storage
===============  ========  ==============  ================================================

Requests, pipelines, storage and transfer of a lab stay below a cent or in the free tier
and are left out. A cluster counts with its least capacity from its creation on, as if it
had never paused or grown: AWS does not say what was before in the same answer. What is
deleted is not counted any more.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from tsalab.architecture import Part, State

ACU_HOUR = 0.12
SERVER_HOUR = 0.0416
ADDRESS_HOUR = 0.005
MONTH_HOURS = 730
VOLUME_HOUR = 8 * 0.08 / MONTH_HOURS
SECRET_HOUR = 0.40 / MONTH_HOURS
REPLICATION_HOUR = 0.074 + 20 * 0.115 / MONTH_HOURS

# What labs 1 to 3 leave behind costs this much; without a cluster it is the web server alone.
START_STATE_HOUR = SERVER_HOUR + ADDRESS_HOUR + VOLUME_HOUR


# US dollars a month for one of each, or for each of its units; `monthly` multiplies.
_MONTHLY = {
    "": 0.0,
    "bucket": 0.023,  # a GB of S3 Standard
    "cluster": ACU_HOUR * MONTH_HOURS,  # an ACU
    "replication": REPLICATION_HOUR * MONTH_HOURS,
    "secret": SECRET_HOUR * MONTH_HOURS,
    "server": START_STATE_HOUR * MONTH_HOURS,
    "snapshot": 0.021,  # a GiB of Aurora's backup storage
    "stopped-server": VOLUME_HOUR * MONTH_HOURS,
}


def monthly(priced: str, units: float = 1.0) -> float:
    """US dollars a month of 730 hours, if a thing is left as it is.

    Parameters
    ----------
    priced
        What it is counted as; empty for what costs nothing.
    units
        Capacity units or GiB, where its price is for each.

    Raises
    ------
    KeyError
        When nothing has that price.
    """
    return _MONTHLY[priced] * units


@dataclass(frozen=True)
class Item:
    """What one part has cost, and goes on to cost.

    Parameters
    ----------
    part
        Id of the part of the architecture.
    hours
        Since it is there.
    hourly
        US dollars an hour as it is now.
    dollars
        US dollars so far.
    """

    part: str
    hours: float
    hourly: float
    dollars: float


@dataclass(frozen=True)
class Estimate:
    """What everything has cost so far, and goes on to cost if it is left as it is."""

    items: tuple[Item, ...]

    @property
    def dollars(self) -> float:
        """US dollars so far."""
        return sum(item.dollars for item in self.items)

    @property
    def hourly(self) -> float:
        """US dollars an hour as things are now."""
        return sum(item.hourly for item in self.items)


def estimate(parts: Iterable[Part], now: datetime) -> Estimate:
    """The estimate of what is there.

    Parameters
    ----------
    parts
        Of the architecture, as they were read. One without a time of creation costs nothing
        that could be told.
    now
        The moment up to which is counted.
    """
    items = []
    for part in parts:
        if part.since is None or part.state in {State.ABSENT, State.UNKNOWN}:
            continue
        running, resting = _rates(part)
        hours = max((now - part.since).total_seconds(), 0) / 3600
        hourly = resting if part.state is State.PAUSED else running
        if running:
            items.append(Item(part.id, hours, hourly, _so_far(part, hours, running, resting)))
    return Estimate(tuple(items))


def _rates(part: Part) -> tuple[float, float]:
    """Dollars an hour while it runs and while it rests."""
    if part.id == "web-server":  # a stopped machine keeps its volume, and gives its address back
        return START_STATE_HOUR, VOLUME_HOUR
    if part.id == "cluster":
        return part.units * ACU_HOUR, 0.0
    if part.id == "secret":
        return SECRET_HOUR, SECRET_HOUR
    return 0.0, 0.0


def _so_far(part: Part, hours: float, running: float, resting: float) -> float:
    # When a machine was stopped is not in AWS's answer about it; LaunchTime is that of its last
    # start, so what rests now is counted as resting. A cluster's pause is taken as one of now.
    return hours * (resting if part.id == "web-server" and part.state is State.PAUSED else running)
