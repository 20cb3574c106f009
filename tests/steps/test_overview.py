"""The state of the architecture's parts, on a real sandbox; the tests change it in their order."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.conftest import opened
from tsalab.architecture import PARTS, Overview, State
from tsalab.cloud.waiting import poll
from tsalab.lab import Lab
from tsalab.steps import World, overview


@pytest.fixture(scope="module")
def lab(module_sandbox: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with opened(module_sandbox, tmp_path_factory.mktemp("overview") / "work") as lab:
        yield lab


def look(lab: Lab) -> Overview:
    return overview.look(World(lab.place))


def apart(seen: Overview, state: State = State.AVAILABLE) -> dict[str, str]:
    """Parts that are not in a state, with their words."""
    return {part.id: part.status for part in seen.parts.values() if part.state is not state}


def test_untouched(lab: Lab) -> None:
    seen = look(lab)
    assert tuple(seen.parts) == PARTS
    assert apart(seen) == {"cluster": "absent", "secret": "absent"}
    assert lab.place.overview is seen
    assert seen.parts["web-server"].since is not None
    assert seen.parts["web-server"].detail == "t3.medium"


def test_it_is_quick_once_the_clients_are_made(lab: Lab) -> None:
    look(lab)
    assert min(look(lab).seconds for _ in range(3)) < 1


class Denied:
    """A policy of the learner's that denies some actions, for as long as the block lasts."""

    def __init__(self, lab: Lab, *actions: str) -> None:
        self.iam = lab.place.account.session.client("iam")
        arn = lab.place.account.identity["arn"]
        self.where = {"UserName": arn.rpartition("/")[2], "PolicyName": "denied"}
        statement = {"Effect": "Deny", "Action": list(actions), "Resource": "*"}
        self.policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})

    def __enter__(self) -> None:
        self.iam.put_user_policy(PolicyDocument=self.policy, **self.where)

    def __exit__(self, *_: object) -> None:
        self.iam.delete_user_policy(**self.where)


def test_a_part_that_may_not_be_read_is_unknown_and_says_why(lab: Lab) -> None:
    with Denied(lab, "codecommit:*", "ec2:DescribeInstances"):
        seen = look(lab)
    unknown = {part.id: part.detail for part in seen.parts.values() if part.state is State.UNKNOWN}
    assert set(unknown) == {"api-repository", "spa-repository", "web-server"}
    assert unknown["api-repository"].startswith("AWS refused to look for the repositories TSAGallery-API")
    assert all("AccessDenied" in why or "Unauthorized" in why for why in unknown.values())
    assert apart(look(lab)) == {"cluster": "absent", "secret": "absent"}


def test_without_the_stack_s_word_the_rest_is_still_read(lab: Lab) -> None:
    with Denied(lab, "cloudformation:*"):
        seen = look(lab)
    read = {part.id for part in seen.parts.values() if part.state is State.AVAILABLE}
    assert read == {"api-repository", "spa-repository", "data-bucket", "bootstrap-pipeline", "spa"}
    assert {part.state for part in seen.parts.values()} == {State.AVAILABLE, State.UNKNOWN}


def test_after_step_9_and_paused(lab: Lab) -> None:
    seen = [look(lab)]
    lab.place.on_overview = seen.append
    for step in range(1, 10):
        lab.perform(step)
    lab.place.on_overview = None
    cluster = seen[-1].parts["cluster"]
    assert apart(seen[-1]) == {}
    assert (cluster.detail, cluster.units) == ("2 ACUs", 2)
    assert cluster.since is not None
    # While it ran, the parts changed as the events came.
    assert {"creating", "available"} <= {each.parts["cluster"].status for each in seen}
    assert "updating" in {each.parts["stack"].status for each in seen}
    assert "running" in {each.parts["bootstrap-pipeline"].status for each in seen}

    rds = lab.place.account.client("rds")
    rds.modify_current_db_cluster_capacity(DBClusterIdentifier="tsagallery-database-cluster", Capacity=0)
    paused, _ = poll(
        lambda: look(lab), lambda found: found.parts["cluster"].state is State.PAUSED, seconds=60
    )
    assert apart(paused) == {"cluster": "paused"}


def test_what_was_deleted_behind_the_stack_s_back_is_absent(lab: Lab) -> None:
    account = lab.place.account
    account.client("codecommit").delete_repository(repositoryName="TSAGallery-SPA")
    secret = World(lab.place).secret.name
    account.client("secretsmanager").delete_secret(SecretId=secret, ForceDeleteWithoutRecovery=True)
    server = World(lab.place).server
    server.run("systemctl stop mariadb", root=True)
    seen = look(lab)
    assert seen.parts["secret"].state is State.ABSENT
    assert seen.parts["spa-repository"].state is State.ABSENT
    mariadb = seen.parts["mariadb"]
    assert (mariadb.state, mariadb.status, mariadb.detail) == (State.PAUSED, "stopped", "")


def test_a_web_server_that_is_off_is_stopped_and_so_is_its_database(lab: Lab) -> None:
    instance = World(lab.place).resources["WebServer"]
    lab.place.account.client("ec2").stop_instances(InstanceIds=[instance])
    off, _ = poll(
        lambda: look(lab), lambda found: found.parts["web-server"].state is State.PAUSED, seconds=60
    )
    assert off.parts["web-server"].status == off.parts["mariadb"].status == "stopped"


def test_where_nothing_was_ever_made_everything_is_absent(bare_sandbox: Any, tmp_path: Path) -> None:
    with opened(bare_sandbox, tmp_path / "work") as lab:
        assert apart(look(lab), State.ABSENT) == {}


def test_what_is_answered_too_late_is_unknown(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    go = threading.Event()

    def stuck(_reader: Any) -> list[Any]:
        go.wait()
        return []

    with monkeypatch.context() as patch:
        patch.setattr(overview, "PATIENCE", 2.0)
        patch.setitem(overview._LOOKS, ("distribution",), stuck)
        try:
            seen = look(lab)
        finally:
            go.set()
    late = seen.parts["distribution"]
    assert (late.state, late.detail) == (State.UNKNOWN, "It was not answered within 2 s.")
