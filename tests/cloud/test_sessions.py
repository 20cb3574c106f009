"""Profiles that people have besides plain keys: assumed roles, SSO, programs, devices."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tsalab.cloud.account import Account
from tsalab.cloud.sessions import core_session, load_models
from tsalab.errors import ProfileError
from tsalab.profiles import Profile

Write = Callable[..., Profile]


@pytest.fixture
def keys(bare_sandbox: Any) -> dict[str, str]:
    """The sandbox's own keys, as a profile has them."""
    credentials = bare_sandbox.session().get_credentials()
    return {"aws_access_key_id": credentials.access_key, "aws_secret_access_key": credentials.secret_key}


def lines(values: dict[str, str]) -> str:
    return "".join(f"{name} = {value}\n" for name, value in values.items())


@pytest.fixture
def role(bare_sandbox: Any) -> str:
    """A role that everybody in the account may assume; its ARN."""
    iam = bare_sandbox.session().client("iam")
    own = bare_sandbox.session().client("sts").get_caller_identity()["Account"]
    trust = {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{own}:root"}, "Action": "sts:AssumeRole"}
    iam.create_role(
        RoleName="Learner",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )
    allowed = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    iam.put_role_policy(
        RoleName="Learner",
        PolicyName="All",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [allowed]}),
    )
    yield f"arn:aws:iam::{own}:role/Learner"
    iam.delete_role_policy(RoleName="Learner", PolicyName="All")
    iam.delete_role(RoleName="Learner")


def test_a_role_is_assumed_and_its_session_renewed(
    bare_sandbox: Any, write_profile: Write, keys: dict[str, str], role: str
) -> None:
    endpoint = bare_sandbox.folder.read_facts()["endpoint_url"]
    config = f"region = us-east-1\nendpoint_url = {endpoint}\nrole_arn = {role}\nsource_profile = base\n"
    # The shortest session there is: botocore renews it before each call that finds it nearly over.
    profile = write_profile(f"{config}duration_seconds = 900\n", "")
    assert profile.credentials
    profile.credentials.write_text(f"[base]\n{lines(keys)}")
    assert profile.config
    with profile.config.open("a") as file:
        file.write(f"\n[profile base]\nregion = us-east-1\nendpoint_url = {endpoint}\n")
    account = Account(profile)
    assert ":assumed-role/Learner/" in account.identity["arn"]
    first = account.core.get_credentials().get_frozen_credentials().access_key
    assert account.client("s3").list_buckets()["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert account.core.get_credentials().get_frozen_credentials().access_key != first, "it was renewed"


def test_a_program_gives_the_keys(
    bare_sandbox: Any, write_profile: Write, keys: dict[str, str], tmp_path: Path
) -> None:
    said = {
        "Version": 1,
        "AccessKeyId": keys["aws_access_key_id"],
        "SecretAccessKey": keys["aws_secret_access_key"],
    }
    (tmp_path / "keys.json").write_text(json.dumps(said))
    program = tmp_path / "program.py"
    program.write_text(f"print(open({str(tmp_path / 'keys.json')!r}).read())")
    endpoint = bare_sandbox.folder.read_facts()["endpoint_url"]
    config = (
        f"region = us-east-1\nendpoint_url = {endpoint}\ncredential_process = {sys.executable} {program}\n"
    )
    assert ":user/learner" in Account(write_profile(config, "")).identity["arn"]


def test_an_sso_session_that_is_over_says_how_to_log_in(
    write_profile: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))  # no token of anybody's is there
    config = (
        "region = us-east-1\nsso_session = school\nsso_account_id = 111122223333\nsso_role_name = Learner\n\n"
        "[sso-session school]\nsso_region = us-east-1\nsso_start_url = https://school.example/start\n"
    )
    with pytest.raises(ProfileError) as caught:
        _ = Account(write_profile(config, "")).identity
    assert "aws sso login" in caught.value.next_step
    assert "does not accept the credentials of profile stub" in caught.value.what


def test_a_code_is_not_waited_for(write_profile: Write, keys: dict[str, str], role: str) -> None:
    device = role.replace(":role/Learner", ":mfa/phone")
    config = f"region = us-east-1\nrole_arn = {role}\nsource_profile = base\nmfa_serial = {device}\n"
    profile = write_profile(config, "")
    assert profile.credentials
    profile.credentials.write_text(f"[base]\n{lines(keys)}")
    with pytest.raises(ProfileError, match="asks for a code of a device") as caught:
        _ = Account(profile).identity
    assert device in caught.value.what
    assert "aws configure export-credentials --profile stub" in caught.value.next_step


def test_models_are_read_once_a_process(tmp_path: Path) -> None:
    """Also what is read ahead, where processes are forked from this one."""
    config = tmp_path / "config"
    config.write_text("[profile one]\n[profile other]\n", encoding="utf-8")
    load_models(["sts"])
    one, other = (
        core_session(Profile(name, config)).get_component("data_loader") for name in ("one", "other")
    )
    assert one is other
    assert one.load_service_model("sts", "service-2") is other.load_service_model("sts", "service-2")
