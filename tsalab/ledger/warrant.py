"""A warrant: whom an instructor's key lets sign, for which learner and which sandbox.

The instructor's key signs warrants and nothing else. So it never goes near a learner's
kernel, nor to another machine: each sandbox gets a key of its own, made for it, that can
speak for one learner only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from tsalab.ledger import keys
from tsalab.records import canonical, utc_now

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_PURPOSE = "warrant"


@dataclass(frozen=True)
class Warrant:
    """A signed statement: this key signs the ledger of that learner's sandbox.

    Parameters
    ----------
    learner
        Whose ledger; empty when nobody said.
    sandbox
        Name of the sandbox.
    key
        The sandbox's public key.
    issuer
        Public key of who says so: an instructor's, or the sandbox's own.
    issued
        When, UTC.
    signature
        Of all this, by the issuer.
    """

    learner: str
    sandbox: str
    key: str
    issuer: str
    issued: str
    signature: str = ""

    @property
    def own(self) -> bool:
        """Whether the sandbox vouches for itself alone."""
        return self.issuer == self.key

    @property
    def holds(self) -> bool:
        """Whether the issuer signed it."""
        return keys.verifies(self.issuer, self.signature, _PURPOSE, self._body())

    def _body(self) -> bytes:
        return canonical({name: value for name, value in asdict(self).items() if name != "signature"})

    def to_json(self) -> dict[str, str]:
        """Every field."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: object) -> Self:
        """Read what `to_json` wrote.

        Raises
        ------
        ValueError
            When it is something else.
        """
        fields = set(cls.__dataclass_fields__)
        if not isinstance(data, Mapping) or set(data) != fields:
            raise ValueError
        if not all(isinstance(value, str) for value in data.values()):
            raise ValueError
        return cls(**data)


@dataclass(frozen=True)
class Commission:
    """A warrant with the private key that it is about.

    Parameters
    ----------
    warrant
        The statement.
    key
        The private key, as one word; never stored, shown or logged.
    """

    warrant: Warrant
    key: str = field(repr=False)

    @classmethod
    def issue(cls, issuer: Ed25519PrivateKey | None, learner: str, sandbox: str) -> Self:
        """Make a key for a sandbox, and the warrant for it.

        Parameters
        ----------
        issuer
            The instructor's key; without one the sandbox vouches for itself.
        learner, sandbox
            Whose ledger, and of what.
        """
        own = keys.new()
        by = issuer or own
        issued = utc_now().astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        bare = Warrant(learner, sandbox, keys.public_of(own), keys.public_of(by), issued)
        signed = keys.sign(by, _PURPOSE, bare._body())
        return cls(Warrant(**{**bare.to_json(), "signature": signed}), keys.private_text(own))

    def sign(self, purpose: str, data: bytes) -> str:
        """Sign with the sandbox's key."""
        return keys.sign(keys.private_of(self.key), purpose, data)

    def to_json(self) -> dict[str, Any]:
        """For a pipe to the process that is to have it."""
        return {"warrant": self.warrant.to_json(), "key": self.key}

    @classmethod
    def from_json(cls, data: object) -> Self:
        """Read what `to_json` wrote.

        Raises
        ------
        ValueError
            When it is something else, or key and warrant do not belong together.
        """
        if not isinstance(data, Mapping) or set(data) != {"warrant", "key"}:
            raise ValueError
        warrant = Warrant.from_json(data["warrant"])
        if keys.public_of(keys.private_of(str(data["key"]))) != warrant.key or not warrant.holds:
            raise ValueError
        return cls(warrant, str(data["key"]))


def issued_at(warrant: Warrant) -> datetime:
    """When a warrant was issued.

    Raises
    ------
    ValueError
        When that is no moment.
    """
    return datetime.fromisoformat(warrant.issued)
