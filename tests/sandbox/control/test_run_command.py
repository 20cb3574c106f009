"""SSM Run Command: what is sent really runs, and a lab whose port 22 is closed goes on by it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.faults.conftest import opened
from tests.sandbox.control.test_instance_connect import instance
from tsalab.cloud import run_command
from tsalab.cloud.account import Account
from tsalab.cloud.groups import SecurityGroups
from tsalab.errors import PortClosedError, ServerError
from tsalab.lab import Lab
from tsalab.profiles import locate
from tsalab.server import Commanded, Origin, app, mariadb
from tsalab.steps import World
from tsalab.steps.world import SOURCE

CORE = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
ROLE = "TSAGalleryServerRole"


@contextmanager
def managed(session: Any) -> Iterator[str]:
    """The web server's role lets SSM's agent in, while the block runs."""
    iam = session.client("iam")
    iam.attach_role_policy(RoleName=ROLE, PolicyArn=CORE)
    try:
        yield instance(session)
    finally:
        iam.detach_role_policy(RoleName=ROLE, PolicyArn=CORE)


def ended(ssm: Any, where: str, script: str, **more: list[str]) -> dict[str, Any]:
    """Send a script, wait for its end."""
    sent = ssm.send_command(
        InstanceIds=[where], DocumentName="AWS-RunShellScript", Parameters={"commands": [script], **more}
    )["Command"]
    asked = {"CommandId": sent["CommandId"], "InstanceId": where}
    with pytest.raises(ssm.exceptions.InvocationDoesNotExist):
        ssm.get_command_invocation(**asked)
    return settled(ssm, sent["CommandId"], where)


def settled(ssm: Any, command: str, where: str) -> dict[str, Any]:
    """An invocation that has ended."""
    asked = {"CommandId": command, "InstanceId": where}
    deadline = time.monotonic() + 20
    while True:
        try:
            found: dict[str, Any] = ssm.get_command_invocation(**asked)
        except ssm.exceptions.InvocationDoesNotExist:
            found = {"Status": "Pending"}
        if found["Status"] not in ("Pending", "InProgress"):
            return found
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_what_is_sent_runs_as_root(sandbox: Any) -> None:
    session = sandbox.session()
    ssm = session.client("ssm")
    with managed(session) as where:
        (row,) = ssm.describe_instance_information()["InstanceInformationList"]
        assert (row["InstanceId"], row["PingStatus"]) == (where, "Online")
        found = ended(ssm, where, "whoami\necho oh >&2\nexit 3")
        assert (found["Status"], found["ResponseCode"]) == ("Failed", 3)
        assert (found["StandardOutputContent"], found["StandardErrorContent"]) == ("root\n", "oh\n")
        found = ended(
            ssm, where, "head -c 30000 /dev/zero | tr '\\0' x; head -c 9000 /dev/zero | tr '\\0' y >&2"
        )
        assert (found["Status"], found["ResponseCode"]) == ("Success", 0)
        assert (len(found["StandardOutputContent"]), len(found["StandardErrorContent"])) == (24000, 8000)
        found = ended(ssm, where, "echo begun; sleep 60", executionTimeout=["1"])
        assert (found["Status"], found["StandardOutputContent"]) == ("TimedOut", "begun\n")


def test_what_is_cancelled_is_killed(sandbox: Any, tmp_path: Path) -> None:
    session = sandbox.session()
    ssm = session.client("ssm")
    begun, went_on = tmp_path / "begun", tmp_path / "went-on"
    with managed(session) as where:
        script = f"touch {begun}; sleep 60; touch {went_on}"
        sent = ssm.send_command(
            InstanceIds=[where], DocumentName="AWS-RunShellScript", Parameters={"commands": [script]}
        )["Command"]
        ssm.cancel_command(CommandId=sent["CommandId"], InstanceIds=[where])
        assert settled(ssm, sent["CommandId"], where)["Status"] == "Cancelled"
        with pytest.raises(ssm.exceptions.InvalidCommandId):
            ssm.cancel_command(CommandId="01234567-89ab-cdef-0123-456789abcdef")
    assert not went_on.exists()


def test_ctrl_c_cancels_what_was_sent(sandbox: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    session = sandbox.session()
    ssm = session.client("ssm")

    def pressed(read: Any, _done: Any, **_more: Any) -> Any:
        while read().get("Status") != "InProgress":
            time.sleep(0.01)
        raise KeyboardInterrupt

    monkeypatch.setattr(run_command, "poll", pressed)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, sandbox.env[name])
    with managed(session) as where:
        commands = run_command.RunCommand(Account(locate(sandbox.name, start=False)), where)
        with pytest.raises(KeyboardInterrupt):
            commands.run("sleep 60", 90)
        newest = max(ssm.list_commands()["Commands"], key=lambda row: row["RequestedDateTime"])
        assert settled(ssm, newest["CommandId"], where)["Status"] == "Cancelled"


def test_what_is_refused(sandbox: Any) -> None:
    session = sandbox.session()
    ssm = session.client("ssm")
    good = {"DocumentName": "AWS-RunShellScript", "Parameters": {"commands": ["true"]}}

    def refused(code: str, **given: Any) -> None:
        with pytest.raises(ClientError) as caught:
            ssm.send_command(**given)
        assert caught.value.response["Error"]["Code"] == code

    refused("InvalidInstanceId", InstanceIds=[instance(session)], **good)
    assert ssm.describe_instance_information()["InstanceInformationList"] == []
    with managed(session) as where:
        refused("InvalidInstanceId", InstanceIds=["i-0123456789abcdef0"], **good)
        refused("InvalidDocument", InstanceIds=[where], **good | {"DocumentName": "AWS-UpdateSSMAgent"})
        refused("InvalidParameters", InstanceIds=[where], **good | {"Parameters": {"command": ["true"]}})


@contextmanager
def shut(lab: Lab) -> Iterator[None]:
    """The web server lets nobody in on port 22, while the block runs."""
    groups = SecurityGroups(lab.place.account)
    group = World(lab.place).resources["PublicSecurityGroup"]
    rules = [rule for rule in groups.rules([group]) if rule.opens(22)]
    groups.shut_out(group, rules)
    lab.place.disconnect()
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("tsalab.server.login.SILENCE", 0.3)
            yield
    finally:
        for rule in rules:
            groups.let_in(group, rule)
    assert World(lab.place).server.forwards


@pytest.fixture
def closed(sandbox: Any, tmp_path: Path) -> Iterator[Lab]:
    """A lab whose web server lets nobody in on port 22."""
    with opened(sandbox, tmp_path / "work") as lab, shut(lab):
        yield lab


def test_a_lab_goes_on_by_commands(sandbox: Any, closed: Lab) -> None:
    with pytest.raises(PortClosedError, match="the rule is missing"):
        _ = World(closed.place).server
    with managed(sandbox.session()):
        world = World(closed.place)
        server = world.server
        assert isinstance(server, Commanded)
        assert server is world.server, "one look asks once"
        assert server.trust.origin is Origin.RUN_COMMAND
        assert server.run("id -un; pwd").stdout.split()[0] == "ec2-user"
        assert server.run("id -un", root=True).stdout == "root\n"
        with pytest.raises(ServerError, match="status 3"):
            server.run("exit 3")
        assert app.head(server).hash
        app.restart(server)
        assert [each for each in app.processes(server) if app.is_app(each)]
        assert app.log_tail(server)
        assert mariadb.connections_of(server, SOURCE["user"]) >= 0
        assert mariadb.service_state(server).active
        assert not mariadb.stop_and_disable(server).active
        assert mariadb.enable_and_start(server).active


def test_what_commands_cannot_do_is_told(sandbox: Any, closed: Lab) -> None:
    closed.place.redactor.add("correct-horse-1")
    with managed(sandbox.session()):
        server = World(closed.place).server
        with pytest.raises(ServerError, match=r"gets through to 127\.0\.0\.1:3306") as caught:
            _ = World(closed.place).source
        assert "authorize-security-group-ingress" in caught.value.next_step
        with pytest.raises(ServerError, match="have to be typed"):
            server.run("mysql -p", prompts={"word": "x"})
        for command in ("mysql -pcorrect-horse-1", mariadb.DUMP_COMMAND):
            with pytest.raises(ServerError, match="holds a secret") as caught:
                server.run(command)
            assert "correct-horse-1" not in str(caught.value)
        with pytest.raises(ServerError, match="more than SSM Run Command keeps"):
            server.run("head -c 30000 /dev/zero | tr '\\0' x")
        sent = sandbox.session().client("ssm").list_commands()["Commands"]
        assert not any("my-secret-pw" in str(command) for command in sent)
