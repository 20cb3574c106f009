"""What AWS noted of a cluster: CloudWatch's numbers, and RDS's events."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tsalab.cloud.account import Account
from tsalab.messages import say

CAPACITY, CONNECTIONS = "ServerlessDatabaseCapacity", "DatabaseConnections"
LEAST, MOST = "Minimum", "Maximum"
# RDS publishes once a minute, and CloudWatch gives what is older than a few hours by the minute alone.
MINUTE = 60


@dataclass(frozen=True)
class Reading:
    """One number of a metric.

    Attributes
    ----------
    at
        Beginning of the period that it sums up: seconds since 1970.
    value
        In the metric's unit.
    """

    at: float
    value: float


@dataclass(frozen=True)
class Event:
    """What RDS told of an instance.

    Attributes
    ----------
    at
        When: seconds since 1970.
    message
        In AWS's words.
    """

    at: float
    message: str


def readings(
    account: Account, cluster: str, metric: str, since: float, *, statistic: str = MOST, period: int = MINUTE
) -> list[Reading]:
    """A cluster's numbers since a time, oldest first.

    Parameters
    ----------
    account
        Whose.
    cluster
        Its identifier.
    metric
        `CAPACITY` (ACUs) or `CONNECTIONS` (a count).
    since
        Seconds since 1970.
    statistic
        `LEAST` or `MOST` of each period.
    period
        Seconds; AWS accepts no fewer than 60 for these metrics.

    Raises
    ------
    CloudError
        When AWS refuses it.
    """
    query = {
        "Id": "asked",
        "MetricStat": {
            "Metric": {
                "Namespace": "AWS/RDS",
                "MetricName": metric,
                "Dimensions": [{"Name": "DBClusterIdentifier", "Value": cluster}],
            },
            "Period": period,
            "Stat": statistic,
        },
    }
    with account.doing(say("cloud.doing.metrics", cluster=cluster)):
        pages = (
            account.client("cloudwatch")
            .get_paginator("get_metric_data")
            .paginate(
                MetricDataQueries=[query],
                StartTime=datetime.fromtimestamp(since, UTC),
                EndTime=datetime.now(UTC) + timedelta(seconds=period),
                ScanBy="TimestampAscending",
            )
        )
        return [
            Reading(at.timestamp(), value)
            for page in pages
            for result in page["MetricDataResults"]
            for at, value in zip(result["Timestamps"], result["Values"], strict=True)
        ]


def events(account: Account, instance: str, since: float) -> list[Event]:
    """What RDS told of an instance since a time, oldest first.

    Parameters
    ----------
    account
        Whose.
    instance
        Its identifier.
    since
        Seconds since 1970; RDS keeps events for 14 days.

    Raises
    ------
    CloudError
        When AWS refuses it.
    """
    with account.doing(say("cloud.doing.events", instance=instance)):
        pages = (
            account.client("rds")
            .get_paginator("describe_events")
            .paginate(
                SourceIdentifier=instance,
                SourceType="db-instance",
                StartTime=datetime.fromtimestamp(since, UTC),
            )
        )
        return [Event(row["Date"].timestamp(), row["Message"]) for page in pages for row in page["Events"]]
