"""CodeCommit's API: repositories and branches. Commits and files are in `commits`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tsalab.sandbox.control.borrowed import RefusedError, demand
from tsalab.sandbox.control.codecommit import names
from tsalab.sandbox.control.codecommit.access import Credentials
from tsalab.sandbox.control.codecommit.commits import Commits
from tsalab.sandbox.control.codecommit.git import Bare, GitError
from tsalab.sandbox.control.codecommit.repositories import NOWHERE, Repositories
from tsalab.sandbox.control.context import Context
from tsalab.sandbox.control.json_service import Answer, ApiError, JsonService

_LONGEST_DESCRIPTION = 1000
_MOST_REPOSITORIES_A_BATCH = 25


class CodeCommit(JsonService):
    """The service.

    Parameters
    ----------
    context
        The sandbox.
    base_url
        Gives the git server's address (``http://127.0.0.1:21000``).
    """

    def __init__(self, context: Context, base_url: Callable[[], str]) -> None:
        super().__init__(context, "codecommit", "CodeCommit_20150413")
        from tsalab.sandbox.processes import MARKER

        self.base_url = base_url
        self.environment = {MARKER: str(context.folder.root)}  # so that git's processes are found
        self.repositories = Repositories(context.folder.path("repositories"), self.environment)
        self.credentials = Credentials(context.account_id, self.changed)
        self.operations = {
            "CreateRepository": self._create_repository,
            "GetRepository": self._get_repository,
            "BatchGetRepositories": self._batch_get_repositories,
            "ListRepositories": self._list_repositories,
            "DeleteRepository": self._delete_repository,
            "UpdateRepositoryName": self._update_repository_name,
            "UpdateRepositoryDescription": self._update_repository_description,
            "UpdateDefaultBranch": self._update_default_branch,
            "CreateBranch": self._create_branch,
            "GetBranch": self._get_branch,
            "ListBranches": self._list_branches,
            "DeleteBranch": self._delete_branch,
            "TagResource": self._tag_resource,
            "UntagResource": self._untag_resource,
            "ListTagsForResource": self._list_tags,
            **Commits(self.repositories).operations,
        }

    def state(self) -> Answer:
        """Git credentials of the users; all else lies in the repositories themselves."""
        return {"credentials": self.credentials.rows}

    def restore(self, data: Answer) -> None:
        """Take back `state`."""
        self.credentials.rows = data.get("credentials", {})

    def resource(self, operation: str, request: Answer) -> str:
        """The repository's ARN; of several that are asked for at once, the first one's."""
        del operation
        several = request.get("repositoryNames")
        first = several[0] if isinstance(several, list) and several else None
        name = request.get("repositoryName") or request.get("oldName") or first
        if isinstance(name, str) and names.is_repository_name(name):
            return self.arn(name)
        arn = request.get("resourceArn")
        return arn if isinstance(arn, str) and arn else "*"

    def metadata(self, name: str) -> Answer:
        """A repository as GetRepository shows it."""
        facts = self.repositories.facts(name)
        answer = {
            "accountId": self.context.account_id,
            "repositoryId": facts["id"],
            "repositoryName": name,
            "lastModifiedDate": facts["modified"],
            "creationDate": facts["created"],
            "cloneUrlHttp": f"{self.base_url()}/v1/repos/{name}",
            "cloneUrlSsh": "",  # there is no git over SSH here
            "Arn": self.arn(name),
        }
        if facts["description"]:
            answer["repositoryDescription"] = facts["description"]
        branch = self.repositories.default_branch(name)
        if branch:
            answer["defaultBranch"] = branch
        return answer

    def _create_repository(self, request: Answer) -> Answer:
        if request.get("kmsKeyId"):
            raise ApiError(
                "OperationNotAllowedException", "The sandbox keeps repositories without a key of your own."
            )
        name = request["repositoryName"]
        description = _description(request.get("repositoryDescription"))
        self.repositories.create(name, description, request.get("tags") or {})
        return {"repositoryMetadata": self.metadata(name)}

    def _get_repository(self, request: Answer) -> Answer:
        return {"repositoryMetadata": self.metadata(request["repositoryName"])}

    def _batch_get_repositories(self, request: Answer) -> Answer:
        wanted = request["repositoryNames"]
        if len(wanted) > _MOST_REPOSITORIES_A_BATCH:
            raise ApiError(
                "MaximumRepositoryNamesExceededException", "At most 25 repositories can be asked for at once."
            )
        for name in filter(names.is_repository_name, wanted):  # the first has been asked for with the request
            try:
                demand(self.context, "codecommit:BatchGetRepositories", self.arn(name))
            except RefusedError as error:
                raise ApiError("AccessDeniedException", str(error)) from None
        there = [name for name in wanted if names.repository(name) in self.repositories]
        missing = [name for name in wanted if name not in there]
        return {
            "repositories": [self.metadata(name) for name in there],
            "repositoriesNotFound": missing,
            "errors": [
                {
                    "repositoryName": name,
                    "errorCode": "RepositoryDoesNotExistException",
                    "errorMessage": f"{name} does not exist",
                }
                for name in missing
            ],
        }

    def _list_repositories(self, request: Answer) -> Answer:
        rows = [(name, self.repositories.facts(name)) for name in self.repositories.names()]
        if request.get("sortBy") == "lastModifiedDate":
            rows.sort(key=lambda row: row[1]["modified"])
        if request.get("order") == "descending":
            rows.reverse()
        return {"repositories": [{"repositoryName": n, "repositoryId": facts["id"]} for n, facts in rows]}

    def _delete_repository(self, request: Answer) -> Answer:
        known = self.repositories.delete(request["repositoryName"])
        return {"repositoryId": known} if known else {}

    def _update_repository_name(self, request: Answer) -> None:
        self.repositories.rename(request["oldName"], request["newName"])

    def _update_repository_description(self, request: Answer) -> None:
        name = request["repositoryName"]
        self.repositories.facts(name)
        self.repositories.update(name, description=_description(request.get("repositoryDescription")))

    def _update_default_branch(self, request: Answer) -> None:
        name, branch = request["repositoryName"], names.branch(request["defaultBranchName"])
        self._tip(self.repositories.git(name), branch)
        self.repositories.git(name).set_head(branch)

    def _create_branch(self, request: Answer) -> None:
        name, branch = request["repositoryName"], names.branch(request["branchName"])
        git = self.repositories.git(name)
        commit = git.commit_id(names.specifier(request["commitId"]))
        if commit is None:
            raise ApiError("CommitDoesNotExistException", f"{request['commitId']} does not exist")
        try:
            git.move(branch, commit, NOWHERE)
        except GitError:
            raise ApiError("BranchNameExistsException", f"Branch {branch} already exists") from None
        self.repositories.moved(name, branch, commit)

    def _get_branch(self, request: Answer) -> Answer:
        git = self.repositories.git(request["repositoryName"])
        branch = names.branch(request.get("branchName") or git.head())
        return {"branch": {"branchName": branch, "commitId": self._tip(git, branch)}}

    def _list_branches(self, request: Answer) -> Answer:
        return {"branches": sorted(self.repositories.git(request["repositoryName"]).branches())}

    def _delete_branch(self, request: Answer) -> Answer:
        name, branch = request["repositoryName"], names.branch(request["branchName"])
        git = self.repositories.git(name)
        if self.repositories.default_branch(name) == branch:
            raise ApiError("DefaultBranchCannotBeDeletedException", f"{branch} is the default branch")
        commit = git.branches().get(branch)
        if commit is None:
            return {}
        git.remove_branch(branch, commit)
        self.repositories.moved(name, branch, NOWHERE)
        return {"deletedBranch": {"branchName": branch, "commitId": commit}}

    def _tag_resource(self, request: Answer) -> None:
        name = self._named(request)
        self.repositories.update(name, tags={**self.repositories.facts(name)["tags"], **request["tags"]})

    def _untag_resource(self, request: Answer) -> None:
        name = self._named(request)
        tags: dict[str, Any] = self.repositories.facts(name)["tags"]
        self.repositories.update(name, tags={k: v for k, v in tags.items() if k not in request["tagKeys"]})

    def _list_tags(self, request: Answer) -> Answer:
        return {"tags": self.repositories.facts(self._named(request))["tags"]}

    def _named(self, request: Answer) -> str:
        arn: str = request["resourceArn"]
        prefix = self.arn("")
        if not arn.startswith(prefix):
            raise ApiError("InvalidResourceArnException", f"{arn} is not a repository of this account.")
        return arn.removeprefix(prefix)

    @staticmethod
    def _tip(git: Bare, branch: str) -> str:
        commit = git.branches().get(branch)
        if commit is None:
            raise ApiError("BranchDoesNotExistException", f"Branch {branch} does not exist")
        return commit


def _description(text: str | None) -> str:
    if text and len(text) > _LONGEST_DESCRIPTION:
        raise ApiError("InvalidRepositoryDescriptionException", "A description has at most 1000 characters.")
    return text or ""
