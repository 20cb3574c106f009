"""``tsalab start-state``: what it shows and asks before it creates anything."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

PARTS = {
    "TSAGallery-API": "repository",
    "TSAGallery-SPA": "repository",
    "TSAGallery": "key pair",
    "TSA-Bootstrap": "stack",
}


def start_state(sandbox: Any, *more: str, **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tsalab", "start-state", "--profile", sandbox.name, *more]
    return subprocess.run(
        command,
        env={**sandbox.env, **env},
        cwd=sandbox.home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_nothing_is_created_unasked(bare_sandbox: Any) -> None:
    done = start_state(bare_sandbox)
    assert done.returncode == 1
    assert "Nothing was created." in done.stderr
    assert "--yes" in done.stderr
    lines = done.stdout.splitlines()
    account = bare_sandbox.session().client("sts").get_caller_identity()["Account"]
    assert lines[0].startswith(f"Account {account}, region {bare_sandbox.session().region_name}, as arn:")
    for name, kind in PARTS.items():
        assert any(line.split() == [*kind.split(), name, "will", "be", "created"] for line in lines), name
    assert "everybody who has the key" in done.stdout
    assert "USD an hour" in done.stdout
    assert bare_sandbox.session().client("cloudformation").describe_stacks()["Stacks"] == []


def test_what_is_there_is_left_and_needs_no_question(sandbox: Any) -> None:
    stacks = sandbox.session().client("cloudformation")
    before = stacks.describe_stacks()["Stacks"]
    done = start_state(sandbox, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["stack"], found["region"]) == ("TSAGallery", sandbox.session().region_name)
    assert found["url"].startswith("http")
    assert "will be created" not in done.stderr
    assert done.stderr.count("is there") >= 2 * len(PARTS), "told before, and as each part is reached"
    assert stacks.describe_stacks()["Stacks"] == before


def test_accounts_that_are_not_listed_are_refused(bare_sandbox: Any) -> None:
    done = start_state(bare_sandbox, "--yes", TSALAB_ACCOUNTS="111122223333, 444455556666")
    assert done.returncode == 1
    assert "TSALAB_ACCOUNTS names the accounts that may be: 111122223333, 444455556666." in done.stderr
    account = bare_sandbox.session().client("sts").get_caller_identity()["Account"]
    allowed = start_state(bare_sandbox, TSALAB_ACCOUNTS=f"111122223333,{account}")
    assert "Nothing was created." in allowed.stderr, "it got as far as the question"


@pytest.mark.parametrize(("text", "good"), [("203.0.113.7", True), ("203.0.113.0/24", True), ("here", False)])
def test_addresses_that_may_use_ssh(bare_sandbox: Any, text: str, good: bool) -> None:
    done = start_state(bare_sandbox, "--ssh-location", text)
    assert done.returncode == (1 if good else 2)
    assert (f"is open to {text}" in done.stdout) is good
