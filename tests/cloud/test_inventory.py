"""Cloud9, clusters, repositories, and the scan for what is left: what only AWS answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from tsalab.cloud.account import Account
from tsalab.cloud.cluster import Cluster
from tsalab.cloud.environments import Environments
from tsalab.cloud.inventory import Leftover, Names, delete_key_pair, delete_repositories, leftovers
from tsalab.cloud.repository import Repository
from tsalab.errors import CloudError
from tsalab.profiles import Profile

from .conftest import profile_of


def test_environments_by_the_start_of_their_name(account: Account) -> None:
    api = account.client("cloud9")
    options = {"instanceType": "t3.small", "imageId": "amazonlinux-2023-x86_64"}
    ids = [
        api.create_environment_ec2(name=name, **options)["environmentId"] for name in ("Lab-one", "My own")
    ]
    environments = Environments(account)
    assert environments.starting("Lab") == {ids[0]: "Lab-one"}
    assert environments.named("Lab") == []
    assert environments.named("Lab-one") == [ids[0]]
    for environment in ids:
        environments.delete(environment)
    assert environments.starting("") == {}


def environment(number: int) -> dict[str, Any]:
    return {"id": f"{number:032x}", "name": f"Lab-{number}", "type": "ec2", "arn": "a", "ownerArn": "o"}


def test_environments_are_described_by_25(stubbed: Any) -> None:
    account, api = stubbed("cloud9")
    rows = [environment(number) for number in range(26)]
    ids = [row["id"] for row in rows]
    api.add_response("list_environments", {"environmentIds": ids})
    for part in (slice(25), slice(25, 26)):
        asked = {"environmentIds": ids[part]}
        api.add_response("describe_environments", {"environments": rows[part]}, asked)
    assert len(Environments(account).starting("Lab-")) == 26


def test_an_account_that_cloud9_does_not_serve_has_none(stubbed: Any) -> None:
    account, api = stubbed("cloud9")
    api.add_client_error("list_environments", "AccessDeniedException", "closed to new customers")
    assert Environments(account).named("Lab") == []


def test_a_permission_that_is_missing_is_no_closed_cloud9(stubbed: Any) -> None:
    account, api = stubbed("cloud9")
    words = "User: you is not authorized to perform: cloud9:ListEnvironments"
    api.add_client_error("list_environments", "AccessDeniedException", words)
    with pytest.raises(CloudError, match="cloud9:ListEnvironments"):
        Environments(account).starting("TSAGallery")


def test_a_region_without_cloud9_has_none(write_profile: Callable[..., Profile]) -> None:
    account = Account(write_profile("region = mx-central-1\n"))
    assert Environments(account).named("Lab") == []


def test_other_troubles_of_cloud9_are_told(stubbed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    account, api = stubbed("cloud9")
    api.add_client_error("list_environments", "InternalServerErrorException", "oh")
    with pytest.raises(CloudError, match="refused to list the Cloud9 environments"):
        Environments(account).named("Lab")

    def nobody_answers(_: Environments) -> Any:
        raise EndpointConnectionError(endpoint_url="https://cloud9.example")

    monkeypatch.setattr(Environments, "_pages", nobody_answers)
    with pytest.raises(CloudError, match="AWS did not answer"):
        Environments(account).named("Lab")


def cluster(**changes: Any) -> dict[str, Any]:
    row = {"DBClusterIdentifier": "C", "Status": "creating", "Engine": "aurora", **changes}
    return {"DBClusters": [row]}


def test_a_cluster_takes_connections_when_it_has_an_address(stubbed: Any) -> None:
    account, api = stubbed("rds")
    api.add_response("describe_db_clusters", cluster())
    api.add_response("describe_db_clusters", cluster(Status="available"))
    api.add_response(
        "describe_db_clusters", cluster(Status="available", Endpoint="c.example", Port=3307, Capacity=0)
    )
    states = [Cluster(account, "C").state() for _ in range(3)]
    assert [state and state.available for state in states] == [False, False, True]
    assert [state and state.port for state in states] == [3306, 3306, 3307]
    assert states[2] is not None
    assert states[2].capacity == 0  # paused, and it wakes


def test_no_cluster_and_no_answer_are_two_things(account: Account, stubbed: Any) -> None:
    assert Cluster(account, "nowhere").state() is None
    assert Cluster(account, "nowhere").snapshots() == []
    other, api = stubbed("rds")
    api.add_client_error("describe_db_clusters", "AccessDenied", "not you")
    with pytest.raises(CloudError, match="refused to describe the cluster C"):
        Cluster(other, "C").state()


def test_snapshots_of_other_clusters_are_left(stubbed: Any) -> None:
    account, api = stubbed("rds")
    rows = [
        {"DBClusterSnapshotIdentifier": "mine", "DBClusterIdentifier": "tsagallery-database-cluster"},
        {"DBClusterSnapshotIdentifier": "other", "DBClusterIdentifier": "payroll"},
        {"DBClusterSnapshotIdentifier": "none"},
    ]
    api.add_response("describe_db_cluster_snapshots", {"DBClusterSnapshots": rows})
    assert Cluster(account, "TSAGallery-database-cluster").snapshots() == ["mine"]


def test_a_repositorys_branch_and_files(sandbox: Any) -> None:
    account = Account(profile_of(sandbox))
    repository = Repository(account, "TSAGallery-API")
    assert repository.clone_url().startswith("http://127.0.0.1:")
    assert len(repository.head()) == 40
    assert "aws:" in repository.file("utils/config.js")
    with pytest.raises(CloudError, match=r"There is no file utils/gone.js in TSAGallery-API"):
        repository.file("utils/gone.js")
    with pytest.raises(CloudError, match="RepositoryDoesNotExistException") as caught:
        Repository(account, "Elsewhere").file("a")
    assert "lab 3" in caught.value.next_step


def test_nothing_of_the_lab_in_an_empty_account(account: Account) -> None:
    assert leftovers(account, Names()) == []
    assert delete_repositories(account, Names()) == []
    assert delete_key_pair(account, Names()) == []


def test_everything_of_the_lab_in_an_account_that_has_begun_it(sandbox: Any) -> None:
    found = leftovers(Account(profile_of(sandbox)), Names())
    kinds = [thing.kind for thing in found]
    assert kinds.count("stack") == kinds.count("repository") == 2
    assert kinds.count("instance") == kinds.count("key pair") == 1
    assert Leftover("repository", "TSAGallery-API") in found
    assert any(thing.kind == "bucket" and thing.name.startswith("tsagallery-") for thing in found)


def test_other_names_are_somebody_elses(sandbox: Any) -> None:
    names = Names(stacks=("Payroll", "Payroll-Bootstrap"), repositories=("Payroll",), key_pair="Payroll")
    assert leftovers(Account(profile_of(sandbox)), names) == []


def test_a_scan_that_is_refused_is_no_empty_one(stubbed: Any) -> None:
    account, api = stubbed("cloudformation")
    api.add_client_error("list_stacks", "AccessDenied", "not you")
    with pytest.raises(CloudError, match="refused to list the stacks"):
        leftovers(account, Names())
    account, api = stubbed("codecommit")
    api.add_client_error("get_repository", "AccessDeniedException", "not you")
    with pytest.raises(CloudError, match="refused to look for the repository TSAGallery-API"):
        delete_repositories(account, Names())
