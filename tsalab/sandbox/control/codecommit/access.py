"""Who may read and write a repository over git.

Two kinds of credentials, as with CodeCommit: a user name and password made for an IAM user
(a *service-specific credential*), and the signature that ``aws codecommit
credential-helper`` makes of any access key. What either may do, IAM policies decide.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from tsalab.sandbox.control.codecommit import names

SERVICE = "codecommit.amazonaws.com"
PULL, PUSH = "codecommit:GitPull", "codecommit:GitPush"
_MOST_A_USER = 2  # AWS's quota
_SKEW_SECONDS = 15 * 60
_SIGNED = re.compile(r"(\d{8}T\d{6})Z([0-9a-f]{64})")


class Credentials:
    """The users' git credentials.

    Parameters
    ----------
    account_id
        Part of the user names.
    changed
        Called when a row was added, changed or removed.

    Attributes
    ----------
    rows
        By credential id, as IAM shows them, with the password and the user's id.
    """

    def __init__(self, account_id: str, changed: Callable[[], None]) -> None:
        self.rows: dict[str, dict[str, str]] = {}
        self._account_id = account_id
        self._changed = changed

    def __repr__(self) -> str:
        return f"Credentials({len(self.rows)} rows)"

    def of_user(self, user: str) -> list[dict[str, str]]:
        """A user's rows."""
        return [row for row in self.rows.values() if row["UserName"] == user]

    def create(self, user: str, user_id: str) -> dict[str, str]:
        """Make a user name and password.

        Raises
        ------
        OverflowError
            When the user has as many as AWS allows.
        """
        number = len(self.of_user(user))
        if number >= _MOST_A_USER:
            raise OverflowError(f"Cannot exceed quota for ServiceSpecificCredentialsPerUser: {_MOST_A_USER}")
        taken = {row["ServiceUserName"] for row in self.rows.values()}
        tries = (f"{user}{suffix}-at-{self._account_id}" for suffix in ("", "+1", "+2"))
        key = "ACCA" + secrets.token_hex(8).upper()
        self.rows[key] = {
            "UserName": user,
            "UserId": user_id,
            "Status": "Active",
            "ServiceUserName": next(name for name in tries if name not in taken),
            "ServicePassword": _password(),
            "CreateDate": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "ServiceSpecificCredentialId": key,
            "ServiceName": SERVICE,
        }
        self._changed()
        return self.rows[key]

    def reset(self, key: str) -> dict[str, str]:
        """Give a row a new password."""
        self.rows[key]["ServicePassword"] = _password()
        self._changed()
        return self.rows[key]

    def set_status(self, key: str, status: str) -> None:
        """Make a row ``Active`` or ``Inactive``."""
        self.rows[key]["Status"] = status
        self._changed()

    def delete(self, key: str) -> None:
        """Remove a row."""
        del self.rows[key]
        self._changed()

    def find(self, name: str, password: str) -> dict[str, str] | None:
        """The active row with this user name and password."""
        row = next((r for r in self.rows.values() if r["ServiceUserName"] == name), None)
        expected = row["ServicePassword"] if row else secrets.token_urlsafe(8)
        same = hmac.compare_digest(expected.encode(), password.encode())
        return row if row and same and row["Status"] == "Active" else None


class Gate:
    """Decides on a git request.

    Parameters
    ----------
    credentials
        The users' git credentials.
    account_id, region
        Whose repositories, and where.
    """

    def __init__(self, credentials: Credentials, account_id: str, region: str) -> None:
        self._credentials = credentials
        self._account_id = account_id
        self._region = region
        self.pushing: dict[str, Any] = {}  # the last credential that was admitted to push, by repository

    def __call__(self, username: str, password: str, url: str, permission: str) -> bool:
        """Whether the credentials are good, and may do it.

        Parameters
        ----------
        username, password
            As HTTP basic authentication brings them.
        url
            The repository's address as the client wrote it.
        permission
            ``codecommit:GitPull`` or ``codecommit:GitPush``.

        Returns
        -------
        bool
            False for credentials that nobody has.

        Raises
        ------
        PermissionError
            When they are good, and no policy allows it.
        """
        from ministack.core.responses import request_scope

        with request_scope(self._account_id, self._region):
            credential = self._user(username, password) or self._signer(username, password, url)
            if credential is None:
                return False
            name = urlsplit(url).path.rsplit("/", 1)[-1].removesuffix(".git")
            if not names.is_repository_name(name):
                raise PermissionError(f"{name!r} is not the name of a repository")
            arn = f"arn:aws:codecommit:{self._region}:{self._account_id}:{name}"
            if not self._allowed(credential, permission, arn):
                who = credential.principal_arn
                raise PermissionError(
                    f"User: {who} is not authorized to perform: {permission} on resource: {arn}"
                )
            if permission == PUSH:
                self.pushing[name] = credential
            return True

    def _user(self, username: str, password: str) -> Any:
        from ministack.core.iam_evaluator import ResolvedCredential
        from ministack.services import iam

        row = self._credentials.find(username, password)
        user = iam._users.get(row["UserName"]) if row else None
        if row is None or user is None or user["UserId"] != row["UserId"]:
            return None
        return ResolvedCredential(
            access_key_id="",
            secret_access_key="",
            account_id=self._account_id,
            principal_arn=user["Arn"],
            principal_id=user["UserId"],
            principal_type="User",
            principal_name=row["UserName"],
        )

    def _signer(self, username: str, password: str, url: str) -> Any:
        from ministack.core.iam_evaluator import CredentialResolutionError, resolve_credential

        signed = _SIGNED.fullmatch(password)
        if signed is None:
            return None
        key, _, token = username.partition("%")
        credential = resolve_credential(key, self._account_id, token)
        if isinstance(credential, CredentialResolutionError):
            return None
        when = datetime.strptime(signed[1], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
        if abs((datetime.now(UTC) - when).total_seconds()) > _SKEW_SECONDS:
            return None
        expected = signature(credential.secret_access_key, signed[1], self._region, url)
        return credential if hmac.compare_digest(expected, signed[2]) else None

    def _allowed(self, credential: Any, permission: str, arn: str) -> bool:
        from ministack.core.iam_evaluator import AuthError, EvalContext, evaluate, resolve_principal

        principal = resolve_principal(credential.access_key_id, self._account_id, credential)
        if isinstance(principal, AuthError):
            return False
        if principal.policies is None:  # the account's root
            return True
        asked = EvalContext(
            principal_arn=principal.arn,
            principal_type=principal.type,
            principal_account=principal.account,
            action=permission,
            resource_arn=arn,
            region=self._region,
            principal_keys=principal.keys,
        )
        return bool(evaluate(asked, principal.policies, *principal.limits).decision == "Allow")


def signature(secret: str, timestamp: str, region: str, url: str) -> str:
    """What ``aws codecommit credential-helper`` makes of a secret key: SigV4 over the method ``GIT``.

    Parameters
    ----------
    secret
        Secret access key.
    timestamp
        ``%Y%m%dT%H%M%S`` in UTC.
    region
        The client's.
    url
        Address of the repository; its port does not count.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    from ministack.core.sigv4 import derive_signing_key

    parts = urlsplit(url)
    canonical = f"GIT\n{parts.path}\n\nhost:{parts.hostname or ''}\n\nhost\n"
    scope = f"{timestamp[:8]}/{region}/codecommit/aws4_request"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = f"AWS4-HMAC-SHA256\n{timestamp}\n{scope}\n{digest}"
    key = derive_signing_key(secret, timestamp[:8], region, "codecommit")
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def _password() -> str:
    return secrets.token_urlsafe(32) + "="
