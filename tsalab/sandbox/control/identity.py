"""Who may call the sandbox: a learner with random keys, and the control plane's own root session.

MiniStack takes the key ``test``, any twelve digits and the configured key for root,
whatever the signature says. Here nothing is root by its name: the learner is an IAM user
with an administrator's policy, and the plug-ins hold a session of the account's root that
lives in memory alone and is signed like any other.
"""

from __future__ import annotations

import json
import secrets
import string
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tsalab.files import write_private
from tsalab.sandbox.clock import FILE as CLOCK
from tsalab.sandbox.folder import Folder, read_json, write_json
from tsalab.sandbox.machines.authority import Authority

if TYPE_CHECKING:
    from tsalab.sandbox.control.context import Context

LEARNER = "learner"
TOUCHES = (
    "core.iam_evaluator.is_root_access_key",
    "core.responses.request_scope",
    "services.iam._access_keys",
    "services.iam._instance_profiles",
    "services.iam._roles",
    "services.iam._user_inline_policies",
    "services.iam._users",
    "services.sts._sessions",
    "services.sts.is_root_access_key",
    "services.sts.register_session",
)
_EVERYTHING = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
_ALPHABET = string.ascii_uppercase + "234567"  # what AWS makes its ids of (base 32)
_ROLE_SESSION_SECONDS = 6 * 3600  # as the instance metadata service hands them out


@dataclass(frozen=True)
class Identity:
    """Account, region and the learner's keys; kept in a private file."""

    account_id: str
    region: str
    access_key_id: str
    secret_access_key: str = field(repr=False)

    @classmethod
    def of(cls, folder: Folder, region: str) -> Identity:
        """Identity of a sandbox: the one it has, else a new random one."""
        file = folder.path("control", "identity.json")
        known = read_json(file)
        if not known:
            known = {
                "account_id": "".join(secrets.choice(string.digits[1:]) for _ in range(12)),
                "region": region,
                "access_key_id": new_key_id("AKIA"),
                "secret_access_key": new_secret(),
            }
            write_json(file, known)
        return cls(**known)


def new_key_id(prefix: str) -> str:
    """A random access key id, as AWS writes them."""
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(16))


def new_secret() -> str:
    """A random secret access key of 40 characters."""
    return secrets.token_urlsafe(30)


def harden() -> None:
    """No key is root by its name any more."""
    from ministack.core import iam_evaluator
    from ministack.services import sts

    def nobody(access_key_id: str) -> bool:  # noqa: ARG001 - the name is exactly what no longer counts
        return False

    iam_evaluator.is_root_access_key = nobody
    sts.is_root_access_key = nobody


def new_root_session(account_id: str) -> tuple[str, str]:
    """Register a session of the account's root for the plug-ins; never on disk.

    Returns
    -------
    tuple of str
        Access key id and secret access key.
    """
    from ministack.services import sts

    key, secret = new_key_id("ASIA"), new_secret()
    sts._sessions[key] = {
        "Arn": f"arn:aws:iam::{account_id}:root",
        "UserId": account_id,
        "AccountId": account_id,
        "PrincipalType": "Root",
        "SecretAccessKey": secret,
        "IssuedAt": time.time(),
    }
    return key, secret


def seed_learner(identity: Identity) -> None:
    """Make sure that the learner exists, with the keys that the profile holds."""
    from ministack.core.responses import request_scope
    from ministack.services import iam

    created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    with request_scope(identity.account_id, identity.region):
        if LEARNER not in iam._users:
            iam._users[LEARNER] = {
                "UserName": LEARNER,
                "Arn": f"arn:aws:iam::{identity.account_id}:user/{LEARNER}",
                "UserId": new_key_id("AIDA"),
                "CreateDate": created,
                "Path": "/",
                "PermissionsBoundary": "",
                "AttachedPolicies": [],
                "Tags": [],
            }
        iam._user_inline_policies.setdefault(LEARNER, {})["Administrator"] = json.dumps(_EVERYTHING)
        iam._access_keys[identity.access_key_id] = {
            "UserName": LEARNER,
            "AccessKeyId": identity.access_key_id,
            "SecretAccessKey": identity.secret_access_key,
            "Status": "Active",
            "CreateDate": created,
        }


def write_profile(folder: Folder, identity: Identity, endpoint_url: str) -> None:
    """Write the AWS profile, named as the sandbox, that the lab and ``aws`` use."""
    write_private(
        folder.path("aws", "config"),
        f"[profile {folder.name}]\n"
        f"region = {identity.region}\n"
        f"endpoint_url = {endpoint_url}\n"
        f"tsalab_ssh_config = {folder.path('ssh', 'config')}\n"
        f"tsalab_database_ca = {Authority(folder).file}\n"
        f"tsalab_clock = {folder.path(CLOCK)}\n"
        "tsalab_faults = allowed\n"
        "tsalab_variant = as-written\n"
        "output = json\n"
        "cli_pager =\n",
    )
    write_private(
        folder.path("aws", "credentials"),
        f"[{folder.name}]\n"
        f"aws_access_key_id = {identity.access_key_id}\n"
        f"aws_secret_access_key = {identity.secret_access_key}\n",
    )


def install(context: Context) -> None:
    """Give the machines a way to their role's credentials."""
    context.estate.servers.role_credentials = lambda role_name: role_credentials(context, role_name)


def role_credentials(context: Context, role_name: str) -> dict[str, str]:
    """Fresh credentials of an instance's role, as the credentials endpoint answers.

    Parameters
    ----------
    context
        The sandbox.
    role_name
        Role of the instance's profile. Its policies decide what the credentials may do.

    Raises
    ------
    PermissionError
        When there is no such role, or it does not trust EC2.
    """
    from ministack.services import iam, sts

    from tsalab.sandbox.control.pipeline.roles import trusts

    with context.scope():
        role: dict[str, Any] | None = iam._roles.get(role_name)
        if role is None:
            raise PermissionError(f"role {role_name} does not exist")
        if not trusts(role["AssumeRolePolicyDocument"], "ec2.amazonaws.com"):
            raise PermissionError(f"role {role_name} does not trust ec2.amazonaws.com")
        key, secret, token = new_key_id("ASIA"), new_secret(), secrets.token_urlsafe(200)
        expires = time.time() + _ROLE_SESSION_SECONDS
        sts.register_session(
            key,
            {
                "Arn": f"arn:aws:sts::{context.account_id}:assumed-role/{role_name}/i-sandbox",
                "UserId": f"{role['RoleId']}:i-sandbox",
                "AccountId": context.account_id,
                "PrincipalType": "AssumedRole",
                "SecretAccessKey": secret,
                "SessionToken": token,
                "Expiration": expires,
            },
        )
    return {
        "AccessKeyId": key,
        "SecretAccessKey": secret,
        "Token": token,
        "Expiration": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(expires)),
        "RoleArn": role["Arn"],
    }
