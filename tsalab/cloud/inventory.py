"""What is left of the lab in an account, and how to remove what no stack removes.

An account may hold things of other people whose names are much alike. Only what bears the
lab's exact name is the lab's; of what no stack made, only what bears our tag too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from botocore.exceptions import ClientError

from tsalab.cloud.account import Account
from tsalab.cloud.cluster import Cluster
from tsalab.cloud.environments import Environments
from tsalab.cloud.refusals import error_code
from tsalab.cloud.replication import TAG as TAG  # on everything that we create outside of a stack
from tsalab.cloud.replication import Replication
from tsalab.cloud.replication_removal import INSTANCE, Removal
from tsalab.messages import say


@dataclass(frozen=True)
class Leftover:
    """One thing that still exists.

    Attributes
    ----------
    kind, name
        In words, and as the account has it.
    ours
        Whether it is the lab's; else it is only named much alike.
    why
        How that is known, in words.
    priced
        What it is counted as in an estimate (`tsalab.cost.monthly`); empty for what costs nothing.
    units
        Capacity units or GiB, where its price is for each.
    """

    kind: str
    name: str
    ours: bool = True
    why: str = field(default="", compare=False)
    priced: str = field(default="", compare=False)
    units: float = field(default=1.0, compare=False)


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
    bucket
        The data bucket; empty for the name that `data_bucket` gives.
    """

    stacks: Sequence[str] = ("TSAGallery", "TSA-Bootstrap")
    repositories: Sequence[str] = ("TSAGallery-API", "TSAGallery-SPA")
    key_pair: str = "TSAGallery"
    bucket: str = ""

    @property
    def gallery(self) -> str:
        """The gallery's stack, whose name many things begin with."""
        return self.stacks[0]

    @property
    def bootstrap(self) -> str:
        """The bootstrap stack, which holds the pipeline."""
        return self.stacks[1]

    @property
    def cluster(self) -> str:
        """Identifier of the cluster that step 4 names."""
        return f"{self.gallery}-database-cluster"

    @property
    def secret(self) -> str:
        """Name of the secret of step 3."""
        return f"{self.gallery}-RDSMasterSecret"

    def owns_bucket(self, account: Account, bucket: str) -> bool:
        """Whether a bucket has the data bucket's name, or one that CloudFormation made for our stacks."""
        data, artifacts = BUCKETS  # the first is the bootstrap stack's alone
        made = (f"{self.bootstrap}-{data}-", *(f"{stack}-{artifacts}-" for stack in self.stacks))
        own = tuple(start.lower() for start in made)
        return bucket == (self.bucket or data_bucket(account)) or bucket.startswith(own)


BUCKETS = ("StackData", "PipelineArtifacts")  # by their names in the templates


def data_bucket(account: Account) -> str:
    """Name that the start state gives the data bucket: nobody else's account has the same."""
    return f"tsagallery-data-{account.identity['account']}-{account.region}"


def leftovers(account: Account, names: Names) -> list[Leftover]:
    """Everything of the lab that the account still holds; empty after a complete clean-up.

    Raises
    ------
    CloudError
        When AWS refuses one of the questions: then the answer would not be complete.
    """
    return [thing for thing in _scan(account, names) if thing.ours]


def alike(account: Account, names: Names) -> list[Leftover]:
    """What is named like the lab's things and is not known to be the lab's: nobody here deletes it.

    Raises
    ------
    CloudError
        When AWS refuses one of the questions.
    """
    return [thing for thing in _scan(account, names) if not thing.ours]


def _scan(account: Account, names: Names) -> list[Leftover]:
    found: list[Leftover] = []
    for look in _LOOKS:
        found += look(account, names)
    return found


def repositories_there(account: Account, names: Names) -> list[str]:
    """The repositories of the lab's names that exist, whoever made them."""
    return [thing.name for thing in _repositories(account, names)]


def has_key_pair(account: Account, names: Names) -> bool:
    """Whether there is a key pair of the lab's name, whoever made it."""
    return any(_key_pairs(account, names))


def delete_repositories(account: Account, names: Names) -> list[str]:
    """Delete the lab's repositories; returns those that existed."""
    present = [thing.name for thing in _repositories(account, names) if thing.ours]
    for name in present:
        with account.doing(say("cloud.doing.repository_delete", name=name)):
            account.client("codecommit").delete_repository(repositoryName=name)
    return present


def delete_key_pair(account: Account, names: Names) -> list[str]:
    """Delete the lab's key pair; returns its name if it existed."""
    present = [thing.name for thing in _key_pairs(account, names) if thing.ours]
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
            yield Leftover(say("cloud.kind.stack"), row["StackName"], why=say("cloud.why.name"))


