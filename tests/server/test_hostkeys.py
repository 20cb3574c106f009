"""Host keys that a witness tells, and those that are only remembered."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import asyncssh
import pytest
from host import SSHHost

from tsalab.errors import CloudError, ServerError
from tsalab.server import Origin, Server, Witness


class Console:
    """A witness that counts how often it is asked."""

    def __init__(self, *keys: asyncssh.SSHKey, refusal: CloudError | None = None) -> None:
        self.asked = 0
        self._keys, self._refusal = keys, refusal

    def __call__(self) -> Sequence[str]:
        self.asked += 1
        if self._refusal is not None:
            raise self._refusal
        return [f"{key.export_public_key().decode().strip()} root@ip-10-11-0-10" for key in self._keys]

    def witness(self, machine: str = "i-1") -> Witness:
        return Witness(machine, self)


@pytest.fixture
def memory(host: SSHHost, tmp_path: Path) -> Path:
    """Nobody knows the host yet."""
    host.known_hosts.unlink()
    return tmp_path / "lab" / "known_hosts"


def another(kind: str = "ssh-ed25519") -> asyncssh.SSHKey:
    return asyncssh.generate_private_key(kind)


def connect(host: SSHHost, memory: Path, console: Console, machine: str = "i-1") -> Server:
    return Server.connect(
        "web", ssh_config=host.config, remember=memory, witness=console.witness(machine), timeout=5
    )


def test_the_console_goes_first_and_is_asked_once(host, memory) -> None:
    console = Console(another("ecdsa-sha2-nistp256"), host.host_key)
    for _ in range(2):
        with connect(host, memory, console) as server:
            assert server.trust.origin is Origin.CONSOLE
            assert server.trust.fingerprint == host.host_key.get_fingerprint()
    assert console.asked == 1
    assert len(memory.read_text().splitlines()) == 2


@pytest.mark.parametrize("kind", ["ssh-ed25519", "ecdsa-sha2-nistp256"])
def test_a_machine_with_another_key_is_refused(kind: str, host, memory) -> None:
    told = another(kind)
    for _ in range(2):  # the second time by what was kept
        with pytest.raises(ServerError, match="another host key than the instance i-1 has") as caught:
            connect(host, memory, Console(told))
        assert host.host_key.get_fingerprint() in caught.value.why
        assert told.get_fingerprint() in caught.value.why
        assert "stand in between" in caught.value.why
    assert not host.started, "nothing was run there"


def test_a_machine_with_another_key_is_refused_also_when_it_hangs_up_first(host, memory, monkeypatch) -> None:
    connecting = asyncssh.connect

    async def hung_up(*args: object, **options: object) -> object:
        try:
            return await connecting(*args, **options)
        except asyncssh.KeyExchangeFailed:
            raise asyncssh.ConnectionLost("Connection lost") from None

    monkeypatch.setattr(asyncssh, "connect", hung_up)
    told = another("ecdsa-sha2-nistp256")
    with pytest.raises(ServerError, match="another host key than the instance i-1 has"):
        connect(host, memory, Console(told))


def test_a_machine_that_hangs_up_has_no_other_key(host, memory, monkeypatch) -> None:
    connecting = asyncssh.connect

    async def hung_up(*args: object, **options: object) -> object:
        (await connecting(*args, **options)).abort()
        raise asyncssh.ConnectionLost("Connection lost")

    monkeypatch.setattr(asyncssh, "connect", hung_up)
    with pytest.raises(ServerError, match="closed the connection before the login"):
        connect(host, memory, Console(host.host_key))


def test_an_empty_console_means_to_remember_and_to_ask_again(host, memory) -> None:
    empty = Console()
    for _ in range(2):
        with connect(host, memory, empty) as server:
            assert server.trust == server.trust.__class__(
                host.host_key.get_fingerprint(), Origin.FIRST_SEEN, ""
            )
    assert empty.asked == 2
    with connect(host, memory, Console(host.host_key)) as server:  # its output came
        assert server.trust.origin is Origin.CONSOLE
    assert len(memory.read_text().splitlines()) == 1


def test_a_remembered_key_that_changes_is_refused_with_both(host, memory) -> None:
    other = another().export_public_key().decode()
    memory.parent.mkdir()
    memory.write_text(f"[127.0.0.1]:{host.port} {other}")
    with pytest.raises(ServerError, match="another host key than before") as caught:
        connect(host, memory, Console())
    assert host.host_key.get_fingerprint() in caught.value.why
    assert asyncssh.import_public_key(other).get_fingerprint() in caught.value.why
    assert str(memory) in caught.value.next_step


def test_what_was_told_of_one_machine_is_not_believed_of_its_successor(host, memory) -> None:
    with pytest.raises(ServerError, match="instance i-1 has"):
        connect(host, memory, Console(another()))
    with connect(host, memory, Console(host.host_key), "i-2") as server:
        assert server.trust.origin is Origin.CONSOLE


def test_a_refused_console_is_said(host, memory) -> None:
    refusal = CloudError.refused("read the console output", "UnauthorizedOperation", "not allowed")
    with connect(host, memory, Console(refusal=refusal)) as server:
        assert server.trust.origin is Origin.FIRST_SEEN
        assert "UnauthorizedOperation" in server.trust.reason


def test_a_host_that_the_learner_knows_needs_no_witness(host, tmp_path: Path) -> None:
    console = Console(another())
    with connect(host, tmp_path / "memory", console) as server:
        assert server.trust.origin is Origin.KNOWN
    assert console.asked == 0
    assert not (tmp_path / "memory").exists()
