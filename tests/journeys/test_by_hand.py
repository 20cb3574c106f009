"""The lab done by hand: aws, ssh, git, zip and an editor, and the lab's own text. None of our steps.

An untouched sandbox scores 0; after the last command `tsalab check` reports thirty of thirty.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pexpect
import pytest

from tsalab import resources

pytestmark = pytest.mark.journey

FRAGMENTS = resources.templates() / "fragments" / "as-written"
PROMPT = r"[#$] $"


class Hand:
    """A person at a terminal."""

    def __init__(self, folder: Path, env: Mapping[str, str], ssh_config: Path, profile: str) -> None:
        self.folder, self.env = folder, dict(env)
        self.ssh_config, self.profile = ssh_config, profile

    def run(self, *command: str, cwd: Path | None = None) -> str:
        done = subprocess.run(
            command, cwd=cwd or self.folder, env=self.env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def aws(self, *command: str) -> Any:
        said = self.run("aws", *command, "--output", "json")
        return json.loads(said) if said.strip() else None

    def check(self, *steps: int) -> list[dict[str, Any]]:
        command = [sys.executable, "-m", "tsalab", "check", "--json", "--profile", self.profile]
        command += ["--workdir", str(self.folder), *map(str, steps)]
        done = subprocess.run(command, env=self.env, capture_output=True, text=True, check=False)
        assert done.stdout, done.stderr
        found: list[dict[str, Any]] = json.loads(done.stdout)
        assert done.returncode == (0 if all(step["passed"] for step in found) else 1)
        return found

    def ssh(self, host: str) -> pexpect.spawn:
        session = pexpect.spawn(
            "ssh",
            ["-F", str(self.ssh_config), host],
            env=self.env,
            encoding="utf-8",
            timeout=60,
            dimensions=(50, 250),
        )
        session.expect(PROMPT)
        return session


def type_line(session: pexpect.spawn, line: str) -> str:
    """Type a command and return what it printed."""
    session.sendline(line)
    session.expect(PROMPT)
    return str(session.before)


@pytest.fixture
def hand(fresh_sandbox: Any, tmp_path: Path) -> Hand:
    sandbox = fresh_sandbox
    work = tmp_path / "work"
    work.mkdir()
    return Hand(work, sandbox.env, sandbox.folder.path("ssh", "config"), sandbox.name)


def insert_before(text: str, pattern: str, block: str, after: str = "") -> str:
    """What an editor does: put a block above the line that matches, below the line `after`."""
    start = text.index(after) if after else 0
    found = re.search(pattern, text[start:], re.MULTILINE)
    assert found, pattern
    at = start + found.start()
    return text[:at] + block + text[at:]


def edit_template(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for name in ("database-subnet-group", "database-secret", "database-cluster"):
        text = insert_before(text, r"^Outputs:", (FRAGMENTS / f"{name}.yml").read_text() + "\n")
    policy = (FRAGMENTS / "read-secrets-policy.yml").read_text()
    text = insert_before(text, r"^ *RoleName:", policy, after="  ServerRole:")
    path.write_text(text, encoding="utf-8")


def edit_code(folder: Path) -> None:
    def block(name: str) -> str:
        return (FRAGMENTS / f"{name}.js").read_text().rstrip("\n") + "\n"

    config = folder / "utils" / "config.js"
    lines = config.read_text().splitlines(keepends=True)
    lines.insert(5, block("config-secret-name"))
    text = "".join(lines)
    assert block("config-db") in text
    config.write_text(text.replace(block("config-db"), ""))
    app = folder / "app.js"
    text = app.read_text()
    assert block("app-pool-old") in text
    app.write_text(text.replace(block("app-pool-old"), block("app-pool-new")))


def deploy(hand: Hand) -> None:
    """Steps 1 to 9."""
    pipeline = hand.aws("codepipeline", "get-pipeline", "--name", "TSA-Bootstrap-Pipeline")["pipeline"]
    source = pipeline["stages"][0]["actions"][0]["configuration"]
    url = f"s3://{source['S3Bucket']}/{source['S3ObjectKey']}"
    hand.run("aws", "s3", "cp", url, "lab3.zip")
    hand.run(sys.executable, "-m", "zipfile", "-e", "lab3.zip", ".")
    edit_template(hand.folder / "infra.yml")
    hand.run("zip", "-q", "infra.yml.zip", "infra.yml")
    hand.run("aws", "s3", "cp", "infra.yml.zip", url)
    version = hand.aws("s3api", "head-object", "--bucket", source["S3Bucket"], "--key", source["S3ObjectKey"])
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:  # a person watches, too
        found = hand.aws("codepipeline", "list-pipeline-executions", "--pipeline-name", pipeline["name"])
        newest = found["pipelineExecutionSummaries"][0]
        taken = [row["revisionId"] for row in newest["sourceRevisions"]]  # none until Source has run
        if taken == [version["VersionId"]] and newest["status"] != "InProgress":
            break
    assert newest["status"] == "Succeeded", newest


def move_data(hand: Hand, host: str) -> None:
    """Steps 10 to 14."""
    said = hand.aws("secretsmanager", "get-secret-value", "--secret-id", "TSAGallery-RDSMasterSecret")
    secret = json.loads(said["SecretString"])
    session = hand.ssh(host)
    type_line(session, "mysqldump -u tsauser -pmy-secret-pw tsagallery > dump.sql")
    session.sendline(f"mysql -u admin -p -h {secret['host']} {secret['dbname']} < dump.sql")
    session.expect("password: ")
    session.sendline(secret["password"])
    session.expect(PROMPT)
    assert "ERROR" not in session.before
    session.close()


def change_code(hand: Hand) -> None:
    """Steps 15 to 24."""
    url = hand.aws("codecommit", "get-repository", "--repository-name", "TSAGallery-API")
    helper = "!aws codecommit credential-helper --ignore-host-check $@"
    git = (
        "git",
        "-c",
        "credential.helper=",
        "-c",
        f"credential.helper={helper}",
        "-c",
        "credential.UseHttpPath=true",
    )
    hand.run(*git, "clone", "-q", url["repositoryMetadata"]["cloneUrlHttp"])
    clone = hand.folder / "TSAGallery-API"
    edit_code(clone)
    who = ("-c", "user.name=By Hand", "-c", "user.email=hand@example.com")
    hand.run(*git, *who, "commit", "-q", "-a", "-m", "Use Aurora RDS", cwd=clone)
    hand.run(*git, "push", "-q", cwd=clone)


def update_server(hand: Hand, host: str) -> None:
    """Steps 25 to 29."""
    session = hand.ssh(host)
    type_line(session, "sudo su -")
    assert "root" in type_line(session, "whoami")
    type_line(session, "cd /opt/tsa_gallery/ || cd $TSA_APP_DIR")
    type_line(session, "forever stopall")
    assert "config.js" in type_line(session, "git pull")
    type_line(session, "forever start ./bin/www.js")
    assert "www.js" in type_line(session, "forever list")
    type_line(session, "systemctl stop mariadb")
    type_line(session, "systemctl disable mariadb")
    session.close()


def whole_lab(hand: Hand) -> dict[str, str]:
    """Everything from the template to the old database's end; the stack's outputs."""
    deploy(hand)
    stack = hand.aws("cloudformation", "describe-stacks", "--stack-name", "TSAGallery")["Stacks"][0]
    outputs = {row["OutputKey"]: row["OutputValue"] for row in stack["Outputs"]}
    host = outputs["URL"].removeprefix("http://").rstrip("/")
    move_data(hand, host)
    change_code(hand)
    update_server(hand, host)
    return outputs


@pytest.mark.timeout(600)
def test_the_lab_by_hand_passes_every_check(hand: Hand) -> None:
    untouched = hand.check()
    assert [step["number"] for step in untouched if step["passed"]] == []
    assert len(untouched) == 30
    assert all(step["saw"] and step["expected"] and step["next"] for step in untouched)

    outputs = whole_lab(hand)
    assert "<html" in hand.run("curl", "-fsS", outputs["DistributionUrl"]).lower()

    by_hand = hand.check()
    assert {step["number"]: step["saw"] for step in by_hand if not step["passed"]} == {}
    assert not (hand.folder / ".tsalab").exists()
