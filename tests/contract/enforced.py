"""A lab whose learner may do what one of the shipped policies says, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.contract.walk import ROOT
from tsalab.lab import Lab

FOLDER = ROOT / "templates" / "policies"


def statements(name: str) -> list[dict[str, Any]]:
    """Statements of a shipped policy."""
    found: list[dict[str, Any]] = json.loads((FOLDER / f"{name}.json").read_text())["Statement"]
    return found


def allow(session: Any, user: str, allowed: Sequence[dict[str, Any]]) -> None:
    """Give a user these statements and no others."""
    document = {"Version": "2012-10-17", "Statement": list(allowed)}
    session.client("iam").put_user_policy(
        UserName=user, PolicyName="Shipped", PolicyDocument=json.dumps(document)
    )


@contextmanager
def as_user(sandbox: Any, folder: Path, user: str, allowed: Sequence[dict[str, Any]]) -> Iterator[None]:
    """Let the sandbox's profile be a new user, while the block runs."""
    session = sandbox.session()
    iam = session.client("iam")
    iam.create_user(UserName=user)
    allow(session, user, allowed)
    key = iam.create_access_key(UserName=user)["AccessKey"]
    file = folder / f"{user}-credentials"
    file.write_text(
        f"[{sandbox.name}]\naws_access_key_id = {key['AccessKeyId']}\n"
        f"aws_secret_access_key = {key['SecretAccessKey']}\n"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_PROFILE", sandbox.name)
        patch.setenv("AWS_CONFIG_FILE", sandbox.env["AWS_CONFIG_FILE"])
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
        yield


@contextmanager
def opened(sandbox: Any, folder: Path, user: str, allowed: Sequence[dict[str, Any]]) -> Iterator[Lab]:
    """A lab of such a user."""
    with as_user(sandbox, folder, user, allowed):
        lab = Lab.open(sandbox.name, workdir=str(folder / "work"), method="copy", confirm="yes")
        try:
            yield lab
        finally:
            lab.close()
