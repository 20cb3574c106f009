"""Run the lab's calls against a sandbox and hold every answer against botocore's service models.

``python -m tests.contract.conformance`` (``make conformance``) does everything: where lab 4
begins, the lab, every fault, the clean-up. It prints what it saw and ends with 1 if an answer
is not as the model says, or if a call of the list was never made.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import asyncssh
import boto3
import pytest

from tests.contract.shapes import Report
from tests.contract.test_calls import CALLS
from tsalab import resources, start_state
from tsalab.cloud import instance_connect, metrics, trail
from tsalab.cloud.account import Account
from tsalab.cloud.bucket import Bucket
from tsalab.cloud.cluster import Cluster
from tsalab.cloud.data_api import DataApi
from tsalab.cloud.groups import Rule, SecurityGroups
from tsalab.cloud.inventory import Names, leftovers
from tsalab.cloud.network import distribution_status
from tsalab.cloud.pipeline import Execution, newest_status
from tsalab.cloud.repository import Repository
from tsalab.cloud.role import Role
from tsalab.cloud.run_command import RunCommand
from tsalab.cloud.secret import Secret
from tsalab.cloud.stacks import Stack
from tsalab.cloud.waiting import poll
from tsalab.errors import CloudError
from tsalab.lab import Lab
from tsalab.preflight.account import of_account
from tsalab.profiles import locate
from tsalab.sandbox import manager
from tsalab.steps import World

# Of MiniStack itself, where no plug-in of ours stands: none so far.
DENIED = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Deny", "Action": "s3:GetObject", "Resource": "*"}],
}
KNOWN: dict[str, str] = {}


@contextmanager
def recorded(report: Report) -> Iterator[None]:
    """Hold every answer against the models while the block runs."""
    original = boto3.Session.client

    def client(session: Any, service: str, *args: Any, **options: Any) -> Any:
        made = original(session, service, *args, **options)
        report.listen(made, service)
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(boto3.Session, "client", client)
        yield


def looks_at_nothing(account: Any) -> None:
    """Ask after things that do not exist, so that the refusals are heard too."""
    nothing = "no-such-thing"
    assert Stack(account, nothing).state() is None
    assert Cluster(account, nothing).state() is None
    assert Secret(account, nothing).described() is None
    assert not Bucket(account, nothing).exists()
    assert Bucket(account, nothing).holds("x") is None
    assert newest_status(account, nothing) is None
    assert distribution_status(account, "E000000000000") is None
    for ask in (Repository(account, nothing).clone_url, lambda: Repository(account, nothing).file("x")):
        refused(ask)
    leftovers(account, Names(stacks=(nothing, nothing), repositories=(nothing,), key_pair=nothing))


def refused(ask: Callable[[], Any]) -> None:
    """Ask for what is refused."""
    try:
        ask()
    except CloudError:
        return
    raise AssertionError("AWS would have refused")


def rest(world: World) -> None:
    """What the lab itself does not come to: the faults' calls, a key for a minute, a way back."""
    account = world.place.account
    of_account(world.place, lambda *_: None)
    bucket = world.bucket
    key = world.place.pipeline.source.key
    found = bucket.versions(key)
    assert bucket.get(key, found[0]) is not None
    assert bucket.get("no-such-key") is None
    now = datetime.now(UTC)
    assert list(trail.events(account, ["CreateDBCluster"], now - timedelta(days=1), now))
    role = Role(account, world.role)
    role.put_policy("Another", DENIED)
    role.delete_policy("Another")
    state = world.cluster
    assert state is not None
    cluster = Cluster(account, state.identifier)
    cluster.set_password(world.credentials.password)
    cluster.scale(0)
    cluster.scale(1)
    cluster.enable_data_api(state)
    ask(world)
    assert metrics.readings(account, state.identifier, metrics.CAPACITY, time.time() - 3600)
    group, groups = world.resources["PublicSecurityGroup"], SecurityGroups(account)
    groups.let_in(group, Rule(8080, 8080, "203.0.113.0/24"))
    groups.shut_out(group, [rule for rule in groups.rules([group]) if rule.first == 8080])
    assert groups.rules([world.resources["PrivateSecurityGroup"]])
    assert role.policies()
    execution = world.place.pipeline.start()
    poll(world.place.pipeline.executions, lambda runs: _over(runs, execution), seconds=60)
    public = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().strip()
    instance_connect.admit(account, world.resources["WebServer"], "ec2-user", public)
    assert world.witness.keys()
    iam, core = account.client("iam"), "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
    iam.attach_role_policy(RoleName=world.role, PolicyArn=core)
    commands = RunCommand(account, world.resources["WebServer"])
    assert commands.managed()
    assert commands.run("whoami", 30).stdout == "root\n"
    commands._cancel(commands._sent("sleep 60", 90))
    iam.detach_role_policy(RoleName=world.role, PolicyArn=core)
    Repository(account, world.place.repository).branches()


