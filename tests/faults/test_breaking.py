"""Every fault that can be made on purpose: the checks name its cause, and the action they name mends it.

The tests of this file run in order on one lab. Two faults are made on the way, where they
belong; all of them once the lab is done, and after each the lab is whole again.
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from tsalab.course.course import StepId
from tsalab.errors import DiagnosisError, FaultError
from tsalab.faults import FAULTS
from tsalab.lab import Checked, Lab
from tsalab.show import StepView
from tsalab.steps import World, diagnosis

from .conftest import opened, refused

# Longer than a look waits for an answer, so that a look meets a cluster that is only waking.
SILENCE = 1.0
RESUME_SECONDS = "3"
PATIENCE = 30.0
# What a fault can touch; a full check of all thirty comes at the end.
TOUCHED = (1, 6, 9, 12, 14, 17, 24, 28, 29, 30)


@pytest.fixture(scope="module")
def lab(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TSALAB_RESUME_SECONDS", RESUME_SECONDS)
        sandbox = request.getfixturevalue("module_sandbox")
        patch.setattr("tsalab.migrate.login.SILENCE", SILENCE)
        patch.setattr("tsalab.server.login.SILENCE", SILENCE)
        with opened(sandbox, tmp_path_factory.mktemp("work")) as lab:
            yield lab


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The text of every output, in order."""
    texts: list[str] = []
    publish = StepView._publish

    def keep(view: StepView, data: dict[str, Any]) -> None:
        texts.append(" ".join(data["text/plain"].split()))
        publish(view, data)

    monkeypatch.setattr(StepView, "_publish", keep)
    return texts


def until(lab: Lab, steps: Sequence[StepId], good: Callable[[list[Checked]], bool]) -> list[Checked]:
    """Look until it is so: an app that was restarted takes a moment to work, or to fail."""
    deadline = time.monotonic() + PATIENCE
    while not good(found := lab.check(steps)):
        assert time.monotonic() < deadline, [step for step in found if not step.passed]
    return found


def reports(lab: Lab, step: StepId, *words: str) -> Checked:
    """The step's report, once it names the cause."""

    def named(found: list[Checked]) -> bool:
        return not found[0].passed and all(word in found[0].saw for word in words)

    return until(lab, [step], named)[0]


def whole(lab: Lab, steps: Sequence[StepId] = TOUCHED) -> None:
    """Wait until the lab is whole again."""
    until(lab, steps, lambda found: all(step.passed for step in found))


# --- on the way ----------------------------------------------------------------------------


def test_it_is_refused_before_there_is_something_to_break(lab: Lab) -> None:
    for name in ("template-typo", "wrong-secret-name", "paused-cluster", "secret-denied", "rotated-password"):
        error = refused(lambda name=name: lab.break_(name))
        assert isinstance(error, FaultError)
        assert "not made" in error.what
    assert {record.status for record in lab.journal.of_kind("fault")} == {"failed"}


def test_an_unknown_fault_is_refused_with_the_list(lab: Lab) -> None:
    for call in (lab.break_, lab.mend):
        error = refused(lambda call=call: call("wrong-secret"))
        assert all(name in error.next_step for name in FAULTS)


