"""Cloud9 environments, which clean-up removes."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from tsalab.cloud.account import Account
from tsalab.cloud.refusals import error_code
from tsalab.messages import say


class Environments:
    """The account's Cloud9 environments."""

    def __init__(self, account: Account) -> None:
        self._account = account

    @property
    def _api(self) -> Any:
        return self._account.client("cloud9")

    def named(self, name: str) -> list[str]:
        """Ids of the environments of exactly this name."""
        return [id_ for id_, known in self.starting(name).items() if known == name]

    def starting(self, start: str) -> dict[str, str]:
        """Names by id, of the environments whose name begins with ``start``.

        Cloud9 is closed to new customers and absent from some regions: both count as "none".
        """
        if not self._offered():
            return {}
        with self._account.doing(say("cloud.doing.cloud9")):
            try:
                ids = [i for page in self._pages() for i in page["environmentIds"]]
            except ClientError as error:
                # One of these also says that our own policy lacks the permission: that is no "none".
                closed = error_code(error) in {"AccessDeniedException", "ForbiddenException"}
                if closed and "not authorized to perform" not in str(error):
                    return {}
                raise
            rows: list[dict[str, Any]] = []
            for first in range(0, len(ids), 25):  # 25 is what DescribeEnvironments takes at most
                answer = self._api.describe_environments(environmentIds=ids[first : first + 25])
                rows += answer["environments"]
        return {row["id"]: row["name"] for row in rows if row["name"].startswith(start)}

    def delete(self, environment_id: str) -> None:
        """Ask for an environment's deletion."""
        with self._account.doing(say("cloud.doing.cloud9_delete", environment_id=environment_id)):
            self._api.delete_environment(environmentId=environment_id)

    def _offered(self) -> bool:
        """Whether the region has Cloud9, by botocore's own list of regions."""
        session, region = self._account.session, self._account.region
        partitions = session.get_available_partitions()
        return any(region in session.get_available_regions("cloud9", each) for each in partitions)

    def _pages(self) -> Any:
        return self._api.get_paginator("list_environments").paginate()
