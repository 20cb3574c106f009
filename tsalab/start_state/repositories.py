"""The CodeCommit repositories, created through the API and filled by ``git push``."""

from __future__ import annotations

from tsalab.cloud.git import signed
from tsalab.cloud.inventory import TAG
from tsalab.messages import say
from tsalab.start_state.history import History, push
from tsalab.start_state.run import Run


def create(run: Run, wanted: History) -> None:
    """Create a repository and push its history; one that has a branch is left alone."""
    api, name = run.account.client("codecommit"), wanted.repository
    with run.account.doing(say("cloud.doing.repository_create", name=name)):
        try:
            made = api.create_repository(
                repositoryName=name, repositoryDescription=wanted.description, tags={TAG["Key"]: TAG["Value"]}
            )
        except api.exceptions.RepositoryNameExistsException:
            made = api.get_repository(repositoryName=name)
            if api.list_branches(repositoryName=name).get("branches"):
                run.tell(say("start_state.part.repository"), say("start_state.there", name=name))
                return
    url = made["repositoryMetadata"]["cloneUrlHttp"]
    options, secret = signed(run.account.core, run.account.region, url)
    head = push(wanted, url, options=options, environment=secret)
    run.tell(
        say("start_state.part.repository"),
        say("start_state.repository_created", name=name, commits=len(wanted.commits), head=head[:8]),
    )
