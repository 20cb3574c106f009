"""What a step leaves in an account's trail: which call, on what.

Only steps that AWS itself takes part in leave anything. What CloudFormation creates is told
under the operation that it called; what the lab's records name (a version, a commit, a
cluster) has to be in the event.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tsalab.grade.examining import Examined
from tsalab.grade.shipped import StepId
from tsalab.grade.trail.events import Event

_STACK = "tsagallery"
_CLUSTER = "-database-cluster"
_DATA = "s3.amazonaws.com"


@dataclass(frozen=True)
class Claim:
    """What the records say that an event can be held against.

    Parameters
    ----------
    stack
        Name of the gallery's stack, in lower case.
    facts
        Of each step's record.
    """

    stack: str
    facts: Mapping[StepId, Mapping[str, Any]]

    @classmethod
    def of(cls, examined: Examined) -> Claim:
        """What a submission's records say."""
        facts = {step: record.facts for step, record in examined.outcomes.items()}
        cluster = str(facts.get(9, {}).get("cluster", ""))
        return cls(cluster.removesuffix(_CLUSTER).lower() if cluster.endswith(_CLUSTER) else _STACK, facts)

    def fact(self, step: StepId, name: str) -> str:
        """One fact as text; empty when the records do not say it."""
        return str(self.facts.get(step, {}).get(name, ""))


Fits = Callable[[Event, Claim], bool]


@dataclass(frozen=True)
class Footprint:
    """An event that a step leaves.

    Parameters
    ----------
    source
        The service's name.
    names
        Operations, any of which will do.
    fits
        Whether an event is about what the records say.
    optional
        Whether a trail may be without it: a data event, which nobody has to keep, or one of a
        service whose events are in another region.
    by
        Step by whose end it has to be there; its own when None. What stands in the template
        is made when that is deployed.
    """

    source: str
    names: tuple[str, ...]
    fits: Fits
    optional: bool = False
    by: StepId | None = None

    def found(self, event: Event, claim: Claim) -> bool:
        """Whether an event is this one."""
        named = event.source == f"{self.source}.amazonaws.com" and event.name in self.names
        return named and self.fits(event, claim)


def _text(value: object) -> str:
    return value.lower() if isinstance(value, str) else ""


def _named(parameter: str, ending: str = "") -> Fits:
    """The parameter is a name of the lab: the stack's, with an ending."""

    def fits(event: Event, claim: Claim) -> bool:
        given = _text(event.request.get(parameter))
        if given.startswith("arn:"):  # a stack may be named by its id
            given = given.split("/")[1] if "/" in given else given
        return given.startswith(claim.stack) if ending == "*" else given == claim.stack + ending

    return fits


def _cluster(event: Event, claim: Claim) -> bool:
    wanted = claim.fact(9, "cluster").lower() or claim.stack + _CLUSTER
    return _text(event.request.get("dBClusterIdentifier")) == wanted


def _upload(event: Event, claim: Claim) -> bool:
    key, bucket, version = claim.fact(7, "key"), claim.fact(7, "bucket"), claim.fact(8, "version")
    if not key or event.request.get("key") != key or event.request.get("bucketName") != bucket:
        return False
    told = _text(event.response.get("x-amz-version-id"))
    return not told or told == version.lower()


def _secret_read(event: Event, claim: Claim) -> bool:
    return f"{claim.stack}-rdsmastersecret" in _text(event.request.get("secretId"))


def _by_server(event: Event, claim: Claim) -> bool:
    return _secret_read(event, claim) and f"assumed-role/{claim.stack}serverrole" in event.who.lower()


def _by_somebody(event: Event, claim: Claim) -> bool:
    return _secret_read(event, claim) and not _by_server(event, claim)


def _commit(event: Event, claim: Claim) -> bool:
    commit = claim.fact(24, "commit")
    references = event.request.get("references")
    pushed = references if isinstance(references, list) else []
    told = {str(one.get("commit", "")) for one in pushed if isinstance(one, dict)}
    return bool(commit) and commit in told | {str(event.response.get("commitId", ""))}


def _bootstrap(event: Event, claim: Claim) -> bool:
    return not _named("stackName")(event, claim)


_DEPLOYS = ("UpdateStack", "ExecuteChangeSet", "CreateChangeSet")
FOOTPRINTS: Mapping[StepId, Footprint] = {
    2: Footprint("rds", ("CreateDBSubnetGroup",), _named("dBSubnetGroupName", "*"), by=9),
    3: Footprint("secretsmanager", ("CreateSecret",), _named("name", "-rdsmastersecret"), by=9),
    4: Footprint("rds", ("CreateDBCluster",), _cluster, by=9),
    5: Footprint("iam", ("PutRolePolicy",), _named("roleName", "serverrole"), optional=True, by=9),
    8: Footprint("s3", ("PutObject",), _upload, optional=True),
    9: Footprint("cloudformation", _DEPLOYS, _named("stackName")),
    11: Footprint("secretsmanager", ("GetSecretValue",), _by_somebody),
    24: Footprint("codecommit", ("GitPush", "CreateCommit", "PutFile"), _commit),
    28: Footprint("secretsmanager", ("GetSecretValue",), _by_server),
    "cleanup-5": Footprint("cloudformation", ("DeleteStack",), _named("stackName")),
    "cleanup-6": Footprint("rds", ("DeleteDBCluster",), _cluster),
    "cleanup-7": Footprint("cloudformation", ("DeleteStack",), _bootstrap),
}
NAMES = frozenset(name for one in FOOTPRINTS.values() for name in one.names)
"""Operations that tell something of the lab."""
