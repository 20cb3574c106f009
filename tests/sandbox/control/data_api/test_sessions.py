"""Limits of time, shortened: what outlives a call, and what a transaction outlives."""

from __future__ import annotations

import threading
import time
from contextlib import nullcontext

import pytest

from tests.sandbox.control.test_aurora import PASSWORD
from tsalab.sandbox.control.data_api.sessions import Access, Limits, Sessions
from tsalab.sandbox.control.json_service import ApiError
from tsalab.sandbox.folder import read_json

COUNT = "SELECT COUNT(*) FROM slow"


@pytest.fixture
def access(bare_sandbox, api):
    api.wake()
    api.call("CREATE OR REPLACE TABLE slow (id INT PRIMARY KEY)")
    folder = bare_sandbox.folder
    port = read_json(folder.path("ports.json"))["database/test-cluster"]
    socket = folder.runtime / f"db-{port}.sock"
    return Access("test-cluster", socket, "admin", PASSWORD, "TestData", nullcontext)


def test_a_statement_ends_with_its_call(access):
    sessions = Sessions(Limits(seconds=0.2))
    slow = "INSERT INTO slow SELECT seq + SLEEP(0.05) FROM seq_1_to_100"
    began = time.monotonic()
    with pytest.raises(ApiError) as refused:
        sessions.execute(access, "", [slow])
    assert refused.value.code == "StatementTimeoutException"
    assert time.monotonic() - began < 2
    (counted,) = sessions.execute(access, "", [COUNT])
    assert counted.rows == [("0",)]


def test_it_goes_on_when_that_was_asked_for(access):
    sessions = Sessions(Limits(seconds=0.2))
    with pytest.raises(ApiError) as refused:
        sessions.execute(access, "", ["INSERT INTO slow SELECT 1 + SLEEP(0.5)"], go_on=True)
    assert refused.value.code == "StatementTimeoutException"
    until = time.monotonic() + 10
    while sessions.execute(access, "", [COUNT])[0].rows == [("0",)]:
        assert time.monotonic() < until


def test_a_transaction_ends_that_nobody_asks_for_anything(access):
    sessions = Sessions(Limits(idle=0.2))
    kept = sessions.begin(access)
    for number in range(4):  # used, it lives on
        sessions.execute(access, kept, [f"INSERT INTO slow VALUES ({number})"])
        threading.Event().wait(0.1)
    until = time.monotonic() + 10
    while sessions.transactions:
        assert time.monotonic() < until
    with pytest.raises(ApiError) as refused:
        sessions.execute(access, kept, ["SELECT 1"])
    assert refused.value.code == "TransactionNotFoundException"
    assert sessions.execute(access, "", [COUNT])[0].rows == [("0",)]


def test_what_is_open_at_the_end_is_rolled_back(access):
    sessions = Sessions()
    kept = sessions.begin(access)
    sessions.execute(access, kept, ["INSERT INTO slow VALUES (1)"])
    sessions.close()
    assert sessions.execute(access, "", [COUNT])[0].rows == [("0",)]
    with pytest.raises(ApiError, match="not found"):
        sessions.end(access, kept, commit=True)
