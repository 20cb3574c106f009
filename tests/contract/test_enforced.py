"""The shipped policies, enforced by the sandbox's own IAM: enough for the lab, and no more."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncssh
import boto3
import pytest
from botocore.exceptions import ClientError

from tests.contract import conformance, enforced
from tests.contract.shapes import Report
from tests.contract.test_calls import CALLS, LISTED
from tsalab import start_state
from tsalab.cloud import instance_connect
from tsalab.cloud.account import Account
from tsalab.cloud.cluster import Cluster
from tsalab.cloud.data_api import DataApi
from tsalab.cloud.git import signed
from tsalab.cloud.network import distribution_status
from tsalab.cloud.replication import Replication
from tsalab.cloud.replication_removal import Removal
from tsalab.cloud.role import Role
from tsalab.cloud.run_command import RunCommand
from tsalab.cloud.stacks import Stack
from tsalab.cloud.waiting import poll
from tsalab.course.course import StepId
from tsalab.errors import CloudError, TsalabError, UnmanagedError
from tsalab.lab import Lab
from tsalab.profiles import locate
from tsalab.start_state import BOOTSTRAP, key_pair, repositories
from tsalab.start_state.history import HISTORIES, push
from tsalab.start_state.run import Run
from tsalab.start_state.stacks import bootstrap
from tsalab.steps import World

DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}
# The step that fails first without a statement.
STEPS: dict[str, StepId] = {
    "LookAtStacks": 1,
    "LookAtPipelines": 9,
    "LookAtBuckets": 7,
    "ChangeObjects": 8,  # before the next, for which the upload is there already
    "ReadObjects": 8,
    "ReadTheSecret": 10,
    "LookAtDatabases": 11,
    "ReadRepositories": 15,
    "PushToRepositories": 24,
    "LookAtCloud9": "cleanup-2",
    "DeleteCloud9": "cleanup-2",
    "DeleteStacks": "cleanup-5",
    # In the order in which it deletes, then what it looks at after that.
    "DeleteSnapshots": "cleanup-8",
    "DeleteRepositories": "cleanup-8",
    "DeleteTheKeyPair": "cleanup-8",
    "ListStacks": "cleanup-8",
    "ListBuckets": "cleanup-8",
    "ListSecrets": "cleanup-8",
    "LookAtTheNetwork": "cleanup-8",
}


def _key(world: World) -> None:
    public = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().strip()
    instance_connect.admit(world.place.account, world.resources["WebServer"], "ec2-user", public)


def _send(world: World) -> None:
    """Asked for before SSM looks at the instance, which it does not manage here."""
    with contextlib.suppress(UnmanagedError):
        RunCommand(world.place.account, world.resources["WebServer"]).run("true", 5)


def _switch(world: World) -> None:
    state = world.cluster
    assert state is not None
    Cluster(world.place.account, state.identifier).enable_data_api(state)


def _ask(world: World) -> None:
    _switch(world)
    state, secret = world.cluster, world.secret.described()
    assert state is not None
    assert secret is not None
    DataApi(world.place.account, state.arn, secret["arn"], state.database).execute("SELECT 1")


# What the lab needs only when something is not well, or shows beside it.
BESIDE: dict[str, Callable[[World], Any]] = {
    "StartPipelines": lambda world: world.place.pipeline.start(),
    "ReadTheRole": lambda world: Role(world.place.account, world.role).policies(),
    "OpenTheWebServer": _key,
    "FollowCommands": lambda world: RunCommand(world.place.account, world.resources["WebServer"]).managed(),
    "RunCommands": _send,
    "RunShellScripts": _send,
    "SwitchTheDataApi": _switch,
    "AskTheDataApi": _ask,
    "LookAtDistributions": lambda world: distribution_status(
        world.place.account, world.resources["CFDistribution"]
    ),
}
# What CloudFormation does with the caller's permissions, in the order in which it does it.
DELETES = (
    "DeletePipelineThroughCloudFormation",
    "DeleteRoleThroughCloudFormation",
    "DeleteBucketThroughCloudFormation",
)
CREATES = (
    "CreateTheBootstrapStack",
    "CreateRoleThroughCloudFormation",
    "CreateBucketThroughCloudFormation",
    "CreatePipelineThroughCloudFormation",
)
BREAKS = {
    "BreakTheRole": "secret-denied",
    "BreakTheCluster": "paused-cluster",
    "BreakTheNetwork": "ssh-closed",
}
LEARNER = enforced.statements("learner")
INSTRUCTOR = enforced.statements("instructor")
DMS = enforced.statements("dms")
# What is refused first without a statement of the policy for DMS, in the order in which it is asked for.
BY_DMS = ("LetDmsIn", "MakeTheRoleOfDms", "LookAtDms", "MoveByDms")


def test_every_statement_is_tried() -> None:
    assert {statement["Sid"] for statement in LEARNER} == {*STEPS, *BESIDE, *DELETES}
    others = {"CreateRepositories", "CreateTheKeyPair"}
    assert {statement["Sid"] for statement in INSTRUCTOR} == {*CREATES, *BREAKS, *others}
    assert {statement["Sid"] for statement in DMS} == set(BY_DMS)


def missing(sid: str, session: Any, call: Callable[[], Any], policy: Any = LEARNER) -> None:
    """Without one statement a call is refused, and the error names a permission that is in it."""
    (taken,) = [statement for statement in policy if statement["Sid"] == sid]
    enforced.allow(session, "somebody", [statement for statement in policy if statement is not taken])
    try:
        with pytest.raises(TsalabError) as caught:
            call()
        named = re.search(r"not authorized to perform: ([\w:-]+)", str(caught.value))
        assert named, f"{sid}: {caught.value}"
        assert named[1] in taken["Action"], f"{sid}: {caught.value}"
    finally:
        enforced.allow(session, "somebody", policy)


def test_a_stack_goes_only_as_far_as_its_caller_may(empty_sandbox: Any, tmp_path: Path) -> None:
    """CloudFormation creates and deletes the bootstrap stack with what its caller may, and no more."""
    session = empty_sandbox.session()
    both = [*LEARNER, *INSTRUCTOR]
    with enforced.as_user(empty_sandbox, tmp_path, "somebody", both):
        account = Account(locate(empty_sandbox.name, start=False))
        run = Run(account, 60.0, lambda _name, _detail: None)
        for sid, call in {
            "CreateRepositories": lambda: repositories.create(run, HISTORIES[0]),
            "CreateTheKeyPair": lambda: key_pair.create(run, tmp_path / "key.pem", unused=True),
        }.items():
            missing(sid, session, call, both)
        key_pair.create(run, tmp_path / "key.pem", unused=True)
        stack = Stack(account, BOOTSTRAP)
        for sid in CREATES:
            missing(sid, session, lambda: bootstrap(run, stack, None), both)
            if stack.state() is not None:
                delete(stack)
        lab = Lab.open(empty_sandbox.name, workdir=str(tmp_path / "work"), confirm="yes")
        for sid in DELETES:
            bootstrap(run, stack, None)
            missing(sid, session, lambda: lab.perform("cleanup-7", patience=0), both)
            delete(stack)
        lab.close()


def delete(stack: Stack) -> None:
    """Delete a stack, and wait until it is gone."""
    stack.delete()
    _, gone = poll(stack.state, lambda state: state is None, seconds=30)
    assert gone


@pytest.mark.journey
def test_the_learner_policy_is_enough_and_every_statement_of_it_needed(
    fresh_sandbox: Any, tmp_path: Path
) -> None:
    session = fresh_sandbox.session()
    cleanup: list[StepId] = [f"cleanup-{number}" for number in range(1, 9)]
    with enforced.opened(fresh_sandbox, tmp_path, "somebody", LEARNER) as lab:
        assert lab.place.account.identity["arn"].endswith(":user/somebody")
        for step in [*range(1, 31), *cleanup]:
            if step == cleanup[0]:
                _beside(lab, session)
                conformance.leave_something(session)
            for sid in [sid for sid, first in STEPS.items() if first == step]:
                missing(sid, session, lambda step=step: lab.perform(step, patience=0))
            lab.perform(step)


@pytest.mark.slow  # the calls that only the instructor makes are refused to the grader in a quick test below
def test_the_instructor_policy_beside_the_learners_creates_where_the_lab_begins(
    empty_sandbox: Any, tmp_path: Path
) -> None:
    both = [*LEARNER, *enforced.statements("instructor")]
    with enforced.as_user(empty_sandbox, tmp_path, "teacher", both):
        account = Account(locate(empty_sandbox.name, start=False))
        made = start_state.create(account, key_file=tmp_path / "key.pem")
        assert made.stack == start_state.CHILD
        assert (tmp_path / "key.pem").exists()


@pytest.mark.slow  # the same calls are made, with all permissions, in tests/experiments/test_dms.py
def test_the_policy_for_dms_beside_the_learners_is_enough_and_every_statement_needed(
    fresh_sandbox: Any, tmp_path: Path
) -> None:
    both, report = [*LEARNER, *DMS], Report()
    with (
        conformance.recorded(report),
        enforced.opened(fresh_sandbox, tmp_path, "somebody", both) as lab,
    ):
        for step in range(1, 15):
            lab.perform(step)
        for sid in BY_DMS:
            missing(sid, fresh_sandbox.session(), lab.dms.make, both)
        conformance.by_dms(lab)
        enforced.allow(fresh_sandbox.session(), "somebody", LEARNER)
        assert Removal(Replication(lab.place.account, lab.place.stack)).may_look() is False
    assert report.deviations == {}
    assert {call for call in CALLS if call[0] == "dms"} <= set(report.answers)


def _beside(lab: Lab, session: Any) -> None:
    world = World(lab.place)
    for sid, call in BESIDE.items():
        missing(sid, session, lambda call=call: call(world))
        if sid != "StartPipelines":  # a run would be in the clean-up's way
            call(world)
    both = [*LEARNER, *INSTRUCTOR]
    for sid, fault in BREAKS.items():
        missing(sid, session, lambda fault=fault: lab.break_(fault), both)
    enforced.allow(session, "somebody", LEARNER)


def refusal(client: Any, operation: str, sends: dict[str, Any]) -> tuple[str, str]:
    """Code and words with which a call is refused; empty when it is not."""
    try:
        answer = getattr(client, operation)(**sends)
    except ClientError as error:
        return str(error.response["Error"]["Code"]), str(error.response["Error"].get("Message", ""))
    for one in answer.get("Errors", []):  # DeleteObjects answers for each object
        return str(one["Code"]), str(one["Message"])
    return "", ""


def test_the_grader_policy_refuses_every_write(sandbox: Any, tmp_path: Path) -> None:
    with enforced.as_user(sandbox, tmp_path, "grader", enforced.statements("grader")):
        session = boto3.Session(profile_name=sandbox.name)
        bucket = next(
            row["Name"]
            for row in session.client("s3").list_buckets()["Buckets"]
            if row["Name"].startswith("tsagallery-data")
        )
        wrong = []
        for (service, operation), row in CALLS.items():
            sends = dict(row.get("sends", {})) | (
                {"Bucket": bucket} if "Bucket" in row.get("sends", {}) else {}
            )
            code, words = refusal(session.client(service), operation, sends)
            allowed = row["area"] == "Free" or "grader" in LISTED["areas"][row["area"]]["for"]
            if (code in DENIED) == allowed:
                wrong.append((service, operation, code, words))
        assert wrong == []


def test_the_grader_clones_and_does_not_push(sandbox: Any, tmp_path: Path) -> None:
    with enforced.as_user(sandbox, tmp_path, "reader", enforced.statements("grader")):
        account = Account(locate(sandbox.name, start=False))
        answer = account.client("codecommit").get_repository(repositoryName=HISTORIES[0].repository)
        url = answer["repositoryMetadata"]["cloneUrlHttp"]
        options, secret = signed(account.core, account.region, url)
        with pytest.raises(CloudError, match="GitPush"):
            push(HISTORIES[0], url, options=options, environment=secret)
