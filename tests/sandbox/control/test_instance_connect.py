"""EC2 Instance Connect: a web server lets a key in for a minute, and a lab whose key is lost uses it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import asyncssh
import pytest
from botocore.exceptions import ClientError

from tests.faults.conftest import opened
from tsalab.errors import NoKeyError
from tsalab.lab import Lab
from tsalab.steps import World


def instance(session: Any) -> str:
    found = session.client("ec2").describe_instances()["Reservations"][0]["Instances"][0]
    return str(found["InstanceId"])


@pytest.fixture
def keyless(sandbox: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A lab whose ssh configuration names a key that is no more."""
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    text = sandbox.folder.path("ssh", "config").read_text()
    file = tmp_path / "ssh-config"
    kept = [line for line in text.splitlines() if "IdentityFile" not in line]
    file.write_text("\n".join([*kept, f"Host *\n  IdentityFile {tmp_path / 'lost.pem'}\n"]))
    with opened(sandbox, tmp_path / "work") as lab:
        monkeypatch.setattr(type(lab.place.account), "ssh_config", file)
        yield lab


def test_a_lab_whose_key_is_lost_gets_in(keyless: Lab) -> None:
    assert World(keyless.place).server.run("whoami").stdout.strip() == "ec2-user"


def test_why_not_is_told_with_what_can_be_mended(keyless: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(World, "_resource", lambda *_: "i-00000000000000000")
    with pytest.raises(NoKeyError) as caught:
        _ = World(keyless.place).server
    assert "lost.pem" in str(caught.value)
    assert "EC2InstanceNotFoundException" in caught.value.why


def test_what_it_refuses(sandbox: Any) -> None:
    session = sandbox.session()
    api, here = session.client("ec2-instance-connect"), instance(session)
    key = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    good = {"InstanceId": here, "InstanceOSUser": "ec2-user", "SSHPublicKey": key}
    assert api.send_ssh_public_key(**good)["Success"] is True
    for wrong, code in (
        ({"InstanceId": "i-00000000000000000"}, "EC2InstanceNotFoundException"),
        ({"SSHPublicKey": "x" * 80}, "InvalidArgsException"),
    ):
        with pytest.raises(ClientError) as caught:
            api.send_ssh_public_key(**good | wrong)
        assert caught.value.response["Error"]["Code"] == code
