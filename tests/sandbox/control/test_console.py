"""The console output holds the machine's real host keys, and a lab without an ssh_config pins them."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncssh
import pytest
from botocore.exceptions import ClientError

from tests.faults.conftest import opened
from tests.sandbox.control.test_instance_connect import instance
from tests.server.host import SSHHost
from tsalab.cloud.console import printed_keys
from tsalab.errors import ServerError
from tsalab.lab import Lab
from tsalab.server import Origin
from tsalab.steps import World


@pytest.fixture
def strange(sandbox: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Lab, Path]]:
    """A lab whose own ~/.ssh/config leads to the web server, and knows no host's key."""
    text = sandbox.folder.path("ssh", "config").read_text()
    said = re.sub(r".*(UserKnownHostsFile|GlobalKnownHostsFile|StrictHostKeyChecking).*\n", "", text)
    config = tmp_path / "home" / ".ssh" / "config"
    config.parent.mkdir(parents=True)
    config.write_text(said)
    with opened(sandbox, tmp_path / "work") as lab:
        monkeypatch.setenv("HOME", str(tmp_path / "home"))
        monkeypatch.setattr(type(lab.place.account), "ssh_config", None)
        yield lab, config


def test_the_keys_are_the_machines_own(sandbox: Any) -> None:
    session = sandbox.session()
    answer = session.client("ec2").get_console_output(InstanceId=instance(session))
    known = sandbox.folder.path("ssh", "known_hosts").read_text().split()[1:3]
    assert [key.split() for key in printed_keys(answer["Output"])] == [known]
    assert abs(time.time() - answer["Timestamp"].timestamp()) < 24 * 3600


def test_an_instance_that_is_none(sandbox: Any) -> None:
    with pytest.raises(ClientError, match=r"InvalidInstanceID\.NotFound"):
        sandbox.session().client("ec2").get_console_output(InstanceId="i-00000000000000000")


def test_a_lab_pins_what_the_console_says(strange: tuple[Lab, Path]) -> None:
    lab, _ = strange
    trust = World(lab.place).server.trust
    assert trust.origin is Origin.CONSOLE
    pinned = (lab.place.workdir / ".tsalab" / "known_hosts").read_text()
    assert asyncssh.import_public_key(" ".join(pinned.split()[1:3])).get_fingerprint() == trust.fingerprint


def test_a_machine_in_between_is_refused(strange: tuple[Lab, Path], tmp_path: Path) -> None:
    lab, config = strange
    intruder = SSHHost(tmp_path / "intruder")
    try:
        config.write_text(re.sub(r"Port \d+", f"Port {intruder.port}", config.read_text()))
        with pytest.raises(ServerError, match="another host key than the instance") as caught:
            _ = World(lab.place).server
        assert intruder.host_key.get_fingerprint() in caught.value.why
    finally:
        intruder.close()


def test_the_block_of_a_real_console() -> None:
    """Carriage returns, the kernel in between, a block that was cut, and one of an earlier start."""
    old, new = (asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode() for _ in "12")
    begin, end = "-----BEGIN SSH HOST KEY KEYS-----", "-----END SSH HOST KEY KEYS-----"
    noise = "[   12.345678] xen:balloon: ssh-ed25519 is no key here\r\n"
    lines = (begin, f"{old.strip()} a@b", end, begin, noise, new.strip(), end, noise, begin, old)
    text = "\r\n".join(lines)
    assert printed_keys(text) == (new.strip(),)
    assert printed_keys(f"{begin}\n{old}") == ()
    assert printed_keys("") == ()
