"""What RDS's events and CloudWatch say of a cluster that pauses, wakes and works."""

from __future__ import annotations

import datetime
import time

from tests.contract.shapes import Report
from tests.sandbox.control.data_api.conftest import until_paused
from tsalab.sandbox.clock import Clock

PAUSED = ["Initiated pause for the DB instance.", "Successfully paused the DB instance."]
RESUMED = ["Initiated resume for the DB instance.", "Successfully resumed the DB instance."]


def messages(rds, since):
    found = rds.describe_events(SourceIdentifier="test-instance", SourceType="db-instance", StartTime=since)
    for event in found["Events"]:
        assert event["EventCategories"] == ["notification", "serverless"]
    return [event["Message"] for event in found["Events"]]


def capacities(cloudwatch, name, identifier, since, stat="Maximum"):
    query = {
        "Id": "capacity",
        "MetricStat": {
            "Metric": {
                "Namespace": "AWS/RDS",
                "MetricName": "ServerlessDatabaseCapacity",
                "Dimensions": [{"Name": name, "Value": identifier}],
            },
            "Period": 1,
            "Stat": stat,
        },
    }
    now = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=1)
    answer = cloudwatch.get_metric_data(
        MetricDataQueries=[query], StartTime=since, EndTime=now, ScanBy="TimestampAscending"
    )
    return answer["MetricDataResults"][0]["Values"]


def until(what):
    deadline = time.monotonic() + 30
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_pause_and_an_awakening_are_told(api, bare_sandbox):
    report = Report()
    session = bare_sandbox.session()
    rds, cloudwatch = session.client("rds"), session.client("cloudwatch")
    report.listen(rds, "rds")
    report.listen(cloudwatch, "cloudwatch")
    api.wake()
    since = datetime.datetime.now(datetime.UTC)
    clock = Clock(bare_sandbox.folder)
    clock.set(rate=100_000)
    try:
        until_paused(bare_sandbox, "test-cluster")
        until(lambda: messages(rds, since) == PAUSED)
    finally:
        clock.set(rate=1)
    assert capacities(cloudwatch, "DBInstanceIdentifier", "test-instance", since, "Minimum")[-1] == 0
    api.wake()
    until(lambda: messages(rds, since) == PAUSED + RESUMED)
    until(lambda: capacities(cloudwatch, "DBClusterIdentifier", "test-cluster", since)[-1] == 0.5)
    assert report.deviations == {}


def test_capacity_follows_the_load_that_the_database_has(api, bare_sandbox):
    cloudwatch = bare_sandbox.session().client("cloudwatch")
    clock = Clock(bare_sandbox.folder)
    api.wake()
    kept = api.client.begin_transaction(**api.where)["transactionId"]  # or it would pause meanwhile
    since = datetime.datetime.now(datetime.UTC)
    clock.set(rate=600)
    try:
        deadline = time.monotonic() + 30
        while max(capacities(cloudwatch, "DBInstanceIdentifier", "test-instance", since), default=0) < 2:
            api.call("SELECT BENCHMARK(2000000, SHA2('load', 256))", transactionId=kept)
            assert time.monotonic() < deadline
        until(lambda: capacities(cloudwatch, "DBInstanceIdentifier", "test-instance", since)[-1] < 2)
    finally:
        clock.set(rate=1)
        api.client.rollback_transaction(**(api.which | {"transactionId": kept}))
