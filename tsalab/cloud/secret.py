"""The database's secret: who may connect, and where."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from tsalab.cloud.account import Account
from tsalab.cloud.refusals import error_code
from tsalab.errors import CloudError
from tsalab.messages import say

# What SecretTargetAttachment adds to username and password, as far as the app reads it.
NEEDED = ("username", "password", "host", "port", "dbname")


@dataclass(frozen=True)
class Credentials:
    """A secret's content; its representation never shows the password."""

    username: str
    host: str
    port: int
    dbname: str
    password: str = field(repr=False)


class Secret:
    """A secret by name or ARN."""

    def __init__(self, account: Account, name: str) -> None:
        self._account = account
        self.name = name

    @property
    def _api(self) -> Any:
        return self._account.client("secretsmanager")

    def described(self) -> dict[str, str] | None:
        """``name`` and ``arn``, or None when there is no such secret (or it is being deleted)."""
        with self._account.doing(say("cloud.doing.secret", secret=self.name)):
            try:
                answer = self._api.describe_secret(SecretId=self.name)
            except ClientError as error:
                if error_code(error) == "ResourceNotFoundException":
                    return None
                raise
        if answer.get("DeletedDate"):
            return None
        return {"name": answer["Name"], "arn": answer["ARN"]}

    def credentials(self) -> Credentials:
        """The secret's value.

        Raises
        ------
        CloudError
            When the secret is missing, not of the form the app expects, or lacks a field it reads.
        """
        with self._account.doing(say("cloud.doing.secret_value", secret=self.name)):
            answer = self._api.get_secret_value(SecretId=self.name)
        value = _parsed(answer.get("SecretString", ""))
        if value is None:
            raise CloudError.secret_malformed(self.name)
        missing = [name for name in NEEDED if not value.get(name)]
        if missing:
            raise CloudError.secret_incomplete(self.name, missing)
        return Credentials(
            username=value["username"],
            password=value["password"],
            host=value["host"],
            port=int(value["port"]),
            dbname=value["dbname"],
        )


def _parsed(text: str) -> dict[str, str] | None:
    """The secret's fields as text, or None when it has not the form that the app expects.

    Nothing of it is raised or quoted: a parser's message would hold a part of the secret.
    """
    try:
        value = json.loads(text)
    except ValueError:
        return None
    if not isinstance(value, dict):
        return None
    fields = {name: "" if field is None else str(field) for name, field in value.items()}
    port = fields.get("port", "")
    return fields if not port or port.isdecimal() else None
