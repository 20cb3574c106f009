from __future__ import annotations

import os
import socket

import pytest

from tsalab.errors import SandboxError
from tsalab.sandbox import ports
from tsalab.sandbox.folder import Folder
from tsalab.sandbox.ports import Ports


@pytest.fixture
def folder(home):
    folder = Folder("one")
    folder.create()
    return folder


def test_a_port_is_picked_once_and_remembered(folder):
    first = Ports(folder)
    port = first.get("endpoint")
    assert first.get("endpoint") == port
    assert Ports(folder).get("endpoint") == port
    assert Ports(folder).as_dict() == {"endpoint": port}
    assert ports.LOWEST <= port <= ports.HIGHEST


def test_keys_and_sandboxes_never_share_a_port(folder):
    other = Folder("two")
    other.create()
    mine = Ports(folder)
    picked = {mine.get(key) for key in "abc"} | {Ports(other).get(key) for key in "abc"}
    assert len(picked) == 6


def test_a_taken_port_is_told_with_its_holder(folder):
    port = Ports(folder).get("endpoint")
    with socket.create_server(("127.0.0.1", port)):
        resumed = Ports(folder)
        with pytest.raises(SandboxError) as caught:
            resumed.get("endpoint")
        with pytest.raises(SandboxError):
            resumed.check()
    assert f"Port {port}" in caught.value.what
    assert f"pid {os.getpid()}" in caught.value.why
    assert Ports(folder).get("endpoint") == port


def test_a_port_given_back_is_forgotten(folder):
    mine = Ports(folder)
    mine.get("machine")
    mine.forget("machine")
    mine.forget("unknown")
    assert Ports(folder).as_dict() == {}


def test_nobody_holds_a_free_port():
    assert ports.holder(1) == "another program"


def test_a_holder_we_may_not_see(monkeypatch):
    def denied(kind):
        raise ports.psutil.AccessDenied

    monkeypatch.setattr(ports.psutil, "net_connections", denied)
    assert ports.holder(80) == "another program"


def test_no_free_port_is_told(folder, monkeypatch):
    monkeypatch.setattr(ports, "is_free", lambda port: False)
    with pytest.raises(SandboxError, match="no free port"):
        Ports(folder).get("endpoint")


def test_sandboxes_of_other_homes_never_get_the_same_port(tmp_path, monkeypatch):
    """A port is picked before anything listens on it: what was picked is taken at once."""
    monkeypatch.setattr(ports, "LOWEST", 31900)
    monkeypatch.setattr(ports, "HIGHEST", 31999)
    monkeypatch.setattr(ports.tempfile, "gettempdir", lambda: str(tmp_path))
    picked = []
    for name in ("a", "b", "c"):
        monkeypatch.setenv("TSALAB_HOME", str(tmp_path / name))
        folder = Folder("one")
        folder.create()
        mine = Ports(folder)
        picked += [mine.get(str(number)) for number in range(10)]
    assert len(set(picked)) == 30
    claims = tmp_path / f"tsalab-ports-{os.getuid()}"
    assert len(list(claims.iterdir())) == 30
    mine.forget_all()
    assert len(list(claims.iterdir())) == 20


def test_a_claim_of_a_sandbox_that_is_gone_is_let_go(tmp_path, monkeypatch):
    monkeypatch.setattr(ports, "LOWEST", 31990)
    monkeypatch.setattr(ports, "HIGHEST", 31990)
    monkeypatch.setattr(ports.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setenv("TSALAB_HOME", str(tmp_path / "home"))
    folder = Folder("one")
    folder.create()
    claim = tmp_path / f"tsalab-ports-{os.getuid()}" / "31990"
    claim.parent.mkdir()
    claim.write_text(str(tmp_path / "gone"))
    assert Ports(folder).get("x") == 31990
    assert claim.read_text() == str(folder.root)