def by_dms(lab: Lab) -> None:
    """Move the gallery by DMS too, and take that away again."""
    lab.dms.make()
    lab.dms.test()
    lab.dms.start()
    lab.dms.watch(seconds=1)
    lab.dms.stop()
    lab.dms.remove(yes=True)


def ask(world: World) -> None:
    """Ask the cluster through the Data API, for something and for what is refused."""
    state, secret = world.again().cluster, world.secret.described()
    assert state is not None
    assert state.data_api
    assert secret is not None
    api = DataApi(world.place.account, state.arn, secret["arn"], state.database)
    assert api.execute("SELECT :n + 1", {"n": 1}).rows == ((2,),)
    refused(lambda: api.execute("SELEC 1"))


def _over(runs: list[Execution], execution: str) -> bool:
    return any(run.execution_id == execution and run.status != "InProgress" for run in runs)


def everything(report: Report, name: str, workdir: Path, variant: str) -> None:
    """Where lab 4 begins, the lab, what it does not come to, and the clean-up, on an empty sandbox."""
    with recorded(report), pytest.MonkeyPatch.context() as patch:
        for variable, value in manager.env(name).items():
            patch.setenv(variable, value)
        start_state.create(Account(locate(name, start=False)))
        with redirect_stdout(StringIO()):
            lab = Lab.open(name, workdir=str(workdir), method="copy", variant=variant, confirm="yes")
            for step in range(1, 31):
                lab.perform(step)
            account = lab.place.account
            looks_at_nothing(account)
            if variant == resources.AS_WRITTEN:  # the other cluster's capacity is not set by hand
                rest(World(lab.place))
                by_dms(lab)
            else:
                world = World(lab.place)
                assert world.cluster is not None
                Cluster(account, world.cluster.identifier).enable_data_api(world.cluster)
                ask(world)
                assert metrics.events(account, world.cluster.instances[0], time.time() - 3600) is not None
            leave_something(account)
            for number in range(1, 9):
                lab.perform(f"cleanup-{number}")
            lab.close()


def leave_something(account: Any) -> None:
    """What only the clean-up has to do with: an old editor, a snapshot, a marker.

    Parameters
    ----------
    account
        Whatever makes clients that may create them.
    """
    account.client("cloud9").create_environment_ec2(
        name="TSAGallery", instanceType="t3.small", imageId="amazonlinux-2023-x86_64"
    )
    s3 = account.client("s3")
    names = [row["Name"] for row in s3.list_buckets()["Buckets"]]
    bucket = next(name for name in names if name.startswith("tsagallery-data"))
    s3.put_object(Bucket=bucket, Key="deleted.txt", Body=b"x")
    s3.delete_object(Bucket=bucket, Key="deleted.txt")  # leaves a marker
    account.client("rds").create_db_cluster_snapshot(
        DBClusterSnapshotIdentifier="tsagallery-kept", DBClusterIdentifier=Names().cluster
    )


def verdict(report: Report) -> tuple[list[str], bool]:
    """The report's lines, and whether all is well."""
    missing = sorted(set(CALLS) - set(report.answers))
    new = {what: count for what, count in report.deviations.items() if what not in KNOWN}
    read = {(*call, path) for call, row in CALLS.items() for path in row.get("reads", [])}
    held = {(service, operation, _path(path)) for service, operation, path in report.members}
    lines = [
        (
            f"{len(set(CALLS) & set(report.answers))} of {len(CALLS)} listed operations answered, "
            f"{sum(report.answers.values())} answers"
        ),
        f"{len(report.members)} members checked, {report.values} values",
        f"{sum(len(codes) for codes in report.refusals.values())} kinds of refusal checked",
        f"{len(read & held)} of {len(read)} members that the library reads were in an answer; not in any:",
        *(f"  {service}.{operation}: {path}" for service, operation, path in sorted(read - held)),
    ]
    lines += [f"not called: {service}.{operation}" for service, operation in missing]
    lines += [f"known: {what} ({KNOWN[what]})" for what in report.deviations if what in KNOWN]
    lines += [f"DEVIATION, {count} times: {what}" for what, count in sorted(new.items())]
    return lines, not (missing or new)


def _path(path: str) -> str:
    return path.replace("[]", "").lstrip(".")


def main() -> int:
    """Run everything and print the report."""
    begun = time.monotonic()
    home = Path(tempfile.mkdtemp(prefix="tsalab-conformance-"))
    os.environ["TSALAB_HOME"] = str(home)
    os.environ.setdefault("TSALAB_RESUME_SECONDS", "0")
    try:
        manager.up("conformance", start_state=False)
        report = Report()
        for variant in resources.VARIANTS:  # the second begins where the first one's clean-up ended
            everything(report, "conformance", home / variant, variant)
    finally:
        manager.down("conformance", delete=True)
        shutil.rmtree(home)
    lines, good = verdict(report)
    lines.append(f"{time.monotonic() - begun:.0f} s")
    sys.stdout.write("\n".join(lines) + "\n")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
