"""EC2 key pairs that open the web server: real keys, and a private copy for ``tsalab sandbox ssh``."""

from __future__ import annotations

import base64
import fnmatch
import hashlib
import logging
import re
from typing import TYPE_CHECKING, Any

from tsalab.files import write_private

if TYPE_CHECKING:
    from tsalab.sandbox.control.context import Context

TOUCHES = (
    "services.ec2._ACTION_MAP",
    "services.ec2._error",
    "services.ec2._esc",
    "services.ec2._key_pairs",
    "services.ec2._p",
    "services.ec2._parse_tag_specs",
    "services.ec2._tags",
    "services.ec2._xml",
)
_NAME = re.compile(r"[\x20-\x2e\x30-\x7e]{1,255}")
_BITS = 2048
# Filters of DescribeKeyPairs, and the field of a pair that each asks about.
_FILTERS = {"key-name": "KeyName", "key-pair-id": "KeyPairId", "fingerprint": "KeyFingerprint"}

Response = tuple[int, dict[str, str], bytes]
logger = logging.getLogger("tsalab.sandbox.keypairs")


def install(context: Context) -> None:
    """Replace the emulator's made-up keys by real ones."""
    from ministack.services import ec2

    ec2._ACTION_MAP["CreateKeyPair"] = lambda p: create(context, p)
    ec2._ACTION_MAP["ImportKeyPair"] = lambda p: import_(context, p)
    original = ec2._ACTION_MAP["DeleteKeyPair"]

    def delete(p: dict[str, Any]) -> Response:
        name = ec2._p(p, "KeyName")
        if name in ec2._key_pairs:
            _file(context, name).unlink(missing_ok=True)
        response: Response = original(p)
        return response

    ec2._ACTION_MAP["DeleteKeyPair"] = delete
    ec2._ACTION_MAP["DescribeKeyPairs"] = describe


def describe(p: dict[str, Any]) -> Response:
    """``DescribeKeyPairs`` with its filters and with tags, which the emulator does not know."""
    from ministack.services import ec2

    asked = [value for key, (value, *_) in p.items() if re.fullmatch(r"KeyName\.\d+", key)]
    for name in asked:
        if name not in ec2._key_pairs:
            return _error("InvalidKeyPair.NotFound", f"The key pair '{name}' does not exist")
    names = set(asked or ec2._key_pairs)
    number = 1
    while name := ec2._p(p, f"Filter.{number}.Name"):
        if name not in _FILTERS:
            return _error("InvalidParameterValue", f"The filter '{name}' is invalid")
        wanted = [value for key, (value, *_) in p.items() if key.startswith(f"Filter.{number}.Value.")]
        names = {
            pair
            for pair in names
            if any(fnmatch.fnmatchcase(ec2._key_pairs[pair][_FILTERS[name]], value) for value in wanted)
        }
        number += 1
    rows = "".join(_row(ec2._key_pairs[name]) for name in sorted(names))
    found: Response = ec2._xml(200, "DescribeKeyPairsResponse", f"<keySet>{rows}</keySet>")
    return found


def _row(pair: dict[str, Any]) -> str:
    from ministack.services import ec2

    tags = "".join(
        f"<item><key>{ec2._esc(tag['Key'])}</key><value>{ec2._esc(tag['Value'])}</value></item>"
        for tag in ec2._tags.get(pair["KeyPairId"], [])
    )
    return (
        f"<item><keyName>{ec2._esc(pair['KeyName'])}</keyName>"
        f"<keyFingerprint>{pair['KeyFingerprint']}</keyFingerprint>"
        f"<keyPairId>{pair['KeyPairId']}</keyPairId>"
        f"<keyType>{'ed25519' if pair['_PublicKey'].startswith('ssh-ed25519') else 'rsa'}</keyType>"
        f"<tagSet>{tags}</tagSet></item>"
    )


def public_key(name: str) -> str | None:
    """Public key of a key pair in OpenSSH's form; None when there is no such pair."""
    from ministack.services import ec2

    record = ec2._key_pairs.get(name)
    return None if record is None else str(record["_PublicKey"])


