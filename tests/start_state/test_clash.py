"""The data bucket's name is taken: told, nothing half made stays, and another name goes on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.cloud.conftest import profile_of
from tsalab.cloud.account import Account
from tsalab.cloud.inventory import Names, data_bucket
from tsalab.cloud.stacks import Stack
from tsalab.errors import CloudError
from tsalab.start_state import BOOTSTRAP, key_pair
from tsalab.start_state.run import Run
from tsalab.start_state.stacks import bootstrap


def test_a_bucket_name_that_is_taken(empty_sandbox: Any, tmp_path: Any) -> None:
    account = Account(profile_of(empty_sandbox))
    taken = data_bucket(account)
    s3 = account.client("s3")
    s3.create_bucket(Bucket=taken, CreateBucketConfiguration={"LocationConstraint": account.region})
    run = Run(account, 60.0, lambda _name, _detail: None)
    key_pair.create(run, tmp_path / "key.pem", unused=True)
    stack = Stack(account, BOOTSTRAP)
    for _ in range(2):  # told the same again, not that a stack is in the way
        with pytest.raises(CloudError, match=f"{taken}, is taken") as caught:
            bootstrap(run, stack, None)
        assert "start-state --bucket NAME" in caught.value.next_step
    assert [row["Name"] for row in s3.list_buckets()["Buckets"]] == [taken], "nothing half made stays"

    bootstrap(replace(run, names=Names(bucket="another-name-4711")), stack, None)
    state = stack.state()
    assert state is not None
    assert state.healthy
    assert stack.resources()["StackData"] == "another-name-4711"