def _buckets(account: Account, names: Names) -> Iterator[Leftover]:
    starts = tuple(f"{name.lower()}-" for name in names.stacks)
    kind = say("cloud.kind.bucket")
    with account.doing(say("cloud.doing.buckets")):
        rows = account.client("s3").list_buckets()["Buckets"]
    for row in rows:
        if row["Name"] == names.bucket or row["Name"].startswith(starts):
            ours = names.owns_bucket(account, row["Name"])
            yield Leftover(kind, row["Name"], ours, why=say("cloud.why.stack"), priced="bucket", units=0)


def _secrets(account: Account, names: Names) -> Iterator[Leftover]:
    with account.doing(say("cloud.doing.secrets")):
        pages = account.client("secretsmanager").get_paginator("list_secrets").paginate()
        rows = [row for page in pages for row in page["SecretList"]]
    for row in rows:
        if row["Name"].startswith(f"{names.gallery}-"):
            ours = row["Name"] == names.secret
            why = say("cloud.why.stack")
            yield Leftover(say("cloud.kind.secret"), row["Name"], ours, why=why, priced="secret")


def _clusters(account: Account, names: Names) -> Iterator[Leftover]:
    cluster = Cluster(account, names.cluster)
    state = cluster.state()
    why = say("cloud.why.stack")
    if state is not None:
        units = 0 if state.paused else state.least_capacity
        yield Leftover(say("cloud.kind.cluster"), names.cluster, why=why, priced="cluster", units=units)
    why = say("cloud.why.cluster", name=names.cluster)
    for snapshot in cluster.snapshots():
        yield Leftover(say("cloud.kind.cluster_snapshot"), snapshot, why=why, priced="snapshot")


def _instances(account: Account, names: Names) -> Iterator[Leftover]:
    alive = {"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped"]}
    tag = {"Name": "tag:Name", "Values": [f"{names.gallery}::WebServer"]}
    with account.doing(say("cloud.doing.instances")):
        pages = account.client("ec2").get_paginator("describe_instances").paginate(Filters=[alive, tag])
        reservations = [row for page in pages for row in page["Reservations"]]
    for reservation in reservations:
        for instance in reservation["Instances"]:
            name, why = instance["InstanceId"], say("cloud.why.stack")
            stopped = instance["State"]["Name"] in ("stopping", "stopped")
            priced = "stopped-server" if stopped else "server"
            yield Leftover(say("cloud.kind.instance"), name, why=why, priced=priced)


def _repositories(account: Account, names: Names) -> Iterator[Leftover]:
    for name in names.repositories:
        with account.doing(say("cloud.doing.repository", name=name)):
            try:
                api = account.client("codecommit")
                arn = api.get_repository(repositoryName=name)["repositoryMetadata"]["Arn"]
                tags = api.list_tags_for_resource(resourceArn=arn)["tags"]
            except ClientError as error:
                if error_code(error) != "RepositoryDoesNotExistException":
                    raise
                continue
        ours, why = tags.get(TAG["Key"]) == TAG["Value"], say("cloud.why.tag", **TAG)
        yield Leftover(say("cloud.kind.repository"), name, ours, why=why)


def _key_pairs(account: Account, names: Names) -> Iterator[Leftover]:
    with account.doing(say("cloud.doing.key_pair")):
        rows = account.client("ec2").describe_key_pairs(
            Filters=[{"Name": "key-name", "Values": [names.key_pair]}]
        )
    for row in rows["KeyPairs"]:
        if row["KeyName"] == names.key_pair:  # whoever deletes believes no filter
            ours, why = TAG in row.get("Tags", []), say("cloud.why.tag", **TAG)
            yield Leftover(say("cloud.kind.key_pair"), row["KeyName"], ours, why=why)


def _environments(account: Account, names: Names) -> Iterator[Leftover]:
    for name in Environments(account).starting(names.gallery).values():
        ours, why = name == names.gallery, say("cloud.why.name")
        yield Leftover(say("cloud.kind.cloud9_environment"), name, ours, why=why, priced="stopped-server")


def _replications(account: Account, names: Names) -> Iterator[Leftover]:
    """What DMS has of the lab's: nothing where we may not look, for then nobody made anything there."""
    removal = Removal(Replication(account, names.gallery))
    for thing in removal.things() if removal.may_look() else ():
        priced = "replication" if thing.kind == INSTANCE else ""
        why = say("cloud.why.tag", **TAG)
        kind = say(f"cloud.replication.{thing.kind}")
        yield Leftover(kind, thing.name, removal.is_ours(thing), why=why, priced=priced)


_LOOKS: tuple[Callable[[Account, Names], Iterator[Leftover]], ...] = (
    _stacks,
    _buckets,
    _secrets,
    _clusters,
    _instances,
    _repositories,
    _key_pairs,
    _environments,
    _replications,
)
