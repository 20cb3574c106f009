"""Accounts: on a real, empty sandbox; and one whose answers a test writes itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.stub import Stubber

from tsalab.cloud.account import Account
from tsalab.profiles import Profile

KEYS = "aws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = not-a-real-one\n"


@pytest.fixture(autouse=True)
def nothing_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def profile_of(sandbox: Any) -> Profile:
    """The profile that a sandbox wrote."""
    folder = sandbox.folder.path("aws")
    return Profile(sandbox.name, folder / "config", folder / "credentials")


@pytest.fixture
def write_profile(tmp_path: Path) -> Callable[..., Profile]:
    """Write a profile's two files."""

    def write(config: str = "region = eu-west-1\n", credentials: str = KEYS, name: str = "stub") -> Profile:
        files = tmp_path / "config", tmp_path / "credentials"
        files[0].write_text(f"[profile {name}]\n{config}")
        files[1].write_text(f"[{name}]\n{credentials}" if credentials else "")
        return Profile(name, *files)

    return write


@pytest.fixture
def account(bare_sandbox: Any) -> Account:
    """An account with nothing in it."""
    return Account(profile_of(bare_sandbox))


@pytest.fixture
def stubbed(write_profile: Callable[..., Profile]) -> Iterator[Callable[[str], tuple[Account, Stubber]]]:
    """An account one of whose services answers what the test says, in that order, and nothing else."""
    stubs = []
    account = Account(write_profile())

    def stub(service: str) -> tuple[Account, Stubber]:
        made = Stubber(account.client(service))
        made.activate()
        stubs.append(made)
        return account, made

    yield stub
    for made in stubs:
        made.assert_no_pending_responses()
