"""The sandbox's own certificate authority: what RDS's is on AWS.

It signs for the names of the clusters' endpoints. Its certificate is the file that the
sandbox's profile names; its key stays in the private folder.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tsalab.files import write_private
from tsalab.sandbox.folder import Folder

_YEARS = datetime.timedelta(days=3650)
_EARLIER = datetime.timedelta(days=1)  # clocks differ
_LONGEST = 64  # characters of a common name
_USES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


class Authority:
    """Signs for the databases of one sandbox; made on first use, and kept.

    Parameters
    ----------
    folder
        The sandbox.

    Attributes
    ----------
    file
        Its certificate, as PEM: what clients verify by.
    """

    def __init__(self, folder: Folder) -> None:
        self.file = folder.path("tls", "ca.pem")
        self._key_file = folder.path("tls", "ca.key")
        if not self.file.exists():
            self._make(folder.name)

    def _make(self, sandbox: str) -> None:
        key = _new_key()
        name = _name(f"Sandbox {sandbox} Root CA")
        itself = _certificate(name, name, key.public_key(), key.public_key(), authority=True)
        write_private(self._key_file, _pem_of_key(key))
        write_private(self.file, _pem(itself.sign(key, hashes.SHA256())))  # last: both are there

    def certify(self, names: Sequence[str], certificate: Path, key: Path) -> None:
        """Write a certificate for a server, and its key; nothing when both are there.

        Parameters
        ----------
        names
            What the server is called.
        certificate, key
            Files, as PEM.
        """
        if certificate.exists() and key.exists():
            return
        ours = serialization.load_pem_private_key(self._key_file.read_bytes(), None)
        if not isinstance(ours, ec.EllipticCurvePrivateKey):
            raise TypeError(self._key_file)
        issuer = x509.load_pem_x509_certificate(self.file.read_bytes()).subject
        theirs = _new_key()
        wanted = _certificate(
            _name(names[0][:_LONGEST]), issuer, theirs.public_key(), ours.public_key(), authority=False
        ).add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        write_private(key, _pem_of_key(theirs))
        write_private(certificate, _pem(wanted.sign(ours, hashes.SHA256())))


def _new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())  # 0.1 ms, where RSA takes half a second


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    signer: ec.EllipticCurvePublicKey,
    *,
    authority: bool,
) -> x509.CertificateBuilder:
    """What RFC 5280 asks for; Python 3.13 and later verify strictly."""
    now = datetime.datetime.now(datetime.UTC)
    uses = {"key_cert_sign", "crl_sign"} if authority else {"digital_signature"}
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _EARLIER)
        .not_valid_after(now + _YEARS)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=0 if authority else None), True)
        .add_extension(x509.KeyUsage(**{use: use in uses for use in _USES}), True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer), False)
    )
    if authority:
        return made
    return made.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _pem_of_key(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
