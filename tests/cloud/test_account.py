"""Who we are to AWS, and what a person reads when AWS does not agree."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore import exceptions as boto
from botocore.config import Config

from tsalab.cloud.account import Account
from tsalab.cloud.refusals import refusals
from tsalab.errors import CloudError, ProfileError
from tsalab.profiles import Profile

from .conftest import KEYS, profile_of

Write = Callable[..., Profile]


def test_a_sandboxs_profile_is_an_account(bare_sandbox: Any) -> None:
    account = Account(profile_of(bare_sandbox))
    own = bare_sandbox.session().client("sts").get_caller_identity()
    assert account.identity == {"account": own["Account"], "arn": own["Arn"]}
    assert account.ssh_config == bare_sandbox.folder.path("ssh", "config")
    assert account.client("s3") is account.client("s3")
    assert account.session.region_name == account.region
    environment = account.environment()
    assert environment["AWS_PROFILE"] == bare_sandbox.name
    assert environment["AWS_REGION"] == account.region
    assert Path(environment["AWS_CONFIG_FILE"]).is_file()
    assert Path(environment["AWS_SHARED_CREDENTIALS_FILE"]).is_file()


def test_a_region_that_is_given_counts(write_profile: Write) -> None:
    assert Account(write_profile()).region == "eu-west-1"
    assert Account(write_profile(), "us-west-2").environment()["AWS_REGION"] == "us-west-2"


def test_no_region_is_told(write_profile: Write) -> None:
    with pytest.raises(ProfileError, match="The profile stub has no region"):
        Account(write_profile(config="output = json\n"))


def test_an_ssh_config_is_the_profiles(write_profile: Write) -> None:
    assert Account(write_profile()).ssh_config is None
    account = Account(write_profile("region = eu-west-1\ntsalab_ssh_config = ~/lab/config\n"))
    assert account.ssh_config == Path.home() / "lab" / "config"


def test_a_clock_is_the_profiles_and_aws_has_none(write_profile: Write, bare_sandbox: Any) -> None:
    assert Account(write_profile()).clock is None
    path = bare_sandbox.folder.path("clock.json")
    account = Account(write_profile(f"region = eu-west-1\ntsalab_clock = {path}\n"))
    assert account.clock is not None
    assert account.clock.times.rate == 1
    config = bare_sandbox.folder.path("aws", "config").read_text()
    assert f"tsalab_clock = {path}\n" in config


def test_a_wrong_key_is_refused_and_not_shown(bare_sandbox: Any, write_profile: Write) -> None:
    endpoint = bare_sandbox.folder.read_facts()["endpoint_url"]
    account = Account(write_profile(f"region = us-east-1\nendpoint_url = {endpoint}\n"))
    with pytest.raises(ProfileError, match="does not accept the credentials of profile stub") as caught:
        _ = account.identity
    assert "not-a-real-one" not in str(caught.value)


def test_who_logs_in_again_goes_on_with_the_same_account(bare_sandbox: Any, write_profile: Write) -> None:
    endpoint = bare_sandbox.folder.read_facts()["endpoint_url"]
    profile = write_profile(f"region = us-east-1\nendpoint_url = {endpoint}\n")
    account = Account(profile, "eu-west-1")
    before = account.client("s3")
    with pytest.raises(ProfileError, match="does not accept the credentials"):
        _ = account.identity
    assert profile.credentials is not None
    good = bare_sandbox.folder.path("aws", "credentials").read_text()
    profile.credentials.write_text(good.replace(f"[{bare_sandbox.name}]", f"[{profile.name}]"))
    assert (
        account.identity["account"] == bare_sandbox.session().client("sts").get_caller_identity()["Account"]
    )
    assert account.client("s3") is not before
    assert account.region == "eu-west-1"


@pytest.mark.parametrize("credentials", ["", KEYS.splitlines()[0] + "\n"], ids=["none", "half"])
def test_no_credentials_are_told(write_profile: Write, credentials: str) -> None:
    with pytest.raises(ProfileError, match="does not accept the credentials of profile stub"):
        _ = Account(write_profile(credentials=credentials)).identity


def test_an_address_where_nobody_answers_is_named(write_profile: Write) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    config = f"region = us-east-1\nendpoint_url = http://127.0.0.1:{port}\n"
    account = Account(write_profile(config))
    account._clients["sts"] = account.session.client("sts", config=Config(retries={"total_max_attempts": 1}))
    with pytest.raises(
        CloudError, match="AWS did not answer; it was asked to say who the caller is"
    ) as caught:
        _ = account.identity
    assert str(port) in caught.value.why


@pytest.mark.parametrize(
    "code", ["ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "SignatureDoesNotMatch"]
)
def test_expired_credentials_ask_for_a_login(stubbed: Any, code: str) -> None:
    account, sts = stubbed("sts")
    sts.add_client_error("get_caller_identity", code, "The security token is over")
    with pytest.raises(ProfileError) as caught:
        _ = account.identity
    assert caught.value.why == f"{code}: The security token is over"
    assert "aws sso login" in caught.value.next_step


@pytest.mark.parametrize(
    ("code", "message", "next_step"),
    [
        ("ThrottlingException", "Rate exceeded", "run the cell again"),
        ("AccessDenied", "no sts:Get for you", "Ask for the permission"),
        ("AccessDeniedException", "", "Ask for the permission"),
    ],
)
def test_other_refusals_say_what_was_being_done(
    stubbed: Any, code: str, message: str, next_step: str
) -> None:
    account, sts = stubbed("sts")
    sts.add_client_error("get_caller_identity", code, message)
    with pytest.raises(CloudError, match=f"AWS refused to say who the caller is: {code}") as caught:
        _ = account.identity
    assert caught.value.why == message or caught.value.why == "AWS gave no reason."
    assert next_step in caught.value.next_step


@pytest.mark.parametrize(
    "error",
    [
        boto.ConnectTimeoutError(endpoint_url="https://s3.example"),
        boto.ConnectionClosedError(endpoint_url="https://s3.example"),
        boto.ReadTimeoutError(endpoint_url="https://s3.example"),
        boto.SSLError(endpoint_url="https://s3.example", error="certificate verify failed"),
        boto.ProxyConnectionError(proxy_url="http://proxy.example"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_connection_that_fails_is_an_error_of_ours(error: Exception) -> None:
    with (
        pytest.raises(CloudError, match="asked to read a bucket") as caught,
        refusals("read a bucket", "p"),
    ):
        raise error
    assert ".example" in caught.value.why


@pytest.mark.parametrize(
    "error",
    [
        boto.SSOTokenLoadError(profile_name="p", error_msg="gone"),
        boto.UnauthorizedSSOTokenError(),
        boto.TokenRetrievalError(provider="sso", error_msg="over"),
        boto.CredentialRetrievalError(provider="process", error_msg="over"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_login_that_is_over_is_the_profiles_trouble(error: Exception) -> None:
    with (
        pytest.raises(ProfileError, match="does not accept the credentials of profile p"),
        refusals("read a bucket", "p"),
    ):
        raise error


def test_what_is_no_refusal_passes() -> None:
    with pytest.raises(ZeroDivisionError), refusals("count", "p"):
        _ = 1 // 0