def test_an_account_that_did_not_agree_is_left_alone(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(lab.place.account._settings, "tsalab_faults")
    before = lab.check([12])
    for call in (lab.break_, lab.mend):
        error = refused(lambda call=call: call("ssh-closed"))
        assert "tsalab_faults = allowed" in error.next_step
    assert lab.check([12]) == before


def test_the_list_says_what_each_teaches(lab: Lab, shown: list[str]) -> None:
    lab.break_()
    said = shown[-1]
    for name, fault in FAULTS.items():
        assert name in said
        assert fault.teaches in said


def test_the_old_database_stopped_before_its_data_was_moved(lab: Lab) -> None:
    for step in range(1, 13):
        lab.perform(step)
    lab.break_("mariadb-stopped-early")
    for step in (13, 14):
        found = reports(lab, step, "mariadb is inactive", "not moved yet", "step 29")
        assert "systemctl enable --now mariadb" in found.next
    error = refused(lab.data.export)
    assert isinstance(error, DiagnosisError)
    assert "mariadb is inactive" in error.why
    lab.mend("mariadb-stopped-early")
    lab.data.export()
    lab.data.load()


def test_a_server_that_has_not_pulled_yet_is_not_called_one_that_went_back(lab: Lab) -> None:
    for step in range(15, 25):
        lab.perform(step)
    (found,) = lab.check([27])
    assert not found.passed
    assert "went back" not in found.saw
    for step in range(25, 31):
        lab.perform(step)
    whole(lab)


# --- when all is done ----------------------------------------------------------------------


def aws(lab: Lab, text: str) -> None:
    """Do what an ``aws`` command of a report's next step says."""
    words = shlex.split(text[text.index("aws ") :].split(" (")[0].split("; then ")[0])
    _, service, operation, *rest = words
    given = dict(zip(rest[::2], rest[1::2], strict=True))
    client = lab.place.account.client(service)
    if operation == "authorize-security-group-ingress":
        permission: dict[str, Any] = {"IpProtocol": given["--protocol"]}
        permission |= {"FromPort": int(given["--port"]), "ToPort": int(given["--port"])}
        if "--cidr" in given:
            permission["IpRanges"] = [{"CidrIp": given["--cidr"]}]
        else:
            permission["UserIdGroupPairs"] = [{"GroupId": given["--source-group"]}]
        client.authorize_security_group_ingress(GroupId=given["--group-id"], IpPermissions=[permission])
    else:
        assert operation == "put-role-policy"
        client.put_role_policy(
            RoleName=given["--role-name"],
            PolicyName=given["--policy-name"],
            PolicyDocument=given["--policy-document"],
        )


def open_again(lab: Lab, report: Checked) -> None:
    aws(lab, report.next)


def allow_again(lab: Lab, report: Checked) -> None:
    aws(lab, report.next)
    lab.server.restart()


def name_again(lab: Lab, _report: Checked) -> None:
    lab.code.edit("config-secret-name")
    lab.code.commit("Name the secret")
    lab.server.pull()
    lab.server.restart()


def pull_again(lab: Lab, _report: Checked) -> None:
    lab.server.pull()
    lab.server.restart()
    lab.server.stop_database()


def correct(lab: Lab, report: Checked) -> None:
    assert "Did you mean PrivateSubnetB?" in report.next
    path = lab.place.workdir / "infra.yml"
    path.write_text(path.read_text().replace("PrivateSubnetC", "PrivateSubnetB"))


def same_password_again(lab: Lab, _report: Checked) -> None:
    world = World(lab.place)
    lab.place.account.client("rds").modify_db_cluster(
        DBClusterIdentifier=world.cluster.identifier,
        MasterUserPassword=world.credentials.password,
        ApplyImmediately=True,
    )
    lab.server.restart()


def wait(lab: Lab, _report: Checked) -> None:
    lab.server.connect()


@dataclass(frozen=True)
class Case:
    """A fault: who reports it, the words of its cause, those of the next action, and that action."""

    name: str
    steps: tuple[StepId, ...]
    cause: tuple[str, ...]
    next: str
    act: Callable[[Lab, Checked], None]


CASES = (
    Case(
        "wrong-secret-name",
        (30, 28),
        (
            "ResourceNotFoundException",
            "utils/config.js: secretName names TSAGallery-RDSMasterSecrets (line 6)",
            "the stack's secret is TSAGallery-RDSMasterSecret",
        ),
        "Name TSAGallery-RDSMasterSecret in utils/config.js",
        name_again,
    ),
    Case(
        "old-database",
        (27, 28),
        ("older code than CodeCommit's", "went back", "config.db, in lines 37 to 44"),
        "git pull",
        pull_again,
    ),
    Case(
        "mariadb-stopped-early",
        (30, 28),
        ("still connects to the old database, which is stopped", "ECONNREFUSED"),
        "git pull",
        pull_again,
    ),
    Case(
        "template-typo",
        (1, 2, 5),
        ("infra.yml, line ", "PrivateSubnetBRouteTableAssociation refers to PrivateSubnetC"),
        "PrivateSubnetB",
        correct,
    ),
    Case(
        "security-group-closed",
        (12, 14),
        (
            "PrivateSecurityGroup (sg-",
            "does not let PublicSecurityGroup (sg-",
            "port 3306",
            "rule is missing",
        ),
        "authorize-security-group-ingress",
        open_again,
    ),
    Case(
        "ssh-closed",
        (12, 25, 29),
        ("PublicSecurityGroup (sg-", "lets nobody in on port 22", "rule is missing"),
        "authorize-security-group-ingress",
        open_again,
    ),
    Case(
        "secret-denied",
        (28, 30),
        ("AccessDenied", "TSAGalleryServerRole has no policy ReadSecrets", "outside CloudFormation"),
        "put-role-policy",
        allow_again,
    ),
    Case(
        "rotated-password",
        (12, 28, 30),
        ("TSAGallery-RDSMasterSecret is not the one of the cluster tsagallery-database-cluster",),
        "modify-db-cluster",
        same_password_again,
    ),
    Case(
        "paused-cluster",
        (12,),
        ("tsagallery-database-cluster is paused (capacity 0)", "within 1 s", "15 to 30 s"),
        "connect time-out",
        wait,
    ),
)


def test_the_table_holds_every_fault() -> None:
    assert {case.name for case in CASES} == set(FAULTS)


_LATER = {"rotated-password", "security-group-closed", "secret-denied", "wrong-secret-name"}  # test-all


def _case(case: Case) -> Any:
    return pytest.param(case, id=case.name, marks=[pytest.mark.slow] if case.name in _LATER else [])


@pytest.mark.parametrize("case", [_case(case) for case in CASES])
def test_the_cause_is_named_and_the_next_action_mends_it(lab: Lab, case: Case, shown: list[str]) -> None:
    lab.break_(case.name)
    told = shown[-1]
    assert FAULTS[case.name].told in told
    assert FAULTS[case.name].truth not in told
    found = [reports(lab, step, *case.cause) for step in case.steps]
    assert all(case.next in report.next for report in found), found
    password = World(lab.place).credentials.password
    assert not [report for report in found if password in report.saw + report.next]
    case.act(lab, found[0])
    whole(lab)


# A fault of each kind: in the code, in the account, in the template.
MENDED = ("wrong-secret-name", "security-group-closed", "template-typo")
ALSO = [name for name in FAULTS if name not in (*MENDED, "old-database", "ssh-closed")]


@pytest.mark.parametrize("name", [*MENDED, *(pytest.param(name, marks=pytest.mark.slow) for name in ALSO)])
def test_mend_does_it_too(lab: Lab, name: str, shown: list[str]) -> None:
    lab.break_(name, reveal=True)
    assert FAULTS[name].truth in shown[-1]
    lab.mend(name)
    whole(lab)
    records = lab.journal.of_kind("fault")[-2:]
    assert [(record.facts["fault"], record.facts["done"]) for record in records] == [
        (name, "broken"),
        (name, "mended"),
    ]


def test_an_impatient_app_is_told_from_a_broken_one(lab: Lab) -> None:
    """Its driver gives up after ten seconds, and says the same of a pause and of a closed door."""
    world = World(lab.place)
    world.__dict__["app_health"] = {
        "ok": False,
        "database": {"host": world.credentials.host, "problem": "PROTOCOL_SEQUENCE_TIMEOUT"},
    }
    lab.break_("paused-cluster")
    cause = diagnosis.sick_app(world)
    assert cause is not None
    assert "is paused (capacity 0)" in cause.why
    assert "the ten seconds that the app's database driver waits" in cause.what
    lab.break_("security-group-closed")
    again = World(lab.place)
    again.__dict__["app_health"] = world.app_health
    closed = diagnosis.sick_app(again)
    assert closed is not None
    assert "the rule is missing" in closed.why
    lab.mend("security-group-closed")
    lab.mend("paused-cluster")
    whole(lab)


def test_the_cell_of_the_step_names_the_cause_too(lab: Lab) -> None:
    lab.break_("security-group-closed")
    began = time.monotonic()
    error = refused(lab.server.connect)
    assert "the rule is missing" in str(error)
    assert time.monotonic() - began < 15  # waiting would not help, so it is not waited for
    assert lab.journal.last(12).status == "failed"
    lab.mend("security-group-closed")
    lab.server.connect()
    assert lab.journal.last(12).status == "passed"


def test_a_stopped_server_is_named(lab: Lab) -> None:
    world = World(lab.place)
    ec2, identifier = lab.place.account.client("ec2"), world.resources["WebServer"]
    lab.place.disconnect()
    ec2.stop_instances(InstanceIds=[identifier])
    cause = diagnosis.web_server(world)
    assert cause is not None
    assert f"{identifier} is stopped" in cause.why
    ec2.start_instances(InstanceIds=[identifier])
    whole(lab)


def test_somebody_elses_address_is_named(lab: Lab) -> None:
    lab.break_("ssh-closed")
    group = World(lab.place).resources["PublicSecurityGroup"]
    ec2 = lab.place.account.client("ec2")
    elsewhere = {
        "IpProtocol": "tcp",
        "FromPort": 22,
        "ToPort": 22,
        "IpRanges": [{"CidrIp": "203.0.113.7/32"}],
    }
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[elsewhere])
    reports(lab, 12, "only 203.0.113.7/32", "your address is apparently not among them")
    ec2.revoke_security_group_ingress(GroupId=group, IpPermissions=[elsewhere])
    lab.mend("ssh-closed")
    whole(lab, range(1, 31))
