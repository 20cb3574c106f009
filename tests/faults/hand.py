"""A learner at work in a challenge: files, aws, git, zip and ssh, and never the lab's own dos."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pexpect
import pytest

from tsalab import resources
from tsalab.errors import StepError
from tsalab.lab import Lab
from tsalab.steps import World

FRAGMENTS = resources.templates() / "fragments" / "as-written"
GIT_HELPER = "!aws codecommit credential-helper --ignore-host-check $@"


def block(name: str) -> str:
    """A block as the lab's text prints it."""
    return (FRAGMENTS / name).read_text(encoding="utf-8").rstrip("\n") + "\n"


def paste(text: str, above: str, block: str, after: str = "") -> str:
    """What an editor does: put a block above the line that matches, below the line `after`."""
    start = text.index(after) if after else 0
    found = re.search(above, text[start:], re.MULTILINE)
    assert found, above
    at = start + found.start()
    return text[:at] + block + text[at:]


def finished_template(text: str) -> str:
    """Lab 3's template with the lab's four additions."""
    for name in ("database-subnet-group", "database-secret", "database-cluster"):
        text = paste(text, r"^Outputs:", block(f"{name}.yml") + "\n")
    return paste(text, r"^ *RoleName:", block("read-secrets-policy.yml"), after="  ServerRole:")


class Hand:
    """What a learner does at a terminal and in an editor.

    Parameters
    ----------
    lab
        Opened in challenge mode.
    sandbox
        Whose environment the terminal has.
    outputs
        What the lab's cells show, in order.
    """

    def __init__(self, lab: Lab, sandbox: Any, outputs: list[dict[str, Any]]) -> None:
        self.lab = lab
        self._outputs = outputs
        self.folder = lab.place.workdir
        self.folder.mkdir(parents=True, exist_ok=True)
        self._env = dict(sandbox.env) | {"LC_ALL": "C"}
        self._ssh_config = sandbox.folder.path("ssh", "config")

    def shown(self) -> str:
        """What the last cell left, as text."""
        return str(self._outputs[-1]["text/plain"])

    @property
    def template(self) -> Path:
        return self.folder / "infra.yml"

    @property
    def package(self) -> Path:
        return self.folder / "infra.yml.zip"

    @property
    def clone(self) -> Path:
        return self.folder / "TSAGallery-API"

    @property
    def key(self) -> str:
        source = self.lab.place.pipeline.source
        return f"s3://{source.bucket}/{source.key}"

    def run(self, *command: str, cwd: Path | None = None, fails: bool = False) -> str:
        done = subprocess.run(
            command, cwd=cwd or self.folder, env=self._env, capture_output=True, text=True, check=False
        )
        assert fails or done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def aws(self, *command: str) -> str:
        return self.run("aws", *command, "--output", "text").strip()

    def remove(self, url: str) -> None:
        """Take back an upload; `aws` takes seconds to start, and this is no mistake to show."""
        bucket, _, key = url.removeprefix("s3://").partition("/")
        self.lab.place.account.client("s3").delete_object(Bucket=bucket, Key=key)

    def git(self, *command: str) -> str:
        options = ["credential.helper=", f"credential.helper={GIT_HELPER}", "credential.UseHttpPath=true"]
        options += ["user.name=By Hand", "user.email=hand@example.com"]
        words = [word for option in options for word in ("-c", option)]
        return self.run("git", *words, *command, cwd=self.clone if self.clone.exists() else None)

    def check(self, step: int) -> tuple[dict[str, Any], str]:
        """What ``tsalab check`` says of a step: as JSON, and as a person reads it."""
        command = [sys.executable, "-m", "tsalab", "check", str(step)]
        command += ["--profile", self.lab.place.account.profile.name, "--workdir", str(self.folder)]
        (found,) = json.loads(self.run(*command, "--json", fails=True))
        return found, self.run(*command, fails=True)

    def ssh(self, command: str, *, root: bool = False) -> str:
        """A command on the web server."""
        line = f"sudo sh -c {shlex.quote(command)}" if root else command
        done = subprocess.run(
            self._ssh(line),
            env=self._env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        return done.stdout + done.stderr

    def typed(self, command: str, password: str) -> str:
        """A command on the web server that asks for a password."""
        program, *arguments = self._ssh(command, "-t")
        session = pexpect.spawn(program, arguments, env=self._env, encoding="utf-8", timeout=60)
        session.expect("password: ")
        session.sendline(password)
        session.expect(pexpect.EOF)
        return str(session.before)

    def _ssh(self, line: str, *options: str) -> list[str]:
        host = World(self.lab.place).server_host
        return ["ssh", *options, "-F", str(self._ssh_config), host, line]

    def zip(self) -> None:
        self.package.unlink(missing_ok=True)
        self.run("zip", "-q", "infra.yml.zip", "infra.yml")


@dataclass(frozen=True)
class Mistake:
    """A slip, the step whose check names it, and what that check must say."""

    name: str
    step: int
    make: Callable[[Hand], object]
    saw: tuple[str, ...]
    next: tuple[str, ...]
    mend: Callable[[Hand], object] = lambda _: None
    place: str = ""  # text of the line that is spoken of, in infra.yml as it is then
    shown: tuple[str, ...] = ()  # lines of the difference, or of the file, that the cell shows

    def __str__(self) -> str:
        return self.name


def told(lab: Lab, step: int) -> Any:
    """The record of a step that is not done; the cell raises, and says the same."""
    with pytest.raises(StepError) as caught:
        lab.perform(step)
    record = lab.journal.records[-1]
    assert (record.step, record.status, record.mode) == (step, "failed", "challenge")
    assert record.saw in caught.value.why
    assert record.next == caught.value.next_step
    return record
