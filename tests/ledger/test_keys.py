"""Keys: OpenSSH's and PEM, by file, line or pipe; what is none, or open to others, is refused."""

from __future__ import annotations

import os
import subprocess
import threading
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tsalab.errors import LedgerError
from tsalab.ledger import keys


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "key"
    made = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "an instructor", "-f", str(path)]
    subprocess.run(made, check=True)
    return path


def test_openssh_keys_are_taken(file: Path) -> None:
    key = keys.read_private(file)
    public = keys.public_of(key)
    line = file.with_suffix(".pub").read_text()
    assert keys.read_public(str(file.with_suffix(".pub"))) == keys.read_public(line) == public
    assert keys.read_public(public) == public
    signature = keys.sign(key, "seal", b"what is signed")
    assert keys.verifies(public, signature, "seal", b"what is signed")
    assert not keys.verifies(public, signature, "seal", b"something else")
    assert not keys.verifies(public, signature, "warrant", b"what is signed")
    assert not keys.verifies(keys.public_of(keys.new()), signature, "seal", b"what is signed")


def test_pem_is_taken(tmp_path: Path) -> None:
    key = keys.new()
    private, public = tmp_path / "key.pem", tmp_path / "public.pem"
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    private.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    private.chmod(0o400)
    info = serialization.PublicFormat.SubjectPublicKeyInfo
    public.write_bytes(key.public_key().public_bytes(pem, info))
    assert keys.public_of(keys.read_private(private)) == keys.read_public(str(public)) == keys.public_of(key)


def test_a_key_may_come_through_a_pipe(file: Path, tmp_path: Path) -> None:
    """So it need lie in no file that a learner's kernel could read."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes(file.read_bytes()))
    writer.start()
    assert keys.public_of(keys.read_private(pipe)) == keys.public_of(keys.read_private(file))
    writer.join()


def test_a_key_that_others_may_read_is_refused(file: Path) -> None:
    file.chmod(0o640)
    with pytest.raises(LedgerError, match="Others than you"):
        keys.read_private(file)


def test_other_keys_are_refused(tmp_path: Path, file: Path) -> None:
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    path = tmp_path / "rsa"
    path.touch(mode=0o600)
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    path.write_bytes(other.private_bytes(pem, form, serialization.NoEncryption()))
    with pytest.raises(LedgerError, match="no Ed25519 key"):
        keys.read_private(path)
    path.write_bytes(other.private_bytes(pem, form, serialization.BestAvailableEncryption(b"a word")))
    with pytest.raises(LedgerError, match="cannot be used"):
        keys.read_private(path)
    with pytest.raises(LedgerError, match="cannot be used"):
        keys.read_private(tmp_path / "absent")
    ssh = other.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    (tmp_path / "rsa.pub").write_bytes(ssh)
    for given in (str(tmp_path / "rsa.pub"), "ed25519:AAAA", "nothing", "ssh-ed25519 AAAA", str(file)):
        with pytest.raises(LedgerError, match="no public key"):
            keys.read_public(given)
