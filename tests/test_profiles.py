"""What a profile's name stands for: AWS's own files first, then a sandbox's, started when it is down."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tsalab import profiles
from tsalab.errors import ProfileError
from tsalab.profiles import Profile, known, locate
from tsalab.sandbox import manager


@pytest.fixture
def aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with AWS files of its own and no sandbox."""
    (tmp_path / "config").write_text("[default]\n[profile class3]\nregion = eu-west-1\n")
    (tmp_path / "credentials").write_text("[keys-only]\naws_access_key_id = a\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("TSALAB_HOME", str(tmp_path / "home"))
    return tmp_path


def write_sandbox(home: Path, name: str, url: str) -> Path:
    folder = home / "home" / "sandboxes" / name / "aws"
    folder.mkdir(parents=True)
    (folder / "config").write_text(f"[profile {name}]\nendpoint_url = {url}\n")
    (folder / "credentials").write_text(f"[{name}]\n")
    return folder


@pytest.mark.parametrize("name", ["class3", "keys-only", "default"])
def test_aws_own_profiles_are_aws_business(aws: Path, name: str) -> None:
    found = locate(name)
    assert found == Profile(name)
    assert found.environment() == {"AWS_PROFILE": name}


def test_the_files_are_where_aws_has_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, aws: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.delenv(name)
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "credentials").write_text("[here]\n")
    (tmp_path / ".aws" / "config").write_text("[sso-session class]\n[services local]\n")  # no profiles
    assert known() == ["here"]
    assert locate("here") == Profile("here")


def test_an_unknown_name_tells_what_there_is(aws: Path) -> None:
    write_sandbox(aws, "other", "")
    assert known() == ["class3", "default", "keys-only", "other"]
    with pytest.raises(ProfileError, match="There is no profile clas3") as caught:
        locate("clas3")
    assert "known: class3, default, keys-only, other" in caught.value.why
    assert "tsalab sandbox up --name clas3" in caught.value.next_step


@pytest.mark.parametrize("content", [b"region = eu-west-1\n", b"[a\n", b"[a]\n[a]\n", b"\xff\xfe"])
def test_a_file_that_is_broken_is_named(aws: Path, content: bytes) -> None:
    (aws / "config").write_bytes(content)
    with pytest.raises(ProfileError, match="cannot be read") as caught:
        locate("class3")
    assert str(aws / "config") in caught.value.what


def test_a_sandbox_that_answers_is_taken_as_it_is(aws: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profiles, "start_sandbox", lambda *_: pytest.fail("it was started"))
    with socket.create_server(("127.0.0.1", 0)) as server:
        folder = write_sandbox(aws, "mine", f"http://127.0.0.1:{server.getsockname()[1]}")
        found = locate("mine", start=False)
    assert found.environment() == {
        "AWS_PROFILE": "mine",
        "AWS_CONFIG_FILE": str(folder / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials"),
    }


@pytest.mark.parametrize("url", ["", "http://127.0.0.1", "http://127.0.0.1:9"])
def test_a_look_starts_nothing(aws: Path, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setattr(profiles, "start_sandbox", lambda *_: pytest.fail("it was started"))
    write_sandbox(aws, "mine", url)
    with pytest.raises(ProfileError, match="The sandbox mine is not running"):
        locate("mine", start=False)
    with pytest.raises(ProfileError, match="The sandbox sandbox is not running"):  # never made, but ours
        locate("sandbox", start=False)


def test_a_sandbox_that_does_not_start_says_why(aws: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(aws))  # no mariadbd there, no node, no git
    lines: list[str] = []
    with pytest.raises(ProfileError, match="The sandbox sandbox did not start") as caught:
        locate("sandbox", on_line=lines.append)
    assert lines
    assert lines[-1] in caught.value.why
    assert "was not found" in caught.value.why


@pytest.fixture
def stopped(module_sandbox: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("TSALAB_HOME", str(module_sandbox.home))
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    manager.down(module_sandbox.name)
    return module_sandbox


def test_a_sandbox_that_is_down_is_started(stopped: Any) -> None:
    with pytest.raises(ProfileError, match="is not running"):
        locate(stopped.name, start=False)
    lines: list[str] = []
    found = locate(stopped.name, on_line=lines.append)
    assert lines
    assert found.config is not None
    assert stopped.session().client("sts").get_caller_identity()["Account"]
    assert locate(stopped.name, start=False) == found
