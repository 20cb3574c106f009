"""``tsalab sandbox`` as typed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from tsalab.commands.sandbox import sandbox as group
from tsalab.errors import SandboxError
from tsalab.sandbox.folder import DEFAULT_NAME

AWS = shutil.which("aws", path=str(Path(sys.executable).parent)) or "aws"


def run(*arguments):
    result = CliRunner().invoke(group, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result


def test_a_life_typed(home):
    result = run("up", "--bare", "--name", "typed", "--json")
    facts = json.loads(result.stdout)
    assert facts["running"]
    assert "starting sandbox typed" in result.stderr
    assert "typed" in run("list").output
    assert json.loads(run("list", "--json").stdout)[0]["name"] == "typed"
    assert f"endpoint   {facts['endpoint_url']}" in run("status", "--name", "typed").output
    assert json.loads(run("status", "--name", "typed", "--json").stdout)["pid"] == facts["pid"]
    exports = run("env", "--name", "typed").output
    said = subprocess.run(
        ["sh", "-c", f'{exports}\nexec "$0" sts get-caller-identity', AWS],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        # Keys of another account, exported in the same terminal, must not win over the profile.
        env={**os.environ, "AWS_ACCESS_KEY_ID": "AKIAOTHER", "AWS_SECRET_ACCESS_KEY": "other"},
    )
    assert json.loads(said.stdout)["Account"] == facts["account_id"]
    assert json.loads(run("down", "--name", "typed", "--delete", "--json").stdout)["deleted"]
    assert run("list").output == ""


def test_exports_are_quoted(home, monkeypatch):
    spaced = home / "a folder with 'quotes'"
    monkeypatch.setenv("TSALAB_HOME", str(spaced))
    run("up", "--bare", "--name", "typed")
    try:
        exports = run("env", "--name", "typed").output
        shown = subprocess.run(
            ["sh", "-c", f'{exports}\nprintf %s "$AWS_CONFIG_FILE"'],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert Path(shown).is_file()
        assert json.loads(run("env", "--name", "typed", "--json").stdout)["AWS_CONFIG_FILE"] == shown
    finally:
        run("down", "--name", "typed", "--delete")


def test_ssh_runs_a_command_on_the_web_server(sandbox, monkeypatch):
    argv = [sys.executable, "-m", "tsalab", "sandbox", "ssh", "--name", sandbox.name, "whoami; exit 3"]
    env = {**os.environ, "TSALAB_HOME": str(sandbox.home)}
    said = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False, env=env)
    assert (said.stdout, said.returncode) == ("ec2-user\n", 3)
    monkeypatch.setenv("TSALAB_HOME", str(sandbox.home))
    shown = json.loads(run("ssh", "--name", sandbox.name, "--json").stdout)
    assert shown["host"].endswith(".sandbox.internal")


def test_the_starting_state_is_up(sandbox, monkeypatch):
    assert sandbox.name == DEFAULT_NAME
    names = {
        each["StackName"] for each in sandbox.session().client("cloudformation").describe_stacks()["Stacks"]
    }
    assert names == {"TSA-Bootstrap", "TSAGallery"}
    monkeypatch.setenv("TSALAB_HOME", str(sandbox.home))
    assert run("up", "--json").stderr == ""


@pytest.mark.parametrize("service", ["rds describe-db-clusters", "s3api list-buckets", "ec2 describe-vpcs"])
def test_the_command_line_asks_the_sandbox_and_nobody_else(sandbox, service):
    said = subprocess.run(
        [AWS, "--debug", *service.split()],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env=sandbox.env,
    )
    asked = {
        line.partition("url=")[2].partition(",")[0] for line in said.stderr.splitlines() if "url=" in line
    }
    assert {url for url in asked if url.startswith("http")}
    assert all(url.startswith(sandbox.folder.read_facts()["endpoint_url"]) for url in asked if "http" in url)


@pytest.mark.parametrize("name", ["../up", "a b"])
def test_a_name_that_cannot_be(home, name):
    from tsalab.errors import SandboxError

    with pytest.raises(SandboxError):
        CliRunner().invoke(group, ["up", "--name", name], catch_exceptions=False)


def test_the_clock(home):
    (home / "sandboxes" / "typed").mkdir(parents=True)
    assert "passes 1 times as fast" in run("clock", "--name", "typed").output
    told = run("clock", "--name", "typed", "--rate", "600", "--json")
    assert json.loads(told.stdout) == {"rate": 600.0, "resume_seconds": 0.0}
    run("clock", "--name", "typed", "--resume-seconds", "2.5")
    assert json.loads(run("clock", "--name", "typed", "--json").stdout) == {
        "rate": 600.0,
        "resume_seconds": 2.5,
    }


@pytest.mark.parametrize("wrong", [("--rate", "0"), ("--rate", "nan"), ("--resume-seconds", "-1")])
def test_a_clock_that_cannot_run(home, wrong):
    (home / "sandboxes" / "typed").mkdir(parents=True)
    result = CliRunner().invoke(group, ["clock", "--name", "typed", *wrong])
    assert isinstance(result.exception, SandboxError)
    assert "clock cannot run" in str(result.exception)
    assert not (home / "sandboxes" / "typed" / "clock.json").exists()
