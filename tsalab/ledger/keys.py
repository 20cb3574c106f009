"""Ed25519 keys (RFC 8032): read from files, written as one word, used to sign and to verify.

OpenSSH's own files are taken, so that ``ssh-keygen -t ed25519`` makes an instructor's key;
PEM files of other programs are, too.
"""

from __future__ import annotations

import base64
import binascii
import stat
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from tsalab.errors import LedgerError
from tsalab.messages import say

PREFIX = "ed25519:"
_RAW = (serialization.Encoding.Raw, serialization.PublicFormat.Raw)
_MOST = 64 * 1024  # bytes of a key's file
_SSH = b"-----BEGIN OPENSSH PRIVATE KEY-----"


def new() -> Ed25519PrivateKey:
    """A new key."""
    return Ed25519PrivateKey.generate()


def public_of(key: Ed25519PrivateKey) -> str:
    """A key's public half, as one word."""
    return _word(key.public_key())


def _word(key: Ed25519PublicKey) -> str:
    return PREFIX + base64.b64encode(key.public_bytes(*_RAW)).decode()


def private_text(key: Ed25519PrivateKey) -> str:
    """A private key as one word, for a pipe; nothing of it is to be shown or stored."""
    return base64.b64encode(key.private_bytes_raw()).decode()


def private_of(text: str) -> Ed25519PrivateKey:
    """The key in what `private_text` wrote.

    Raises
    ------
    ValueError
        When it is none.
    """
    return Ed25519PrivateKey.from_private_bytes(base64.b64decode(text, validate=True))


def read_private(path: Path) -> Ed25519PrivateKey:
    """Read a private key; a pipe will do, so that it need lie in no file.

    Parameters
    ----------
    path
        OpenSSH's format or PEM, without a passphrase.

    Raises
    ------
    LedgerError
        When it is no such key, or others than its owner may read it.
    """
    try:
        with path.open("rb") as file:
            facts = path.stat()
            data = file.read(_MOST)
    except OSError as error:
        raise LedgerError.key_unreadable(path, error.strerror or str(error)) from error
    if stat.S_ISREG(facts.st_mode) and facts.st_mode & 0o077:
        raise LedgerError.key_open(path, f"{facts.st_mode & 0o777:o}")
    load = serialization.load_ssh_private_key if _SSH in data else serialization.load_pem_private_key
    try:
        key = load(data, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise LedgerError.key_unreadable(path, str(error)) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise LedgerError.key_unreadable(path, say("ledger.because.no_ed25519"))
    return key


def read_public(given: str) -> str:
    """A public key as one word, from that word, an OpenSSH line, or a file with one of them or PEM.

    Raises
    ------
    LedgerError
        When it is none of these.
    """
    text = given.strip()
    try:
        if not text.startswith((PREFIX, "ssh-ed25519 ")):
            with Path(text).open("rb") as file:
                text = file.read(_MOST).decode("ascii").strip()
        return _word(_public(text))
    except (OSError, ValueError, UnsupportedAlgorithm) as error:
        raise LedgerError.no_public_key(given, str(error)) from error


def _public(text: str) -> Ed25519PublicKey:
    if text.startswith(PREFIX):
        return Ed25519PublicKey.from_public_bytes(base64.b64decode(text.removeprefix(PREFIX), validate=True))
    load = serialization.load_pem_public_key if "-----BEGIN" in text else serialization.load_ssh_public_key
    key = load(text.encode("ascii"))
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError(say("ledger.because.no_ed25519"))  # noqa: TRY004 - the file's fault, no caller's
    return key


def sign(key: Ed25519PrivateKey, purpose: str, data: bytes) -> str:
    """Sign some bytes for one purpose, so that no signature serves for another."""
    return base64.b64encode(key.sign(_message(purpose, data))).decode()


def verifies(public: str, signature: str, purpose: str, data: bytes) -> bool:
    """Whether a key signed these bytes for this purpose."""
    try:
        _public(public).verify(base64.b64decode(signature, validate=True), _message(purpose, data))
    except (InvalidSignature, ValueError, UnsupportedAlgorithm, binascii.Error):
        return False
    return public.startswith(PREFIX)


def _message(purpose: str, data: bytes) -> bytes:
    return f"tsalab {purpose}\n".encode() + data
