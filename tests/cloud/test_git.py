"""Git on CodeCommit: signatures, the credential helper, and a clone that real git works on."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tsalab.cloud import git
from tsalab.cloud.account import Account
from tsalab.cloud.repository import Repository
from tsalab.cloud.sessions import core_session
from tsalab.cloud.working_copy import WorkingCopy
from tsalab.errors import CloudError, ProfileError
from tsalab.profiles import Profile

from .conftest import KEYS

Write = Callable[..., Profile]


@pytest.fixture
def repository(account: Account) -> Iterator[Repository]:
    """A repository with one commit."""
    api, name = account.client("codecommit"), "tests-repository"
    api.create_repository(repositoryName=name)
    api.put_file(repositoryName=name, branchName="master", filePath="README.md", fileContent=b"one\n")
    yield Repository(account, name)
    api.delete_repository(repositoryName=name)


@pytest.fixture
def copy(account: Account, repository: Repository, tmp_path: Path) -> WorkingCopy:
    made = WorkingCopy(account, tmp_path / "work" / "clone")
    made.clone(repository.clone_url())
    return made


def test_a_signature_leaves_the_port_out(write_profile: Write) -> None:
    session = core_session(write_profile())
    user, with_port = git.sign(session, "eu-west-1", "/v1/repos/A", "127.0.0.1:4000")
    other_user, without = git.sign(session, "eu-west-1", "/v1/repos/A", "127.0.0.1")
    assert user == other_user == "AKIAEXAMPLE"
    assert "not-a-real-one" not in with_port
    if with_port[:16] == without[:16]:  # made in one second
        assert with_port == without


def test_a_session_token_goes_with_the_key(write_profile: Write) -> None:
    session = core_session(write_profile(credentials=KEYS + "aws_session_token = tok/en\n"))
    user, _ = git.sign(session, "eu-west-1", "/v1/repos/A", "host")
    assert user == "AKIAEXAMPLE%tok/en"


def test_without_credentials_nothing_is_signed(write_profile: Write) -> None:
    with pytest.raises(ProfileError, match="stub"):
        git.sign(core_session(write_profile(credentials="")), "eu-west-1", "/v1/repos/A", "host")


@pytest.fixture
def stub_in_environment(write_profile: Write, monkeypatch: pytest.MonkeyPatch) -> Profile:
    profile = write_profile()
    for name, value in profile.environment().items():
        monkeypatch.setenv(name, value)
    return profile


def test_the_helper_answers_get_alone(
    stub_in_environment: Profile, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = "protocol=https\nhost=git.example\npath=v1/repos/A\n\n"
    for more in (["--region", "us-east-1"], []):
        monkeypatch.setattr(sys, "stdin", io.StringIO(asked))
        assert git.main(["--profile", "stub", *more, "get"]) == 0
        said = capsys.readouterr().out.splitlines()
        assert said[0] == "username=AKIAEXAMPLE"
        assert said[1].startswith("password=2")
    for action in ("store", "erase"):
        assert git.main(["--profile", "stub", action]) == 0
        assert capsys.readouterr().out == ""


def test_a_clone_commits_and_pushes(copy: WorkingCopy, account: Account, repository: Repository) -> None:
    copy.configure()
    copy.configure()  # once more changes nothing
    assert copy.exists
    assert copy.origin() == repository.clone_url()
    assert copy.head() == repository.head()
    assert copy.changed() == []
    helpers = subprocess.run(
        ["git", "config", "--local", "--get-all", "credential.helper"],
        cwd=copy.folder,
        capture_output=True,
        text=True,
        check=True,
    )
    assert helpers.stdout.splitlines() == ["", git.helper(account.profile.name, account.region)]
    secret = account.session.get_credentials().secret_key
    assert secret not in (copy.folder / ".git" / "config").read_text()
    file = copy.folder / "README.md"
    file.write_text("changed by a test\n")
    assert copy.changed() == ["README.md"]
    copy.commit("A test")
    copy.push()
    assert copy.changed() == []
    assert repository.head() == copy.head()
    assert repository.file("README.md") == "changed by a test\n"


def test_what_an_editor_leaves_is_no_change_of_the_learners(copy: WorkingCopy) -> None:
    checkpoints = copy.folder / ".ipynb_checkpoints"
    checkpoints.mkdir()
    (checkpoints / "README-checkpoint.md").write_text("one\n")
    assert copy.changed() == []
    (copy.folder / "README.md").write_text("two\n")
    assert copy.changed() == ["README.md"]


def test_a_commit_of_nothing_says_gits_reason(copy: WorkingCopy) -> None:
    copy.configure()
    with pytest.raises(CloudError, match="`git commit --quiet` failed") as caught:
        copy.commit("Nothing")
    assert "nothing to commit" in caught.value.why


def test_a_clone_is_whole_or_not_there(account: Account, repository: Repository, tmp_path: Path) -> None:
    copy = WorkingCopy(account, tmp_path / "clone")
    with pytest.raises(CloudError, match="`git clone --quiet` failed"):
        copy.clone(repository.clone_url() + "-not-there")
    assert not copy.exists
    assert not copy.folder.exists()


def test_a_push_that_is_refused_says_gits_reason(copy: WorkingCopy) -> None:
    subprocess.run(["git", "checkout", "-q", "--detach"], cwd=copy.folder, check=True)
    with pytest.raises(CloudError, match="`git push --quiet` failed with exit status 128") as caught:
        copy.push()
    assert "not currently on a branch" in caught.value.why


def test_no_git_program_is_told(account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CloudError, match="The program git was not found"):
        WorkingCopy(account, tmp_path / "clone").clone("http://127.0.0.1:9/x")