def create(context: Context, p: dict[str, Any]) -> Response:
    """``CreateKeyPair``: an RSA key as AWS makes by default, or Ed25519."""
    from ministack.services import ec2

    name, kind = ec2._p(p, "KeyName"), ec2._p(p, "KeyType") or "rsa"
    if (refused := _refused(name)) is not None:
        return refused
    if kind not in ("rsa", "ed25519"):
        return _error("InvalidParameterValue", f"Invalid value '{kind}' for keyType.")
    private, public, fingerprint = _rsa() if kind == "rsa" else _ed25519()
    write_private(_file(context, name), private)
    _remember(p, name, public, fingerprint)
    return _answer("CreateKeyPair", name, f"<keyMaterial>{private}</keyMaterial>")


def import_(context: Context, p: dict[str, Any]) -> Response:
    """``ImportKeyPair``: the public half of the learner's own key."""
    from cryptography.hazmat.primitives import serialization
    from ministack.services import ec2

    name, material = ec2._p(p, "KeyName"), ec2._p(p, "PublicKeyMaterial") or ""
    if (refused := _refused(name)) is not None:
        return refused
    try:
        line = base64.b64decode(material, validate=True).strip()
        key = serialization.load_ssh_public_key(line)
    except ValueError:
        return _error("InvalidKey.Format", "Key is not in valid OpenSSH public key format")
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    digest = hashlib.md5(der, usedforsecurity=False).hexdigest()  # what AWS shows for imported keys
    _remember(p, name, line.decode(), _colons(digest))
    _file(context, name).unlink(missing_ok=True)
    return _answer("ImportKeyPair", name)


def _rsa() -> tuple[str, str, str]:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=_BITS)
    plain = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, plain)
    der = key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, plain)
    fingerprint = _colons(hashlib.sha1(der, usedforsecurity=False).hexdigest())
    return pem.decode(), _openssh(key.public_key()), fingerprint


def _ed25519() -> tuple[str, str, str]:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ed25519

    key = ed25519.Ed25519PrivateKey.generate()
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )
    public = _openssh(key.public_key())
    digest = hashlib.sha256(base64.b64decode(public.split()[1])).digest()
    return pem.decode(), public, base64.b64encode(digest).decode()


def _openssh(key: Any) -> str:
    from cryptography.hazmat.primitives import serialization

    line: bytes = key.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    return line.decode()


def _colons(digest: str) -> str:
    return ":".join(digest[i : i + 2] for i in range(0, len(digest), 2))


def _file(context: Context, name: str) -> Any:
    return context.folder.path("ssh", f"{name}.pem")


def _refused(name: str | None) -> Response | None:
    from ministack.services import ec2

    if not name:
        return _error("MissingParameter", "The request must contain the parameter KeyName")
    if not _NAME.fullmatch(name) or name.startswith("."):
        return _error("InvalidParameterValue", f"Value '{name!r}' for parameter KeyName is invalid.")
    if name in ec2._key_pairs:
        return _error("InvalidKeyPair.Duplicate", f"The keypair '{name}' already exists.")
    return None


def _remember(p: dict[str, Any], name: str, public: str, fingerprint: str) -> None:
    from ministack.services import ec2

    pair_id = "key-" + hashlib.sha256(public.encode()).hexdigest()[:17]
    ec2._key_pairs[name] = {
        "KeyName": name,
        "KeyFingerprint": fingerprint,
        "KeyPairId": pair_id,
        "_PublicKey": public,
    }
    ec2._parse_tag_specs(p, "key-pair", pair_id)


def _answer(operation: str, name: str, more: str = "") -> Response:
    from ministack.services import ec2

    pair = ec2._key_pairs[name]
    response: Response = ec2._xml(
        200,
        f"{operation}Response",
        f"<keyName>{ec2._esc(name)}</keyName><keyFingerprint>{pair['KeyFingerprint']}</keyFingerprint>"
        f"{more}<keyPairId>{pair['KeyPairId']}</keyPairId>",
    )
    return response


def _error(code: str, message: str) -> Response:
    from ministack.services import ec2

    response: Response = ec2._error(code, message, 400)
    return response
