"""CodeCommit repositories, read through the API."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from botocore.exceptions import ClientError

from tsalab.cloud.account import Account
from tsalab.cloud.refusals import error_code
from tsalab.errors import CloudError
from tsalab.messages import say

BRANCH = "master"


class Repository:
    """A repository by name."""

    def __init__(self, account: Account, name: str) -> None:
        self._account = account
        self.name = name

    @property
    def _api(self) -> Any:
        return self._account.client("codecommit")

    def clone_url(self) -> str:
        """``cloneUrlHttp``.

        Raises
        ------
        CloudError
            When there is no such repository.
        """
        with self._account.doing(say("cloud.doing.repository_find", repository=self.name)):
            answer = self._api.get_repository(repositoryName=self.name)
        return str(answer["repositoryMetadata"]["cloneUrlHttp"])

    def head(self) -> str:
        """Commit id at the tip of the branch."""
        with self._account.doing(say("cloud.doing.branch", branch=BRANCH, repository=self.name)):
            answer = self._api.get_branch(repositoryName=self.name, branchName=BRANCH)
        return str(answer["branch"]["commitId"])

    def branches(self) -> dict[str, str]:
        """Commit id at the tip of each branch, by the branch's name."""
        with self._account.doing(say("cloud.doing.branches", repository=self.name)):
            pages = self._api.get_paginator("list_branches").paginate(repositoryName=self.name)
            names = [name for page in pages for name in page["branches"]]
            found = [self._api.get_branch(repositoryName=self.name, branchName=name) for name in names]
        return {row["branch"]["branchName"]: row["branch"]["commitId"] for row in found}

    def file(self, path: str) -> str:
        """A file's text at the tip of the branch.

        Raises
        ------
        CloudError
            When the file is not there.
        """
        with self._account.doing(say("cloud.doing.file", path=path, repository=self.name)):
            try:
                answer = self._api.get_file(repositoryName=self.name, commitSpecifier=BRANCH, filePath=path)
            except ClientError as error:
                if error_code(error) != "FileDoesNotExistException":
                    raise
                raise CloudError.missing(
                    say("cloud.kind.file_in", path=path), self.name, say("cloud.missing.restore_file")
                ) from error
        return bytes(answer["fileContent"]).decode("utf-8", "replace")


def present(account: Account, names: Iterable[str]) -> set[str]:
    """Which of some repositories exist."""
    asked = list(names)
    with account.doing(say("cloud.doing.repositories", names=", ".join(asked))):
        answer = account.client("codecommit").batch_get_repositories(repositoryNames=asked)
    return {str(row["repositoryName"]) for row in answer["repositories"]}
