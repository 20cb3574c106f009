"""The key pair, and repositories with their history, pushed by real git."""

from __future__ import annotations

import io
import re
import subprocess
import zipfile
from pathlib import Path

import botocore.session
import pytest

from tsalab.cloud import git
from tsalab.errors import CloudError
from tsalab.start_state import history, key_pair, repositories, run

from .account import refusal


def part(cloud):
    events: list[tuple[str, str]] = []
    return run.Run(cloud, 1, lambda *event: events.append(event)), events


def test_a_lost_key_is_made_anew_while_no_server_has_it(cloud, tmp_path):
    file = tmp_path / "key.pem"
    this, events = part(cloud)
    key_pair.create(this, file, unused=True)
    file.unlink()
    key_pair.create(this, file, unused=False)
    assert "not on this machine" in events[-1][1]
    assert not file.exists()
    key_pair.create(this, file, unused=True)
    assert file.read_text() == "key 2\n"
    cloud.keys["TSAGallery"]["Tags"] = []  # somebody else's
    file.unlink()
    key_pair.create(this, file, unused=True)
    assert len(cloud.made) == 2


def test_the_key_goes_beside_the_profiles_ssh_config(cloud, tmp_path):
    assert key_pair.default_file(cloud) == Path.home() / ".ssh" / "TSAGallery.pem"
    cloud.ssh_config = tmp_path / "ssh" / "config"
    assert key_pair.default_file(cloud) == tmp_path / "ssh" / "TSAGallery.pem"


def test_an_empty_repository_is_filled(cloud):
    this, events = part(cloud)
    cloud.client("codecommit").create_repository("TSAGallery-SPA")
    repositories.create(this, history.HISTORIES[1])
    assert "created with 2 commits" in events[0][1]


@pytest.mark.parametrize("wanted", history.HISTORIES, ids=lambda each: each.repository)
def test_a_history_is_real_and_the_same_for_everybody(tmp_path, wanted):
    heads = []
    for number in range(2):
        url = tmp_path / str(number)
        subprocess.run(["git", "init", "-q", "--bare", url], check=True)
        heads.append(history.push(wanted, str(url)))
    log = subprocess.run(
        ["git", "-C", url, "log", "--format=%s", "--reverse", "master"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert log.stdout.splitlines() == [commit.message for commit in wanted.commits]
    assert heads[0] == heads[1]
    archive = subprocess.run(
        ["git", "-C", url, "archive", "--format=zip", "master"], capture_output=True, check=True
    )
    with zipfile.ZipFile(io.BytesIO(archive.stdout)) as tree:
        delivered = {name: tree.read(name) for name in tree.namelist() if not name.endswith("/")}
    assert delivered == {name: path.read_bytes() for name, path in history._files(wanted.source)}
    assert not any("node_modules" in name for name in delivered)


def test_git_gets_the_signature_from_its_environment():
    session = botocore.session.Session()
    session.set_credentials("AKIDEXAMPLE", "secret key", "to/ken")
    options, secret = git.signed(session, "us-east-1", "http://127.0.0.1:4000/v1/repos/TSAGallery-API")
    asked = subprocess.run(
        ["git", *options, "credential", "fill"],
        input="protocol=http\nhost=127.0.0.1:4000\n\n",
        env={"PATH": "/usr/bin:/bin", "HOME": "/nowhere", **secret},
        capture_output=True,
        text=True,
        check=True,
    )
    said = dict(line.split("=", 1) for line in asked.stdout.splitlines())
    assert said["username"] == "AKIDEXAMPLE%to/ken"
    assert re.fullmatch(r"\d{8}T\d{6}Z[0-9a-f]{64}", said["password"])
    assert not any("secret key" in part for part in (*options, *secret.values(), asked.stdout))


def test_gits_failures_are_told(tmp_path, monkeypatch):
    with pytest.raises(CloudError, match="`git push` failed"):
        history.push(history.HISTORIES[1], str(tmp_path / "nowhere"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CloudError, match="git was not found"):
        history.push(history.HISTORIES[1], str(tmp_path))


def test_a_refusal_names_what_was_being_done(cloud):
    def refuse(**_):
        raise refusal("AccessDenied", "not you")

    cloud.client("ec2").describe_key_pairs = refuse
    with pytest.raises(CloudError, match="refused to create the key pair TSAGallery"):
        key_pair.create(part(cloud)[0], Path("/nowhere"), unused=True)
