"""DMS follows a source's changes, through kills and absences, and stops when it is told to."""

from __future__ import annotations

import json
import os
import signal
from typing import Any

import pymysql
import pytest

from tests.sandbox.control.dms.conftest import refusal, until, worker


def both(mover: Any, query: str) -> tuple[Any, Any]:
    return mover.sql("source", query), mover.sql("target", query)


def arrived(mover: Any, query: str = "SELECT * FROM shop.items ORDER BY id") -> None:
    """Wait until both sides answer the same."""
    until(lambda: len(set(both(mover, query))) == 1)


def test_a_task_follows_what_the_source_goes_on_to_do(mover):
    task = mover.task("full-load-and-cdc", "shop")
    mover.start(task)
    until(lambda: mover.described(task)["ReplicationTaskStats"]["TablesLoaded"] == 2)
    assert mover.described(task)["Status"] == "running"
    mover.sql(
        "source",
        "INSERT INTO shop.items (name) VALUES ('four'), ('five')",
        "UPDATE shop.items SET name = 'FOUR' WHERE name = 'four'",
        "DELETE FROM shop.items WHERE name = 'five'",
    )
    arrived(mover)

    def counted() -> bool:
        row = mover.tables(task)["shop.items"]
        return [row[name] for name in ("Inserts", "Updates", "Deletes", "FullLoadRows")] == [2, 1, 1, 3]

    until(counted)
    first = until(lambda: worker(mover)).pid
    for number in range(30):
        mover.sql("source", f"INSERT INTO shop.items (name) VALUES ('during {number}')")
        if number == 10:
            os.kill(first, signal.SIGKILL)
    arrived(mover)
    assert mover.described(task)["Status"] == "running"
    assert until(lambda: worker(mover)).pid != first
    mover.client.stop_replication_task(ReplicationTaskArn=task)
    assert mover.resting(task)["StopReason"] == "Stop Reason NORMAL"
    position = mover.described(task)["RecoveryCheckpoint"]  # up to where it came before it stopped
    mover.sql("source", "INSERT INTO shop.items (name) VALUES ('while it was stopped')")
    mover.start(task, "resume-processing")
    arrived(mover)
    mover.client.stop_replication_task(ReplicationTaskArn=task)
    mover.resting(task)
    # From a place in the log, what is there already is not written twice.
    alone = mover.task("cdc", "shop", CdcStartPosition=position)
    mover.sql("target", "DELETE FROM shop.items WHERE name = 'while it was stopped'")
    mover.start(alone)
    arrived(mover)
    mover.client.stop_replication_task(ReplicationTaskArn=alone)
    mover.resting(alone)
    code, _ = refusal(mover.client.modify_replication_task, ReplicationTaskArn=alone, CdcStartPosition="x")
    assert code == "InvalidParameterValueException"


@pytest.mark.slow
def test_a_task_waits_for_a_source_that_is_away(mover):
    task = mover.task("full-load-and-cdc", "shop")
    mover.start(task)
    until(lambda: mover.described(task)["ReplicationTaskStats"]["TablesLoaded"] == 2)
    ec2 = mover.clients("ec2")
    ec2.stop_instances(InstanceIds=[mover.server])
    until(lambda: worker(mover) is None, 60)
    assert mover.described(task)["Status"] == "running"
    ec2.start_instances(InstanceIds=[mover.server])
    until(lambda: _answers(mover))
    mover.sql("source", "INSERT INTO shop.items (name) VALUES ('back again')")
    until(lambda: mover.sql("target", "SELECT 1 FROM shop.items WHERE name = 'back again'"), 60)
    ec2.stop_instances(InstanceIds=[mover.server])
    failed = until(lambda: mover.described(task)["Status"] == "failed" and mover.described(task), 240)
    assert "was stopped after 6 recovery attempts" in failed["LastFailureMessage"]
    ec2.start_instances(InstanceIds=[mover.server])
    until(lambda: _answers(mover))
    mover.start(task, "resume-processing")
    mover.sql("source", "DELETE FROM shop.items WHERE name = 'back again'")
    arrived(mover)
    mover.client.stop_replication_task(ReplicationTaskArn=task)
    mover.resting(task)


def _answers(mover: Any) -> bool:
    try:
        mover.sql("source", "SELECT 1")
    except pymysql.MySQLError:
        return False
    return True


def test_a_task_stops_by_itself_when_its_settings_say_so(mover):
    load = {"FullLoadSettings": {"StopTaskCachedChangesApplied": True}}
    task = mover.task("full-load-and-cdc", "extra", ReplicationTaskSettings=json.dumps(load))
    assert mover.run(task)["StopReason"] == "Stop Reason STOPPED_AFTER_CACHED_EVENTS"
    load = {"FullLoadSettings": {"StopTaskCachedChangesNotApplied": True}}
    task = mover.task("full-load-and-cdc", "extra", ReplicationTaskSettings=json.dumps(load))
    assert mover.run(task)["StopReason"] == "Stop Reason STOPPED_AFTER_FULL_LOAD"
    mover.sql("target", "DROP DATABASE extra")
