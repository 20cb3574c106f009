"""What is left of the lab in an account, and how to remove what no stack removes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from botocore.exceptions import ClientError

from tsalab.cloud.account import Account
from tsalab.cloud.cluster import Cluster
from tsalab.cloud.environments import Environments
from tsalab.cloud.refusals import error_code
from tsalab.messages import say


@dataclass(frozen=True)
class Leftover:
    """One thing that still exists."""

    kind: str
    name: str


@dataclass(frozen=True)
class Names:
    """What the lab's things are called in this account.

    Parameters
    ----------
    stacks
        The gallery's stack, then the bootstrap stack.
    repositories
        CodeCommit repositories.
    key_pair
        EC2 key pair of lab 1.
    """

    stacks: Sequence[str] = ("TSAGallery", "TSA-Bootstrap")
    repositories: Sequence[str] = ("TSAGallery-API", "TSAGallery-SPA")
    key_pair: str = "TSAGallery"

    @property
    def gallery(self) -> str:
        """The gallery's stack, whose name many things begin with."""
        return self.stacks[0]

    @property
    def cluster(self) -> str:
        """Identifier of the cluster that step 4 names."""
        return f"{self.gallery}-database-cluster"


def leftovers(account: Account, names: Names) -> list[Leftover]:
    """Everything of the lab that the account still holds; empty after a complete clean-up.

    Raises
    ------
    CloudError
        When AWS refuses one of the questions: then the answer would not be complete.
    """
    found: list[Leftover] = []
    for look in _LOOKS:
        found += look(account, names)
    return found


def delete_repositories(account: Account, names: Names) -> list[str]:
    """Delete the lab's repositories; returns those that existed."""
    present = [leftover.name for leftover in _repositories(account, names)]
    for name in present:
        with account.doing(say("cloud.doing.repository_delete", name=name)):
            account.client("codecommit").delete_repository(repositoryName=name)
    return present


def delete_key_pair(account: Account, names: Names) -> list[str]:
    """Delete the lab's key pair; returns its name if it existed."""
    present = [leftover.name for leftover in _key_pairs(account, names)]
    for name in present:
        with account.doing(say("cloud.doing.key_pair_delete", name=name)):
            account.client("ec2").delete_key_pair(KeyName=name)
    return present


def _stacks(account: Account, names: Names) -> Iterator[Leftover]:
    with account.doing(say("cloud.doing.stacks")):
        pages = account.client("cloudformation").get_paginator("list_stacks").paginate()
        rows = [row for page in pages for row in page["StackSummaries"]]
    for row in rows:
        if row["StackName"] in names.stacks and row["StackStatus"] != "DELETE_COMPLETE":
            yield Leftover(say("cloud.kind.stack"), row["StackName"])


def _buckets(account: Account, names: Names) -> Iterator[Leftover]:
    starts = tuple(f"{name.lower()}-" for name in names.stacks)
    with account.doing(say("cloud.doing.buckets")):
        rows = account.client("s3").list_buckets()["Buckets"]
    for row in rows:
        if row["Name"].startswith(starts):
            yield Leftover(say("cloud.kind.bucket"), row["Name"])


def _secrets(account: Account, names: Names) -> Iterator[Leftover]:
    with account.doing(say("cloud.doing.secrets")):
        pages = account.client("secretsmanager").get_paginator("list_secrets").paginate()
        rows = [row for page in pages for row in page["SecretList"]]
    for row in rows:
        if row["Name"].startswith(f"{names.gallery}-"):
            yield Leftover(say("cloud.kind.secret"), row["Name"])


def _clusters(account: Account, names: Names) -> Iterator[Leftover]:
    cluster = Cluster(account, names.cluster)
    if cluster.state() is not None:
        yield Leftover(say("cloud.kind.cluster"), names.cluster)
    for snapshot in cluster.snapshots():
        yield Leftover(say("cloud.kind.cluster_snapshot"), snapshot)


def _instances(account: Account, names: Names) -> Iterator[Leftover]:
    alive = {"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped"]}
    tag = {"Name": "tag:Name", "Values": [f"{names.gallery}::WebServer"]}
    with account.doing(say("cloud.doing.instances")):
        pages = account.client("ec2").get_paginator("describe_instances").paginate(Filters=[alive, tag])
        reservations = [row for page in pages for row in page["Reservations"]]
    for reservation in reservations:
        for instance in reservation["Instances"]:
            yield Leftover(say("cloud.kind.instance"), instance["InstanceId"])


def _repositories(account: Account, names: Names) -> Iterator[Leftover]:
    for name in names.repositories:
        with account.doing(say("cloud.doing.repository", name=name)):
            try:
                account.client("codecommit").get_repository(repositoryName=name)
            except ClientError as error:
                if error_code(error) != "RepositoryDoesNotExistException":
                    raise
                continue
        yield Leftover(say("cloud.kind.repository"), name)


def _key_pairs(account: Account, names: Names) -> Iterator[Leftover]:
    with account.doing(say("cloud.doing.key_pair")):
        rows = account.client("ec2").describe_key_pairs(
            Filters=[{"Name": "key-name", "Values": [names.key_pair]}]
        )
    for row in rows["KeyPairs"]:
        if row["KeyName"] == names.key_pair:  # whoever deletes believes no filter
            yield Leftover(say("cloud.kind.key_pair"), row["KeyName"])


def _environments(account: Account, names: Names) -> Iterator[Leftover]:
    for name in Environments(account).named(names.gallery).values():
        yield Leftover(say("cloud.kind.cloud9_environment"), name)


_LOOKS: tuple[Callable[[Account, Names], Iterator[Leftover]], ...] = (
    _stacks,
    _buckets,
    _secrets,
    _clusters,
    _instances,
    _repositories,
    _key_pairs,
    _environments,
)
