"""An IAM role's inline policies: what the template gave it, and whether it is still there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tsalab.cloud.account import Account
from tsalab.messages import say


class Role:
    """A role by name."""

    def __init__(self, account: Account, name: str) -> None:
        self._account = account
        self.name = name

    @property
    def _api(self) -> Any:
        return self._account.client("iam")

    def policies(self) -> list[str]:
        """Names of its inline policies."""
        with self._account.doing(say("cloud.doing.role_policies", role=self.name)):
            pages = self._api.get_paginator("list_role_policies").paginate(RoleName=self.name)
            return [name for page in pages for name in page["PolicyNames"]]

    def put_policy(self, policy: str, document: Mapping[str, Any]) -> None:
        """Write an inline policy."""
        with self._account.doing(say("cloud.doing.role_policy_put", policy=policy, role=self.name)):
            self._api.put_role_policy(
                RoleName=self.name, PolicyName=policy, PolicyDocument=json.dumps(document)
            )

    def delete_policy(self, policy: str) -> None:
        """Take an inline policy away."""
        with self._account.doing(say("cloud.doing.role_policy_delete", policy=policy, role=self.name)):
            self._api.delete_role_policy(RoleName=self.name, PolicyName=policy)
